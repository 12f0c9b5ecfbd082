"""The default demo, as `flask demo` fills it, only read; tests that write get small ones of their own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from counseling import create_app
from counseling.config import Config
from counseling.database import db
from counseling.routes import viewing
from counseling.services.defaults import ship_defaults
from counseling.services.place_seed import seed_places
from tests.support.server import demo_environment
from tests.support.settings import MORNING, config_for


@pytest.fixture(scope="module")
def demo_app(demo_instance: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The demo before the station opens."""
    folder = tmp_path_factory.mktemp("demo") / "filled"
    shutil.copytree(demo_instance, folder)
    app = create_app(Config.from_environment(demo_environment(folder)))
    yield app
    viewing.log_of(app).stop()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def demo(demo_app: Flask) -> Iterator[Session]:
    """A session on the default demo, for reading."""
    with demo_app.app_context():
        engine = db.engine
    with Session(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    return config_for(database_url, tmp_path / "instance", DEMO="1")


def make_ready(session: Session, *, is_demo: bool = True) -> None:
    """What `init` does."""
    ship_defaults(session, is_demo=is_demo, now=MORNING)
    seed_places(session, actor="command:init", now=MORNING)
