"""Migrations, run by Alembic: of a whole database in one transaction, or within somebody else's.

SQLite: a rebuilt table loses its triggers and cannot be rebuilt while foreign keys are enforced, so enforcement is off
outside the transaction, and `migrations/env.py` re-creates all guards after every run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from counseling.database import IN_A_TRANSACTION
from counseling.revisions import MIGRATIONS

BASE = "base"


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to `revision`: all of it or nothing."""
    with migration(engine) as connection:
        upgrade_within(connection, revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the database back to `revision` (`BASE`: to nothing), with all that later ones kept."""
    with migration(engine) as connection:
        _run("downgrade", connection, revision)


def upgrade_within(connection: Connection, revision: str = "head") -> None:
    """Bring the database of `connection` to `revision`, guards included; the caller commits.

    On SQLite the caller has switched foreign keys off before the transaction began.
    """
    _run("upgrade", connection, revision)


@contextmanager
def migration(engine: Engine) -> Iterator[Connection]:
    """One transaction for all, guards included: SQLite's DDL is transactional too."""
    embedded = engine.dialect.name == "sqlite"
    with engine.connect().execution_options(**({} if embedded else IN_A_TRANSACTION)) as connection:
        raw = connection.connection.driver_connection
        if embedded and raw is not None:
            raw.execute("PRAGMA foreign_keys = OFF")  # a pragma inside a transaction does nothing
        try:
            with connection.begin():
                yield connection
        finally:
            if embedded and raw is not None:
                raw.execute("PRAGMA foreign_keys = ON")


def _run(direction: str, connection: Connection, revision: str) -> None:
    # Here and not above: Alembic and what it needs take 11 MB, and a process that serves never migrates.
    from alembic import command
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS))
    settings.attributes["connection"] = connection
    getattr(command, direction)(settings, revision)
