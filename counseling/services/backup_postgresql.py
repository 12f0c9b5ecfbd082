"""PostgreSQL as a stream of COPY, from one snapshot and into one transaction; no program beside ours is needed.

Inside the sealed stream stand frames, each with its length: for every table one with its name and columns (JSON), then
what COPY gave, then an empty one.
"""

from __future__ import annotations

import json
import struct
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Engine

from counseling.database import IN_A_TRANSACTION
from counseling.domain.refusal import Refusal
from counseling.migrating import upgrade_within
from counseling.models import guards
from counseling.sealed_stream import Damaged, SealedReader, SealedWriter
from counseling.services.restored import make_current

LENGTH = struct.Struct(">I")
FRAME = 256 * 1024
LONGEST_FRAME = 64 * 1024 * 1024
REVISIONS = "alembic_version"
LOCK_WAIT = "SET LOCAL lock_timeout = '10s'"

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
COLUMNS = (
    "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
    " AND attgenerated = '' ORDER BY attnum"
)
FOREIGN_KEYS = (
    "SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k"
    " JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE k.contype = 'f' AND n.nspname = current_schema()"
)
COUNTERS = (
    "SELECT c.relname, a.attname, pg_get_serial_sequence(quote_ident(c.relname), a.attname) FROM pg_attribute a"
    " JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = current_schema() AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"
    " AND pg_get_serial_sequence(quote_ident(c.relname), a.attname) IS NOT NULL"
)


def dump(engine: Engine, sealed: SealedWriter) -> None:
    """All tables as they are at one instant; nobody who writes waits for it."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
        cursor = _cursor(connection)
        for table in _tables(cursor):
            if table != REVISIONS:
                _dump_table(cursor, table, sealed)


def _dump_table(cursor: psycopg.Cursor[Any], table: str, sealed: SealedWriter) -> None:
    columns = [name for (name,) in cursor.execute(COLUMNS, (table,)).fetchall()]
    _put(sealed, json.dumps({"table": table, "columns": columns}).encode())
    waiting = bytearray()
    with cursor.copy(_copy("COPY {} ({}) TO STDOUT", table, columns)) as rows:
        for row in rows:
            waiting += row
            if len(waiting) >= FRAME:
                _put(sealed, waiting)
                waiting.clear()
    if waiting:
        _put(sealed, waiting)
    _put(sealed, b"")


def restore(engine: Engine, reader: SealedReader, now: datetime) -> None:
    """Everything in one transaction, so that a damaged file changes nothing. Raises Damaged, Refusal."""
    try:
        with engine.connect().execution_options(**IN_A_TRANSACTION) as connection, connection.begin():
            connection.exec_driver_sql(LOCK_WAIT)
            _empty(connection)
            upgrade_within(connection, reader.about["revision"])
            _fill(connection, reader)
            make_current(connection, now)
    except psycopg.errors.LockNotAvailable:  # raised by statements of our own cursor, which SQLAlchemy does not wrap
        raise Refusal("database_busy") from None


def _empty(connection: Connection) -> None:
    cursor = _cursor(connection)
    for table in _tables(cursor):
        cursor.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier(table)))


def _fill(connection: Connection, reader: SealedReader) -> None:
    guards.drop_all(connection)  # they judge what people do; these rows passed them before
    cursor = _cursor(connection)
    foreign_keys = cursor.execute(FOREIGN_KEYS).fetchall()
    for table, name, _ in foreign_keys:  # tables refer to each other in a circle; checked at the end
        cursor.execute(_named("ALTER TABLE {} DROP CONSTRAINT {}", table, name))
    for table in set(_tables(cursor)) - {REVISIONS}:  # rows that a migration made stand in the backup too
        cursor.execute(_named("TRUNCATE {} CASCADE", table))
    while header := _get(reader):
        _fill_table(cursor, header, reader)
    for table, name, definition in foreign_keys:
        cursor.execute(_named("ALTER TABLE {} ADD CONSTRAINT {} ", table, name) + sql.SQL(definition))
    for table, column, counter in cursor.execute(COUNTERS).fetchall():
        highest = _named("SELECT max({1}) FROM {0}", table, column)
        cursor.execute(sql.SQL("SELECT setval(%s, coalesce(({0}), 1), ({0}) IS NOT NULL)").format(highest), (counter,))


def _fill_table(cursor: psycopg.Cursor[Any], header: bytes, reader: SealedReader) -> None:
    about = json.loads(header)
    with cursor.copy(_copy("COPY {} ({}) FROM STDIN", about["table"], about["columns"])) as rows:
        for frame in iter(lambda: _get(reader), b""):
            rows.write(frame)


def _put(sealed: SealedWriter, frame: bytes | bytearray) -> None:
    sealed.write(LENGTH.pack(len(frame)))
    sealed.write(frame)


def _get(reader: SealedReader) -> bytes:
    """The next frame; nothing also at the end of the stream."""
    packed = reader.read(LENGTH.size)
    length = LENGTH.unpack(packed)[0] if packed else 0
    if length > LONGEST_FRAME:
        raise Damaged
    frame = reader.read(length)
    if len(frame) != length:
        raise Damaged
    return frame


def _tables(cursor: psycopg.Cursor[Any]) -> list[str]:
    return [name for (name,) in cursor.execute(TABLES).fetchall()]


def _copy(form: str, table: str, columns: list[str]) -> sql.Composed:
    return sql.SQL(form).format(sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns)))


def _named(form: str, *names: str) -> sql.Composed:
    return sql.SQL(form).format(*map(sql.Identifier, names))


def _cursor(connection: Connection) -> psycopg.Cursor[Any]:
    raw: Any = connection.connection.driver_connection
    cursor: psycopg.Cursor[Any] = raw.cursor()
    return cursor
