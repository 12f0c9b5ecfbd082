"""Exactly one serving process on the embedded database: an exclusive lock that a dead process does not keep."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILE_NAME = "serving.lock"


class AlreadyServing(Exception):  # noqa: N818 - says what is the case
    """Another process holds the lock."""


@contextmanager
def only_server(instance: Path) -> Iterator[None]:
    """Hold the lock of the instance folder. Raises AlreadyServing at once where another process has it."""
    # The file stays when the lock is given back: deleting it could leave two processes with a lock on two files.
    descriptor = os.open(instance / FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise AlreadyServing from None
