"""Loaded once by the process from which servers are forked: an application put together, and nothing connected."""

from __future__ import annotations

import tempfile
from pathlib import Path

from counseling import create_app
from tests.support import compiled as _compiled  # noqa: F401 - before any application is made
from tests.support.settings import config_for

with tempfile.TemporaryDirectory() as folder:
    create_app(config_for(f"sqlite:///{folder}/none.db", Path(folder) / "instance"))
