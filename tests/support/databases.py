"""Empty databases for tests. Each kind is migrated once per test process; every test gets a copy of its own."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from counseling.database import db, init_database, open_database
from counseling.migrating import upgrade
from tests.support.cast import Cast, fill
from tests.support.lending import Lending
from tests.support.postgres import Cluster, running_cluster
from tests.support.settings import config_for

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A running PostgreSQL of this test process; starts when the first test asks for it."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def lending(postgres: Cluster) -> Lending:
    return Lending(postgres)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "migrated.db"
    migrate(f"sqlite:///{path}", path.parent)
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    migrate(postgres.create_database("migrated"), tmp_path_factory.mktemp("template"))
    return "migrated"


@pytest.fixture(scope="session")
def sqlite_with_cast(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Cast]:
    path = tmp_path_factory.mktemp("template") / "cast.db"
    shutil.copyfile(migrated_sqlite, path)
    return path, _fill(f"sqlite:///{path}", path.parent)


@pytest.fixture(scope="session")
def postgresql_with_cast(
    postgres: Cluster, migrated_postgresql: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Cast]:
    url = postgres.create_database("with_cast", template=migrated_postgresql)
    return "with_cast", _fill(url, tmp_path_factory.mktemp("template"))


@pytest.fixture
def sqlite_url(request: pytest.FixtureRequest, migrated_sqlite: Path, tmp_path: Path) -> str:
    """A migrated, encrypted SQLite file; empty, but for the cast where the test has one."""
    path = tmp_path / "diem-tua.db"
    with_cast = "cast" in request.fixturenames
    shutil.copyfile(request.getfixturevalue("sqlite_with_cast")[0] if with_cast else migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(request: pytest.FixtureRequest, lending: Lending, migrated_postgresql: str) -> Iterator[str]:
    """A migrated PostgreSQL database, empty but for the cast where the test has one; put back as it was afterwards."""
    with_cast = "cast" in request.fixturenames
    template = request.getfixturevalue("postgresql_with_cast")[0] if with_cast else migrated_postgresql
    loan = lending.borrow(template)
    yield lending.cluster.url(loan.name)
    lending.give_back(loan)


@pytest.fixture
def cast(request: pytest.FixtureRequest, session: Session) -> Cast:
    """The people and places of every story, in the database of this test."""
    found: Cast = request.getfixturevalue(f"{session.get_bind().dialect.name}_with_cast")[1]
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated, empty database: the test runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def postgresql_wrote(request: pytest.FixtureRequest, database_url: str) -> Callable[[], str]:
    """What PostgreSQL itself has written since the test began; nothing where the test runs on SQLite."""
    cluster: Cluster | None = request.getfixturevalue("postgres") if database_url.startswith("postgresql") else None
    return cluster.written_from_now() if cluster else str


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


def _fill(database_url: str, instance: Path) -> Cast:
    """Put the cast into a migrated database and let go of it, so that it can be copied."""
    app = Flask("filled once")
    init_database(app, config_for(database_url, instance))
    with app.app_context():
        engine = db.engine
    with Session(engine, expire_on_commit=False) as session:
        cast = fill(session)
    engine.dispose()
    return cast


def migrate(database_url: str, instance: Path) -> None:
    """Bring the database to the newest revision with the application's own migrations."""
    engine = open_database(config_for(database_url, instance))
    upgrade(engine)
    # The last connection that closes folds SQLite's journal into the file, so that the file alone can be copied;
    # PostgreSQL copies a database only when nobody is connected to it.
    engine.dispose()
