"""Migrations within somebody's own transaction; `flask db` and `flask init` run them in one of their own."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from counseling.queries.readiness import MIGRATIONS


def upgrade_within(connection: Connection, revision: str = "head") -> None:
    """Bring the database of `connection` to `revision`, guards included; the caller commits.

    On SQLite the caller has switched foreign keys off before the transaction began.
    """
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS))
    settings.attributes["connection"] = connection
    command.upgrade(settings, revision)


def is_known(revision: str) -> bool:
    """Whether this version of the program has that migration."""
    try:
        return ScriptDirectory(str(MIGRATIONS)).get_revision(revision) is not None
    except CommandError:
        return False
