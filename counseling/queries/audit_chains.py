"""Reading the audit chains back, one entry at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, select

from counseling.database import AnySession
from counseling.models.audit import AuditEntry, AuditHead

ENTRIES = select(*AuditEntry.__table__.columns).order_by(AuditEntry.chain, AuditEntry.sequence, AuditEntry.id)
AT_ONCE = 1_000


def begin_snapshot(session: AnySession) -> None:
    """Let all reads until the next rollback see one instant; else chains that grow meanwhile would look broken."""
    session.rollback()
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def read_entries(session: AnySession) -> Iterator[Row[*tuple[Any, ...]]]:
    """All entries, chain by chain in order of sequence; few of them are in memory at a time."""
    yield from session.execute(ENTRIES.execution_options(yield_per=AT_ONCE))


def read_heads(session: AnySession) -> dict[str, tuple[int, str]]:
    """Where each chain should end: its last sequence number and hash."""
    rows = session.execute(select(AuditHead.chain, AuditHead.sequence, AuditHead.hash))
    return {chain: (sequence, digest) for chain, sequence, digest in rows}
