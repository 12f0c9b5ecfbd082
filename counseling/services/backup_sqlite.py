"""The embedded database as one file. No step writes anything readable to the disk."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import NullPool

from counseling.config import KEY_BYTES, Config
from counseling.database import connect_encrypted
from counseling.sealed_stream import PIECE, Damaged, SealedReader, SealedWriter
from counseling.services.restored import make_current

SIDE_FILES = ("", "-wal", "-shm", "-journal")


def dump(config: Config, sealed: SealedWriter) -> None:
    """Copy a snapshot under a key made for this copy; that key goes into the sealed file in front of it.

    So BACKUP_KEY alone restores it, on a machine with another DATABASE_KEY too.
    """
    key = secrets.token_bytes(KEY_BYTES)
    with (
        _temporary(config, "backup") as path,
        closing(connect_encrypted(_path(config), config.database_key or b"")) as source,
        closing(_open(path, key)) as copy,
    ):
        source.backup(copy)  # one step: a reader in WAL mode, so nobody who writes waits for it
        copy.close()
        sealed.write(key)
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                sealed.write(piece)


def restore(config: Config, reader: SealedReader, now: datetime) -> None:
    """Build the new file beside the old one, wholly, then put it in its place. Raises Damaged, Refusal."""
    with _temporary(config, "arriving") as arriving, _temporary(config, "restored") as restored:
        key = reader.read(KEY_BYTES)
        with os.fdopen(os.open(arriving, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for piece in reader.pieces():
                file.write(piece)
        _copy(arriving, key, restored, config.database_key or b"")
        _change(restored, config.database_key or b"", lambda connection: make_current(connection, now))
        _fold_journal(_path(config), config.database_key or b"")
        _swap(restored, _path(config))


def _copy(source: Path, source_key: bytes, target: Path, target_key: bytes) -> None:
    with closing(_open(source, source_key)) as old, closing(_open(target, target_key)) as new:
        try:
            old.backup(new)
            sound = new.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        except sqlcipher.DatabaseError:
            sound = False
        if not sound:
            raise Damaged


def _change(path: Path, key: bytes, change: Callable[[Connection], None]) -> None:
    """Run `change` in one transaction, without foreign keys (migrations rebuild tables), and leave a single file."""
    engine = create_engine(
        "sqlite://", module=sqlcipher, creator=lambda: connect_encrypted(path, key), poolclass=NullPool
    )
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        raw.execute("PRAGMA foreign_keys = OFF")
        with connection.begin():
            change(connection)
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _fold_journal(path: Path, key: bytes) -> None:
    # Until the swap the old file must be whole without its journal, because the journal must not meet the new file.
    with closing(_open(path, key)) as old, suppress(sqlcipher.DatabaseError):  # a file that nobody can open is lost
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _swap(new: Path, current: Path) -> None:
    _sync(new)
    for suffix in SIDE_FILES[1:]:
        _beside(current, suffix).unlink(missing_ok=True)
    new.replace(current)
    _sync(current.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open(path: Path, key: bytes) -> Any:
    connection = sqlcipher.connect(str(path), isolation_level=None)
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


@contextmanager
def _temporary(config: Config, purpose: str) -> Iterator[Path]:
    """A name beside the database, so that it can be swapped in; whatever is there at the end goes."""
    path = _path(config).with_name(f"{purpose}-{secrets.token_hex(4)}.tmp")
    try:
        yield path
    finally:
        for suffix in SIDE_FILES:
            _beside(path, suffix).unlink(missing_ok=True)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _path(config: Config) -> Path:
    return Path(config.database_url.removeprefix("sqlite:///"))
