"""Empty databases for tests. Each kind is migrated once per test process; every test gets a copy of its own."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask_migrate import upgrade

from counseling import create_app
from counseling.database import db
from tests.support.postgres import Cluster, running_cluster
from tests.support.settings import config_for

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A running PostgreSQL of this test process; starts when the first test asks for it."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "migrated.db"
    migrate(f"sqlite:///{path}", path.parent)
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    migrate(postgres.create_database("migrated"), tmp_path_factory.mktemp("template"))
    return "migrated"


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """A migrated, empty, encrypted SQLite file."""
    path = tmp_path / "diem-tua.db"
    shutil.copyfile(migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(postgres: Cluster, migrated_postgresql: str) -> Iterator[str]:
    """A migrated, empty PostgreSQL database, dropped afterwards."""
    name = f"test_{next(_numbers)}"
    yield postgres.create_database(name, template=migrated_postgresql)
    postgres.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated, empty database: the test runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a table, for tests of the migrations themselves; once on each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'bare.db'}"
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    name = f"bare_{next(_numbers)}"
    yield cluster.create_database(name)
    cluster.drop_database(name)


def migrate(database_url: str, instance: Path) -> None:
    """Bring the database to the newest revision with the application's own migrations."""
    app = create_app(config_for(database_url, instance))
    with app.app_context():
        upgrade()
        # The last connection that closes folds SQLite's journal into the file, so that the file alone can be copied;
        # PostgreSQL copies a database only when nobody is connected to it.
        db.engine.dispose()
