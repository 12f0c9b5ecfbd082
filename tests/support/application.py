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
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from werkzeug.routing.rules import Rule

from counseling import clock, create_app, logs
from counseling.config import Config
from counseling.database import db, init_database
from counseling.routes import viewing
from counseling.services import passwords
from tests.support.cast import cheap_hash
from tests.support.settings import config_for


class _CompiledTemplates(BytecodeCache):
    """Every test has an application of its own; each template is compiled once for all those of a process."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


_templates = _CompiledTemplates()
_compile_builder = Rule._compile_builder
_builders: dict[Any, Any] = {}


def _compiled_once(rule: Rule, append_unknown: bool = True) -> Any:
    """Werkzeug compiles a function for each address of each application: two thirds of what putting one together takes.

    The function depends on nothing but this; it is bound to its rule afterwards.
    """
    converters = tuple((name, type(converter)) for name, converter in rule._converters.items())
    key = tuple(rule._trace), repr(rule.defaults), append_unknown, converters
    if key not in _builders:
        _builders[key] = _compile_builder(rule, append_unknown)
    return _builders[key]


Rule._compile_builder = _compiled_once  # type: ignore[method-assign]

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
    app.jinja_env.bytecode_cache = _templates
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
