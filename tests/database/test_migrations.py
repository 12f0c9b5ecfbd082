"""Migrations on both databases: up, down and up again step by step, with the guards after every step."""

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from flask_migrate import downgrade, upgrade
from sqlalchemy import Connection, inspect, text

from counseling import create_app
from counseling.database import db
from counseling.models import Base, guards
from counseling.queries.readiness import MIGRATIONS
from tests.support.settings import config_for


def steps() -> list[str]:
    """All revisions, oldest first."""
    return [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_up_down_and_up_again_with_every_guard_after_every_step(bare_database_url: str, tmp_path: Path) -> None:
    app = create_app(config_for(bare_database_url, tmp_path / "instance"))
    with app.app_context():
        for revision in steps():
            upgrade(revision=revision)
            with db.engine.connect() as connection:
                assert guards.missing(connection) == []
        with db.engine.connect() as connection:
            full = tables(connection)
            assert full == set(Base.metadata.tables)
        for revision in [*steps()[:-1][::-1], "base"]:
            downgrade(revision=revision)
            with db.engine.connect() as connection:
                assert guards.missing(connection) == [] or revision == "base"
        with db.engine.connect() as connection:
            assert tables(connection) == set()
        upgrade()
        with db.engine.connect() as connection:
            assert tables(connection) == full
            assert guards.missing(connection) == []
        db.engine.dispose()


def test_models_and_migrations_say_the_same(database_url: str, tmp_path: Path) -> None:
    result = create_app(config_for(database_url, tmp_path / "instance")).test_cli_runner().invoke(args=["db", "check"])
    assert result.exit_code == 0, result.output


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
        upgrade()
        with db.engine.connect() as connection:
            assert guards.missing(connection) == []
        db.engine.dispose()
