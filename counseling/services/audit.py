"""Adding to the audit chains. A change and its entry are one transaction; entries carry ids and digests only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from counseling.database import Transaction
from counseling.domain.audit_chain import GENESIS, HOUSE, entry_hash, site_chain, views_chain
from counseling.models.audit import AuditEntry, AuditHead
from counseling.models.installation import Installation

__all__ = [
    "HOUSE",
    "Entry",
    "Head",
    "append",
    "append_after",
    "append_all",
    "digest_of",
    "lock_head",
    "site_chain",
    "stamp",
    "views_chain",
]

INSERT_ENTRY = insert(AuditEntry.__table__).inline()  # type: ignore[arg-type]  # Core table behind the mapped class
UPDATE_HEAD = update(AuditHead.__table__)  # type: ignore[arg-type]
_heads = AuditHead.__table__.c
# Built once, with the chain as a parameter: SQLAlchemy then compiles them once, and not per change.
MOVE_HEAD = UPDATE_HEAD.where(_heads.chain == bindparam("of_chain")).values(
    sequence=bindparam("sequence"), hash=bindparam("hash")
)
LOCK_HEAD = select(_heads.sequence, _heads.hash).where(_heads.chain == bindparam("of_chain")).with_for_update()


class Head(NamedTuple):
    """The end of a chain as locked by this transaction."""

    sequence: int
    hash: str


def lock_head(tx: Session, chain: str) -> Head:
    """Lock the end of a chain until the transaction ends, making the chain when it is new."""
    row = tx.execute(LOCK_HEAD, {"of_chain": chain}).first()
    if row is None:
        dialect = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
        first = dialect.insert(AuditHead).values(chain=chain, sequence=0, hash=GENESIS)
        tx.execute(first.on_conflict_do_nothing())
        row = tx.execute(LOCK_HEAD, {"of_chain": chain}).one()
    return Head(row.sequence, row.hash)


def append(
    tx: Session, chain: str, actor: str, action: str, subject: str, details: Mapping[str, object], at: datetime
) -> None:
    """Add one entry to a chain. Lock patients before calling: the head is the last lock of a transaction."""
    append_after(tx, lock_head(tx, chain), chain, actor, action, subject, details, at)


class Entry(NamedTuple):
    """What one entry says beside its chain, its actor and its instant."""

    action: str
    subject: str
    details: Mapping[str, object]


def append_all(tx: Session, chain: str, actor: str, entries: Sequence[Entry], at: datetime) -> None:
    """Add several entries to one chain at once, in their order; the same as `append` for each."""
    sequence, previous = lock_head(tx, chain)
    rows = []
    for action, subject, details in entries:
        row = _row(Head(sequence, previous), chain, actor, action, subject, details, at)
        rows.append(row)
        sequence, previous = row["sequence"], row["hash"]
    if rows:
        tx.connection().execute(INSERT_ENTRY, rows)
        tx.execute(MOVE_HEAD, {"of_chain": chain, "sequence": sequence, "hash": previous})


def append_after(
    tx: Transaction,
    head: Head,
    chain: str,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, object],
    at: datetime,
) -> Head:
    """The same with a head that this transaction has locked already; gives the new head for a further entry."""
    row = _row(head, chain, actor, action, subject, details, at)
    tx.execute(INSERT_ENTRY, row)
    tx.execute(MOVE_HEAD, {"of_chain": chain, "sequence": row["sequence"], "hash": row["hash"]})
    return Head(row["sequence"], row["hash"])


def _row(
    head: Head, chain: str, actor: str, action: str, subject: str, details: Mapping[str, object], at: datetime
) -> dict[str, Any]:
    text = json.dumps(details, sort_keys=True, separators=(",", ":"), default=str)
    sequence = head.sequence + 1
    return {
        "chain": chain,
        "sequence": sequence,
        "at": at,
        "actor": actor,
        "action": action,
        "subject": subject,
        "details": text,
        "previous_hash": head.hash,
        "hash": entry_hash(head.hash, chain, sequence, stamp(at), actor, action, subject, text),
    }


def stamp(at: datetime) -> str:
    """The instant as it enters the hash: UTC, always with microseconds, the same from both databases."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def digest_of(tx: Session, *values: object) -> str:
    """A salted digest that shows whether a value is the same without telling it."""
    salt = tx.execute(select(Installation.digest_salt)).scalar_one()
    text = json.dumps(values, ensure_ascii=True, default=str)
    return hashlib.sha256(bytes(salt) + text.encode()).hexdigest()[:32]
