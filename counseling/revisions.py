"""Which migrations this program has and which the database has had, without the machinery that runs them.

That machinery (Alembic and what it needs) takes 11 MB; only whoever migrates loads it (`counseling.migrating`).
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
_REVISION = re.compile(r"""^revision = ["'](\w+)["']$""", re.MULTILINE)
_DOWN_REVISION = re.compile(r"""^down_revision = ["'](\w+)["']$""", re.MULTILINE)


@cache
def known_revisions() -> frozenset[str]:
    return frozenset(revision for text in _files() for revision in _REVISION.findall(text))


@cache
def newest_revision() -> str:
    """The one that no other comes after. Raises ValueError where there is not exactly one."""
    older = {revision for text in _files() for revision in _DOWN_REVISION.findall(text)}
    (newest,) = known_revisions() - older
    return newest


def current_revision(connection: Connection) -> str | None:
    """What the database was last migrated to; None before the first migration."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _files() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted((MIGRATIONS / "versions").glob("*.py"))]
