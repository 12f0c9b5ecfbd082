"""Adding to the audit chains. A change and its entry are one transaction; entries carry ids and digests only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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
    "gathered",
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
    """Add one entry to a chain. Lock patients before calling: the head is the last lock of a transaction, or `gathered`
    makes it so."""
    append_all(tx, chain, actor, [Entry(action, subject, details)], at)


class Entry(NamedTuple):
    """What one entry says beside its chain, its actor and its instant."""

    action: str
    subject: str
    details: Mapping[str, object]


_Signed = tuple[str, Entry, datetime]  # an entry with its actor and its instant
_GATHERED = "gathered audit entries"


def append_all(tx: Session, chain: str, actor: str, entries: Sequence[Entry], at: datetime) -> None:
    """Add several entries to one chain at once, in their order; the same as `append` for each."""
    signed = [(actor, entry, at) for entry in entries]
    waiting: dict[str, list[_Signed]] | None = tx.info.get(_GATHERED)
    if waiting is None:
        _write(tx, chain, signed)
    else:
        waiting.setdefault(chain, []).extend(signed)


@contextmanager
def gathered(tx: Session) -> Iterator[None]:
    """What is appended meanwhile is written at the end of the block: few statements, and the chains in one order.

    So a transaction that works on several people has locked all of them before it locks a chain.
    """
    chains: dict[str, list[_Signed]] = {}
    tx.info.update({_GATHERED: chains})
    try:
        yield
    finally:
        tx.info.pop(_GATHERED)
    for chain in sorted(chains):
        _write(tx, chain, chains[chain])


def _write(tx: Session, chain: str, entries: Sequence[_Signed]) -> None:
    head, rows = lock_head(tx, chain), []
    for actor, (action, subject, details), at in entries:
        rows.append(_row(head, chain, actor, action, subject, details, at))
        head = Head(rows[-1]["sequence"], rows[-1]["hash"])
    if rows:
        tx.connection().execute(INSERT_ENTRY, rows)
        tx.connection().execute(MOVE_HEAD, {"of_chain": chain, "sequence": head.sequence, "hash": head.hash})


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
