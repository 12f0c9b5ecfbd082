"""What stands between this process and serving, as codes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from counseling.database import AnySession
from counseling.models import guards

MIGRATIONS = Path(__file__).resolve().parent.parent.parent / "migrations"


@cache
def newest_revision() -> str | None:
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def list_problems(session: AnySession) -> list[str]:
    """Empty when ready: `database_unreachable`, `migrations_missing`, `guards_missing`."""
    try:
        connection = session.connection()
        revision = MigrationContext.configure(connection).get_current_revision()
        if revision != newest_revision():
            return ["migrations_missing"]
        return ["guards_missing"] if guards.missing(connection) else []
    except SQLAlchemyError:
        return ["database_unreachable"]
