"""One small province per test process, put back as it was whenever a test has changed it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from counseling import clock, create_app
from counseling.database import db
from counseling.routes import viewing
from tests.access.asking import Doorbell, fingerprint, watch_writes
from tests.access.world import build
from tests.support.gateways import with_gateways
from tests.support.settings import MORNING


@pytest.fixture(scope="session")
def filled(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Doorbell, Path, Path]]:
    folder = tmp_path_factory.mktemp("doors")
    path, kept = folder / "used.db", folder / "kept.db"
    shutil.copyfile(migrated_sqlite, path)
    app = create_app(with_gateways(f"sqlite:///{path}", folder))
    clock.start_at(MORNING)  # a new application begins with the real time
    doorbell = Doorbell(app, build(app))
    viewing.flush_now(app)
    doorbell.untouched = fingerprint(app)
    close(app)
    shutil.copyfile(path, kept)
    yield doorbell, path, kept
    viewing.log_of(app).stop()
    close(app)
    clock.start_at(None)


@pytest.fixture
def door(filled: tuple[Doorbell, Path, Path]) -> Iterator[Doorbell]:
    """Somebody who rings at every door. Whatever a test changes is put back after it, or when it calls `reset`."""
    doorbell, path, kept = filled
    clock.start_at(MORNING)

    with watch_writes(doorbell.app) as writes:

        def reset() -> None:
            viewing.flush_now(doorbell.app)
            if writes.count == 0:
                return
            close(doorbell.app)
            for journal in (path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
                journal.unlink(missing_ok=True)
            shutil.copyfile(kept, path)
            writes.count = 0

        doorbell.reset = reset
        yield doorbell
        reset()
    clock.start_at(None)
    assert not writes.outside, f"written outside writing(): {writes.outside}"


def close(app: Flask) -> None:
    """Write the views that wait and let go of the file."""
    viewing.flush_now(app)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
