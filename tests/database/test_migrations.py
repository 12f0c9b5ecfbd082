"""Migrations on both databases: up, down and up again step by step, with the guards after every step."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from counseling import create_app
from counseling.database import db, open_database
from counseling.migrating import BASE, downgrade, upgrade
from counseling.models import Base, guards
from counseling.revisions import MIGRATIONS, current_revision, known_revisions, newest_revision
from tests.support.settings import config_for


def steps() -> list[str]:
    """All revisions, oldest first."""
    return [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_the_program_knows_its_revisions_as_alembic_does() -> None:
    assert known_revisions() == set(steps())
    assert newest_revision() == ScriptDirectory(str(MIGRATIONS)).get_current_head() == steps()[-1]


def test_up_down_and_up_again_with_every_guard_after_every_step(bare_database_url: str, tmp_path: Path) -> None:
    engine = open_database(config_for(bare_database_url, tmp_path / "instance"))
    for revision in steps():
        upgrade(engine, revision)
        with engine.connect() as connection:
            assert guards.missing(connection) == []
            assert current_revision(connection) == revision
    with engine.connect() as connection:
        full = tables(connection)
        assert full == set(Base.metadata.tables)
    for revision in [*steps()[:-1][::-1], BASE]:
        downgrade(engine, revision)
        with engine.connect() as connection:
            assert guards.missing(connection) == [] or revision == BASE
    with engine.connect() as connection:
        assert tables(connection) == set()
        assert current_revision(connection) is None
    upgrade(engine)
    with engine.connect() as connection:
        assert tables(connection) == full
        assert guards.missing(connection) == []
    engine.dispose()


def test_models_and_migrations_say_the_same(database_url: str, tmp_path: Path) -> None:
    engine = open_database(config_for(database_url, tmp_path / "instance"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


@pytest.mark.parametrize("guard", ["day_doses_never_changed", "dose_orders_never_deleted"])
def test_a_guard_that_somebody_dropped_ends_readiness(database_url: str, tmp_path: Path, guard: str) -> None:
    app = create_app(config_for(database_url, tmp_path / "instance"))
    with app.app_context():
        suffix = "" if database_url.startswith("sqlite") else f" ON {guard.split('_never')[0]}"
        with db.engine.begin() as connection:
            connection.execute(text(f"DROP TRIGGER {guard}{suffix}"))
            assert guards.missing(connection) == [guard]
        answer = app.test_client().get("/readyz", base_url="https://localhost")
        assert answer.get_json() == {"ready": False, "problems": ["guards_missing"], "gateway": None}
        db.session.remove()  # within this context the request has left its read open, and PostgreSQL would wait for it
        upgrade(db.engine)
        with db.engine.connect() as connection:
            assert guards.missing(connection) == []
        db.engine.dispose()
