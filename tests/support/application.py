"""The application in the test's own process, and its clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from counseling import clock, create_app, logs
from counseling.config import Config
from counseling.database import db, init_database
from counseling.routes import viewing
from counseling.services import passwords
from tests.support import compiled as _compiled  # noqa: F401 - before any application is made
from tests.support.cast import cheap_hash
from tests.support.settings import config_for

_is_outdated = passwords.is_outdated


def _but_for_the_cast(password_hash: str) -> bool:
    """The cast's cheap hash would else be made anew, at full cost, at each sign-in of each story."""
    return password_hash != cheap_hash() and _is_outdated(password_hash)


passwords.is_outdated = _but_for_the_cast

_make_engine = SQLAlchemy._make_engine
_first_of_kind: dict[tuple[str, str], Engine] = {}


def _with_compiled_statements(self: SQLAlchemy, bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:
    """Every test has an engine of its own; each statement is compiled once for all those of a kind in a process.

    What is compiled is kept by the dialect and does not depend on the place that the engine connects to.
    """
    engine = _make_engine(self, bind_key, options, app)
    kind = engine.dialect.name, str(options.get("isolation_level"))
    first = _first_of_kind.get(kind)
    if first is None or not getattr(first.dialect, "server_version_info", None):  # one that never was connected
        _first_of_kind[kind] = engine
        return engine
    engine.dialect = engine.pool._dialect = first.dialect
    engine._compiled_cache = first._compiled_cache
    return engine


SQLAlchemy._make_engine = _with_compiled_statements  # type: ignore[method-assign]


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    """A sound configuration over `database_url`; a test that wants another overrides this fixture."""
    return config_for(database_url, tmp_path / "instance")


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    app = create_app(config)
    yield app
    viewing.log_of(app).stop()  # its thread must not meet a database that is gone
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def session(request: pytest.FixtureRequest, config: Config) -> Iterator[Session]:
    """A session for services and queries. Where no page is asked for, only the database is put together.

    No application context stays open around it: requests of `client` would share its `g`, and with it
    whoever signed in first.
    """
    has_pages = "app" in request.fixturenames
    app: Flask = request.getfixturevalue("app") if has_pages else _without_pages(config)
    with app.app_context():
        engine = db.engine
    with Session(engine, expire_on_commit=False) as session:
        yield session
    if not has_pages:
        engine.dispose()


def _without_pages(config: Config) -> Flask:
    app = Flask("without pages")
    logs.set_up(config.log_level)
    init_database(app, config)
    return app


@pytest.fixture
def start_clock_at() -> Iterator[Callable[[datetime], None]]:
    """Let the application's clock count on from an instant; services get `now` passed instead."""
    yield clock.start_at
    clock.start_at(None)
