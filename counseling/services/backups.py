"""Backups of the live database and restoring them. One file, encrypted with BACKUP_KEY, written and read in pieces."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DatabaseError

from counseling.config import Config
from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.revisions import current_revision, known_revisions
from counseling.sealed_stream import Damaged, NotOurs, OtherKey, SealedReader, SealedWriter
from counseling.services import audit, backup_sqlite

VERSION = "1"
# `init` fills other tables; a row in one of these was made by people.
FILLED_BY_PEOPLE = ("staff", "patients", "audit_entries")


def write_backup(session: AnySession, config: Config, target: Path, now: datetime) -> None:
    """Write the database as it is at one instant to `target`, while others go on working.

    Raises Refusal: backup_exists, backup_not_writable. A file that is there under the name `target` is whole.
    """
    engine = _engine_of(session)
    about = {"version": VERSION, "kind": _kind(config), "revision": _revision(engine), "made_at": audit.stamp(now)}
    with _appearing(target) as file:
        sealed = SealedWriter(file, config.backup_key, about)
        if config.is_embedded:
            backup_sqlite.dump(config, sealed)
        else:
            _postgresql().dump(engine, sealed)
        sealed.finish()
    details = {"sha256": _digest(target), "bytes": target.stat().st_size}
    with writing(session) as tx:
        audit.append(tx, audit.HOUSE, "command:backup", "backup.written", "database", details, now)


def restore_backup(session: AnySession, config: Config, source: Path, *, replace: bool, now: datetime) -> None:
    """Put the database of `source` in the place of this one, migrated to this program, with everybody signed out.

    All or nothing. Raises Refusal: backup_missing, backup_not_ours, backup_other_key, backup_damaged,
    backup_other_kind, backup_newer, database_not_empty, database_busy.
    """
    engine = _engine_of(session)
    session.rollback()
    try:
        with source.open("rb") as file:
            reader = SealedReader(file, config.backup_key)
            _ensure_fits(reader, config)
            if not replace:
                _ensure_empty(engine)
            engine.dispose()
            if config.is_embedded:
                backup_sqlite.restore(config, reader, now)
            else:
                _postgresql().restore(engine, reader, now)
    except OSError:
        raise Refusal("backup_missing") from None
    except NotOurs:
        raise Refusal("backup_not_ours") from None
    except OtherKey:
        raise Refusal("backup_other_key") from None
    except Damaged:
        raise Refusal("backup_damaged") from None
    details = {name: reader.about[name] for name in ("made_at", "revision")}
    with writing(session) as tx:
        audit.append(tx, audit.HOUSE, "command:restore", "backup.restored", "database", details, now)


def _ensure_fits(reader: SealedReader, config: Config) -> None:
    about = reader.about
    if about.get("version") != VERSION or about.get("revision") not in known_revisions():
        raise Refusal("backup_newer")
    if about.get("kind") != _kind(config):
        raise Refusal("backup_other_kind", kind=about.get("kind"))


def _ensure_empty(engine: Engine) -> None:
    try:
        with engine.connect() as connection:
            tables = set(inspect(connection).get_table_names()) & set(FILLED_BY_PEOPLE)
            filled = any(connection.execute(text(f"SELECT 1 FROM {name} LIMIT 1")).first() for name in tables)  # noqa: S608 - names from the list above
    except DatabaseError:  # a file that this key does not open is not empty
        filled = True
    if filled:
        raise Refusal("database_not_empty")


@contextmanager
def _appearing(target: Path) -> Iterator[BinaryIO]:
    """A new file, for this account only, that has its name once it is written and on the disk."""
    if target.exists():
        raise Refusal("backup_exists")
    part = target.with_name(f"{target.name}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError:
        raise Refusal("backup_not_writable") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.rename(target)
    except OSError:
        raise Refusal("backup_not_writable") from None
    finally:
        part.unlink(missing_ok=True)


def _revision(engine: Engine) -> str:
    with engine.connect() as connection:
        revision = current_revision(connection)
    if revision is None:
        raise Refusal("nothing_to_back_up")
    return revision


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _postgresql() -> Any:
    """PostgreSQL's side of it; its driver takes 9 MB, which an installation on the embedded database never needs."""
    from counseling.services import backup_postgresql

    return backup_postgresql


def _kind(config: Config) -> str:
    return "sqlite" if config.is_embedded else "postgresql"


def _engine_of(session: AnySession) -> Engine:
    bind = session.get_bind()
    return bind if isinstance(bind, Engine) else bind.engine
