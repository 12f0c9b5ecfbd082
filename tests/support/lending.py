"""PostgreSQL databases that one test after another borrows: put back as they were, for less than a new copy costs."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from tests.support.postgres import Cluster

MOST_LOANS = 40  # what is deleted leaves its room behind; after so many loans a fresh copy is cheaper
LARGEST = 8 * 1024 * 1024  # bytes in tables: what holds more is not worth putting back
TABLES = "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY 1"
SEQUENCES = "SELECT sequencename, coalesce(last_value, 1), last_value IS NOT NULL FROM pg_sequences ORDER BY 1"
# Whoever makes, changes or drops a table, trigger, function or constraint leaves a newer row or another number of them.
SHAPE = " UNION ALL ".join(
    f"SELECT count(*), max(xmin::text::bigint) FROM {catalog}"
    for catalog in ("pg_class WHERE relpersistence <> 't'", "pg_trigger", "pg_proc", "pg_constraint")
)
SIZE = "SELECT sum(pg_relation_size(c.oid)) FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace"
OTHERS = "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
END_OTHERS = f"SELECT pg_terminate_backend(pid, 5000) FROM {OTHERS}"


@dataclass(frozen=True)
class _Kept:
    """What a template holds: its shape, the statements that empty a copy, and the rows that are filled in again."""

    shape: list[Any]
    empty: sql.Composed
    rows: dict[str, bytes]


@dataclass
class Loan:
    name: str
    template: str
    connection: psycopg.Connection[Any]
    times: int = 0


@dataclass
class Lending:
    cluster: Cluster
    _idle: dict[str, list[Loan]] = field(default_factory=dict)
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def borrow(self, template: str) -> Loan:
        """A database with exactly what the template holds, sequences included."""
        if not self._idle.get(template):
            name = f"test_{next(self._numbers)}"
            self.cluster.create_database(name, template=template)
            loan = Loan(name, template, self.cluster.connect(name))
            if template not in self._kept:
                self._kept[template] = _keep(loan.connection)
        else:
            loan = self._idle[template].pop()
        loan.times += 1
        return loan

    def give_back(self, loan: Loan) -> None:
        """Put it back as it was, whoever is still connected; drop it where that is not worth it or not possible."""
        if loan.times < MOST_LOANS and _put_back(loan.connection, self._kept[loan.template]):
            self._idle.setdefault(loan.template, []).append(loan)
            return
        loan.connection.close()
        self.cluster.drop_database(loan.name)


def _keep(connection: psycopg.Connection[Any]) -> _Kept:
    tables = [name for (name,) in connection.execute(TABLES)]
    rows = {}
    for table in tables:
        with connection.cursor().copy(_copy(table, "TO STDOUT")) as copy:
            rows[table] = b"".join(map(bytes, copy))
    begin = sql.SQL(
        "SET session_replication_role = replica"
    )  # neither guards nor foreign keys: all is put back at once
    deletes = [sql.SQL("DELETE FROM {}").format(sql.Identifier(table)) for table in tables]
    sequences = [
        sql.SQL("SELECT setval({}, {}, {})").format(name, last, is_called)
        for name, last, is_called in connection.execute(SEQUENCES)
    ]
    return _Kept(
        connection.execute(SHAPE).fetchall(),
        sql.SQL("; ").join([begin, *deletes, *sequences]),
        {table: data for table, data in rows.items() if data != _nothing(connection, tables[0])},
    )


def _put_back(connection: psycopg.Connection[Any], kept: _Kept) -> bool:
    try:
        connection.execute(END_OTHERS)
        if connection.execute(SHAPE).fetchall() != kept.shape:
            return False
        if connection.execute(SIZE).fetchall()[0][0] > LARGEST:
            return False
        with connection.transaction():
            connection.execute(kept.empty)
            for table, data in kept.rows.items():
                with connection.cursor().copy(_copy(table, "FROM STDIN")) as copy:
                    copy.write(data)
    except psycopg.Error:  # the test has ended the server, or this connection
        return False
    return True


def _copy(table: str, where: str) -> sql.Composed:
    return sql.SQL("COPY {} {} (FORMAT binary)").format(sql.Identifier(table), sql.SQL(where))


def _nothing(connection: psycopg.Connection[Any], table: str) -> bytes:
    """What COPY says of a table without rows."""
    query = sql.SQL("COPY (SELECT FROM {} WHERE false) TO STDOUT (FORMAT binary)").format(sql.Identifier(table))
    with connection.cursor().copy(query) as copy:
        return b"".join(map(bytes, copy))
