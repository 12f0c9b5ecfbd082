"""The two databases behind one door: encrypted SQLite in one process, or PostgreSQL.

Reads need nothing special. Everything that writes goes through `writing()`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import sqlcipher3.dbapi2 as sqlcipher
from flask import Flask, g
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError, IntegrityError
from sqlalchemy.orm import ORMExecuteState, Session, scoped_session
from sqlalchemy.pool import ConnectionPoolEntry

from counseling.clock import monotonic
from counseling.config import BadConfiguration, Config
from counseling.envelopes import Letterbox
from counseling.vault import Vault

# SQLite 3.7.0–3.51.2 can lose committed rows or corrupt the file in WAL mode (sqlite.org/wal.html, "WAL-reset bug").
FIRST_SAFE_SQLITE = (3, 51, 3)
BUSY_MILLISECONDS = 10_000
# A server that was started again has closed our connections: after so long a rest each is asked before it is used.
ASKED_AFTER_SECONDS = 5.0
IN_A_TRANSACTION: Mapping[str, Any] = {"isolation_level": "READ COMMITTED"}  # on PostgreSQL, where reads are not


class Databases(SQLAlchemy):
    """One database for each application; in the practice one for each learner, which every request chooses anew."""

    @property
    def engines(self) -> Mapping[str | None, Engine]:
        chosen: Engine | None = g.get("chosen_engine")
        return super().engines if chosen is None else {None: chosen}


db = Databases(session_options={"expire_on_commit": False})
AnySession = Session | scoped_session[Any]
# The hot path hands on `session.connection()`: a third of what a short statement costs is the session's own share.
Reader = AnySession | Connection
Transaction = Session | Connection


@dataclass(frozen=True)
class _Equipment:
    vault: Vault
    letterbox: Letterbox
    write_lock: AbstractContextManager[Any]
    write_options: Mapping[str, Any]


_equipment: WeakKeyDictionary[Engine, _Equipment] = WeakKeyDictionary()


def init_database(app: Flask, config: Config) -> None:
    app.config["SQLALCHEMY_DATABASE_URI"] = config.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(config)
    db.init_app(app)
    with app.app_context():
        _equip(db.engine, config)


def open_database(config: Config) -> Engine:
    """The database of a configuration outside any application; `dispose()` closes it."""
    options = _engine_options(config)
    engine = create_engine(config.database_url, **options)
    _equip(engine, config)
    return engine


def _equip(engine: Engine, config: Config) -> None:
    # One lock in front of SQLite's writes: without it the slowest 1 % of doses wait 0.3–0.7 s in the busy loop.
    lock: AbstractContextManager[Any] = threading.Lock() if config.is_embedded else nullcontext()
    options: Mapping[str, Any] = {"writes": True, **({} if config.is_embedded else IN_A_TRANSACTION)}
    _equipment[engine] = _Equipment(Vault(config.data_keys), Letterbox(config.outbox_keys), lock, options)
    if config.is_embedded:
        event.listen(engine, "begin", _begin)
    else:
        event.listen(engine, "checkin", _note_rest)
        event.listen(engine, "checkout", _ensure_alive)


def _engine_options(config: Config) -> dict[str, Any]:
    # hide_parameters: an error's text must not carry a patient's key into a log.
    if not config.is_embedded:
        # Reads stand outside transactions (READ COMMITTED sees each statement's own moment anyway): no BEGIN and COMMIT
        # to wait for, and no ROLLBACK, at which psycopg forgets every statement that it has prepared.
        return {
            "hide_parameters": True,
            "isolation_level": "AUTOCOMMIT",
            "pool_size": 8,
            "max_overflow": 4,
            "pool_use_lifo": True,  # the connection that has its statements prepared
        }
    if sqlcipher.sqlite_version_info < FIRST_SAFE_SQLITE:
        raise BadConfiguration("The SQLite library is too old to be safe: install the pinned sqlcipher3.")
    path, key = Path(config.database_url.removeprefix("sqlite:///")), config.database_key or b""
    return {
        "hide_parameters": True,
        "module": sqlcipher,
        "creator": lambda: connect_encrypted(path, key),
        "pool_size": 12,
        "max_overflow": 20,
        "pool_use_lifo": True,  # whoever wrote last has the pages in memory, decrypted
    }


def connect_encrypted(path: Path, key: bytes) -> Any:
    """A connection to the encrypted file, in autocommit mode: transactions begin where we say so."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    connection = sqlcipher.connect(str(path), isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "recursive_triggers = ON",  # else INSERT OR REPLACE walks past the append-only triggers
        f"busy_timeout = {BUSY_MILLISECONDS}",
        "mmap_size = 0",
        "temp_store = MEMORY",  # nothing readable in a temporary file
        "cache_size = -16000",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _note_rest(_: object, record: ConnectionPoolEntry) -> None:
    record.info["rests_since"] = monotonic()


