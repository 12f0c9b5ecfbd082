"""The audit of a history that never was: entries are collected, then linked in the order of time, chain by chain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from counseling.domain.audit_chain import entry_hash
from counseling.models.audit import AuditEntry, AuditHead
from counseling.services import audit


@dataclass(frozen=True)
class Entry:
    at: datetime
    chain: str
    actor: str
    action: str
    subject: str
    details: Mapping[str, object]


class Chains:
    """Entries of all chains; `write` stores them as `audit.append` would have, one by one, at the time."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def add(
        self,
        at: datetime,
        chain: str,
        actor: str,
        action: str,
        subject: str,
        details: Mapping[str, object] | None = None,
    ) -> None:
        self._entries.append(Entry(at, chain, actor, action, subject, details or {}))

    def write(self, tx: Session) -> None:
        """Also in the order of their ids the entries stand in the order of time; equal instants as they were added."""
        entries = sorted(self._entries, key=lambda entry: entry.at)
        heads = {chain: audit.lock_head(tx, chain) for chain in sorted({entry.chain for entry in entries})}
        rows = []
        for entry in entries:
            row, heads[entry.chain] = _link(entry, heads[entry.chain])
            rows.append(row)
        tx.execute(insert(AuditEntry), rows)
        for chain, head in heads.items():
            values = {"sequence": head.sequence, "hash": head.hash}
            tx.execute(update(AuditHead).where(AuditHead.chain == chain).values(**values))


def _link(entry: Entry, head: audit.Head) -> tuple[dict[str, object], audit.Head]:
    text = json.dumps(dict(entry.details), sort_keys=True, separators=(",", ":"), default=str)
    sequence = head.sequence + 1
    fields = (entry.actor, entry.action, entry.subject, text)
    digest = entry_hash(head.hash, entry.chain, sequence, audit.stamp(entry.at), *fields)
    row: dict[str, object] = {
        "chain": entry.chain,
        "sequence": sequence,
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "details": text,
        "previous_hash": head.hash,
        "hash": digest,
    }
    return row, audit.Head(sequence, digest)
