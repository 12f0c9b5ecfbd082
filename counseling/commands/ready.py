"""What keeps a process from starting its work, said in one sentence."""

from __future__ import annotations

import click

from counseling.clock import utc_now
from counseling.database import db
from counseling.queries.readiness import list_problems

SENTENCES = {
    "database_unreachable": "The database cannot be read: check DATABASE_URL and its key.",
    "migrations_missing": "The database is not migrated to this version of the program: run `flask --app wsgi init`.",
    "guards_missing": "The database has lost guards that protect its records: run `flask --app wsgi init`.",
    "clock_behind": "The clock of this machine is behind the newest record by more than two minutes: set it right.",
}


def ensure_ready() -> None:
    """Raises click.ClickException. Whether somebody ticks is not asked: whoever starts may be the one who does."""
    problems = list_problems(db.session, utc_now())
    db.session.remove()
    if problems:
        raise click.ClickException(SENTENCES.get(problems[0], f"The installation is not ready: {problems[0]}."))