def _ensure_alive(connection: Any, record: ConnectionPoolEntry, _: object) -> None:
    if monotonic() - record.info.get("rests_since", monotonic()) < ASKED_AFTER_SECONDS:
        return
    from psycopg import Error  # only here, where it is loaded anyway: the embedded database goes without its 9 MB

    try:
        connection.execute("SELECT 1")
    except Error as error:
        raise DisconnectionError from error  # the pool tries the next connection, or a new one


def vault_of(session: AnySession) -> Vault:
    return _equipment_of(_plain(session)).vault


def letterbox_of(session: AnySession) -> Letterbox:
    return _equipment_of(_plain(session)).letterbox


@contextmanager
def writing(session: AnySession) -> Iterator[Session]:
    """One write transaction: ends the request's read transaction, takes the write lock, commits or rolls back.

    Read again inside what you decide on. Nothing slow belongs inside: no password hash, page or network.
    """
    tx = _plain(session)
    if tx.info.get("writing"):
        raise RuntimeError("writing() does not nest: one verb, one transaction")
    tx.rollback()
    equipment = _equipment_of(tx)
    with equipment.write_lock:
        tx.info["writing"] = True
        try:
            tx.connection(execution_options=equipment.write_options)
            yield tx
            tx.commit()
        except BaseException:
            tx.rollback()
            raise
        finally:
            tx.info["writing"] = False


@contextmanager
def last_writes(tx: Connection) -> Iterator[None]:
    """A transaction's last writes, whose results nobody needs: PostgreSQL gets them and the COMMIT in one go.

    It answers once: an error comes up there, as psycopg's own, and the transaction is lost with it. What `writing()`
    commits afterwards is nothing any more.
    """
    if tx.dialect.name != "postgresql":
        yield
        return
    raw: Any = tx.connection.driver_connection
    with raw.pipeline():
        yield
        raw.commit()


def violated(error: IntegrityError) -> str:
    """What the database refused: the constraint's name (PostgreSQL), or SQLite's own words, which name the columns."""
    diagnosis = getattr(error.orig, "diag", None)
    name = getattr(diagnosis, "constraint_name", None) or getattr(diagnosis, "message_primary", None)
    return str(name or error.orig)


def _plain(session: AnySession) -> Session:
    return session() if isinstance(session, scoped_session) else session


def _equipment_of(session: Session) -> _Equipment:
    bind = session.get_bind()
    return _equipment[bind if isinstance(bind, Engine) else bind.engine]


@event.listens_for(Session, "before_flush")
def _no_flush_outside_writing(session: Session, *_: object) -> None:
    if not session.info.get("writing"):
        raise RuntimeError("a change outside writing()")


@event.listens_for(Session, "do_orm_execute")
def _no_statement_outside_writing(state: ORMExecuteState) -> None:
    if (state.is_insert or state.is_update or state.is_delete) and not state.session.info.get("writing"):
        raise RuntimeError("a change outside writing()")
