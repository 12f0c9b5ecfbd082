"""The application in the test's own process, and its clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from counseling import clock, create_app
from counseling.config import Config
from counseling.database import db
from counseling.routes import viewing
from tests.support.settings import config_for


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
def session(app: Flask) -> Iterator[Session]:
    """A session for services and queries.

    No application context stays open around it: requests of `client` would share its `g`, and with it
    whoever signed in first.
    """
    with app.app_context():
        engine = db.engine
    with Session(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def start_clock_at() -> Iterator[Callable[[datetime], None]]:
    """Let the application's clock count on from an instant; services get `now` passed instead."""
    yield clock.start_at
    clock.start_at(None)
