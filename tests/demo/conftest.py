"""One default demo, filled once and only read; tests that write get small ones of their own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from counseling import create_app
from counseling.config import Config
from counseling.database import db
from counseling.demo.filling import fill_demo
from counseling.routes import viewing
from counseling.services.defaults import ship_defaults
from counseling.services.place_seed import seed_places
from tests.support.once import made_once
from tests.support.settings import MORNING, config_for


@pytest.fixture(scope="session")
def filled_demo(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder of the demo as `flask demo` makes it by default: filled once per run, to be copied and not touched."""

    def make(folder: Path) -> None:
        shutil.copyfile(migrated_sqlite, folder / "demo.db")
        app = create_app(demo_config(folder))
        with app.app_context():
            make_ready(db.session())
            fill_demo(db.session, now=MORNING, zone=app.extensions["diem_tua_config"].timezone)
            db.session.remove()
            db.engine.dispose()
        viewing.log_of(app).stop()

    return made_once(tmp_path_factory, worker_id, "filled_demo", make)


@pytest.fixture(scope="module")
def demo_app(filled_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The demo before the station opens."""
    folder = tmp_path_factory.mktemp("demo") / "filled"
    shutil.copytree(filled_demo, folder)
    app = create_app(demo_config(folder))
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


def demo_config(folder: Path) -> Config:
    return config_for(f"sqlite:///{folder / 'demo.db'}", folder / "instance", DEMO="1")


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    return config_for(database_url, tmp_path / "instance", DEMO="1")


def make_ready(session: Session, *, is_demo: bool = True) -> None:
    """What `init` does."""
    ship_defaults(session, is_demo=is_demo, now=MORNING)
    seed_places(session, actor="command:init", now=MORNING)
