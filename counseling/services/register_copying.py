"""Around the one transaction that copies what was staged: room for it, and tidying up behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import delete, func, null, select, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.services.register_imports import ROWS_AT_ONCE
from counseling.services.register_staging import STAGED_KEYS, STAGED_ROWS

S, K = STAGED_ROWS.c, STAGED_KEYS.c
CACHE_KIBIBYTES = 96 * 1024
_SEALED = ("full_name", "national_code", "identity_number", "birth_on", "address", "hiv_status", "notes", "phone")


@contextmanager
def room_for_pages(tx: Session) -> Iterator[None]:
    """Let SQLite keep all pages of this transaction in memory: writing some out early doubles the time of the lock."""
    if tx.get_bind().dialect.name != "sqlite":
        yield
        return
    connection = tx.connection()
    # The driver's own: SQLAlchemy's refuses further statements once one has failed.
    raw: Any = connection.connection.driver_connection
    before = raw.execute("PRAGMA cache_size").fetchone()[0]
    raw.execute(f"PRAGMA cache_size = -{CACHE_KIBIBYTES}")
    try:
        yield
    finally:
        if not connection.invalidated:  # closed where the worker itself was stopped
            raw.execute(f"PRAGMA cache_size = {before}")


def clear_copied(session: AnySession, import_id: int) -> None:
    """The rows stay, to be read beside the paper; what was only there to be copied goes, in short transactions."""
    last = session.execute(select(func.max(S.row_number)).where(S.import_id == import_id)).scalar_one_or_none() or 0
    for first in range(0, last + 1, ROWS_AT_ONCE):
        until = first + ROWS_AT_ONCE - 1
        with writing(session) as tx:
            tx.execute(delete(STAGED_KEYS).where(K.import_id == import_id, K.row_number.between(first, until)))
            rows = update(STAGED_ROWS).where(S.import_id == import_id, S.row_number.between(first, until))
            tx.execute(rows.values(dict.fromkeys(_SEALED, null())))
