"""Exactly one ticking process on PostgreSQL: an advisory lock that a dead process does not keep.

Two that tick do no harm, because what is done is claimed; one is enough, and the other stands by.
"""

from __future__ import annotations

from contextlib import suppress
from types import TracebackType

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

KEY = 0x0D13_7107A  # any number that nothing else of the database locks


class Turn:
    """The right to tick. It hangs on a connection of its own, so it is asked about before every tick."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    def is_ours(self) -> bool:
        """Whether this process ticks now; takes the right where it is free. False also where nobody can be asked."""
        try:
            return self._still_held() or self._taken()
        except SQLAlchemyError:
            self.give_back()
            return False

    def give_back(self) -> None:
        """Whoever stands by may take it at once: the server notices a closed connection only a moment later."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError):  # cut off: the lock is gone already
                connection.execute(select(func.pg_advisory_unlock(KEY)))
            connection.close()

    def __enter__(self) -> Turn:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.give_back()

    def _still_held(self) -> bool:
        """A connection that answers still has its lock; one that was cut off has lost it."""
        if self._connection is None:
            return False
        try:
            self._connection.execute(select(1))
        except SQLAlchemyError:
            self.give_back()
            return False
        return True

    def _taken(self) -> bool:
        connection = self._engine.connect()
        connection.detach()  # closing it closes it: in the pool it would keep the lock
        if connection.execute(select(func.pg_try_advisory_lock(KEY))).scalar_one():
            self._connection = connection
            return True
        connection.close()
        return False
