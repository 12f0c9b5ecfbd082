"""Settings of an installation that exists only in tests. The keys are invented, public and the same every time."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from counseling.config import Config

# The moment that stories in tests begin, unless they say otherwise: a Sunday morning at the station.
MORNING = datetime.fromisoformat("2026-11-22T06:30+07:00")

OUTBOX_KEY = 3


def invented_key(number: int) -> str:
    """A valid 32-byte key in base64; another one for every number up to 255."""
    return base64.b64encode(bytes([number]) * 32).decode()


def environment(database_url: str, instance: Path, changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """All that `Config.from_environment` asks for, outside demo mode."""
    return {
        "INSTANCE_PATH": str(instance),
        "DATABASE_URL": database_url,
        "DATABASE_KEY": "1f" * 32,
        "SECRET_KEY": "invented for tests, " * 3,
        "DATA_KEYS": invented_key(1),
        "BACKUP_KEY": invented_key(2),
        "OUTBOX_KEYS": invented_key(OUTBOX_KEY),
        **(changes or {}),
    }


def config_for(database_url: str, instance: Path, **changes: str) -> Config:
    return Config.from_environment(environment(database_url, instance, changes))
