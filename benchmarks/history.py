"""Years of doses for everybody, put into the tables by the database itself: consistent rows, too many for services."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import psycopg

from benchmarks.people import TENTHS, TODAY
from benchmarks.workshop import Installation, Workshop, open_session
from counseling.database import writing
from counseling.models import guards

DAYS_EACH = 30  # of one order
ORDERS_EACH = 40
DAYS = DAYS_EACH * ORDERS_EACH
FIRST_DAY = TODAY - timedelta(days=DAYS)
ALL_DAYS = "ff" * (DAYS // 8)
FIRST_ORDER = 1_000_000  # ids of the old orders, clear of those that the services gave

# The pieces that the two databases write differently; days run in the outer loop, as doses come in a real ledger.
SQLITE = {
    "orders": "(WITH RECURSIVE b(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM b WHERE n < {last}) SELECT n FROM b)",
    "day": "date('{first}', ({n}) || ' days')",
    "key": "printf('%08x%024x', ({n} * 2654435761) & 4294967295, {n})",
    "at": "{day} || ' 01:00:00.000000'",
    "bits": "x'{bits}'",
}
POSTGRESQL = {
    "orders": "(SELECT n FROM generate_series(0, {last}) AS n)",
    "day": "(date '{first}' + ({n})::int)",
    "key": "lpad(to_hex(({n}::bigint * 2654435761) & 4294967295), 8, '0') || lpad(to_hex({n}::bigint), 24, '0')",
    "at": "({day})::timestamp AT TIME ZONE 'UTC' + interval '1 hour'",
    "bits": "decode('{bits}', 'hex')",
}


def add_history(workshop: Workshop, installation: Installation) -> int:
    """Add 40 orders of 30 days to everybody, all drunk, through yesterday; gives the number of doses stored."""
    if installation.kind == "postgresql":
        return _fill_postgresql(workshop, installation)
    return _fill_sqlite(installation)


def statements(pieces: dict[str, str]) -> list[str]:
    order = f"{FIRST_ORDER} + f.patient_id * {ORDERS_EACH}"
    first = FIRST_DAY.isoformat()
    starts = pieces["day"].format(first=first, n=f"b.n * {DAYS_EACH}")
    ends = pieces["day"].format(first=first, n=f"b.n * {DAYS_EACH} + {DAYS_EACH - 1}")
    day = pieces["day"].format(first=first, n="b.n")
    number = "(b.n * 100000 + f.patient_id)"
    blocks = pieces["orders"].format(last=ORDERS_EACH - 1)
    days = pieces["orders"].format(last=DAYS - 1)
    bits = pieces["bits"].format(bits=ALL_DAYS)
    return [
        "INSERT INTO dose_orders (id, patient_id, drug_id, phase, starts_on, ends_on, last_on, origin, written_by_id,"
        f" written_at, request_key) SELECT {order} + b.n, f.patient_id, 1, 'maintenance', {starts}, {ends}, {ends},"
        f" 'doctor', 1, {pieces['at'].format(day=starts)}, {pieces['key'].format(n=f'({order} + b.n)')}"
        f" FROM {blocks} AS b CROSS JOIN treatment_files AS f",
        f"INSERT INTO order_parts (order_id, part, mg_tenths) SELECT id, 1, {TENTHS} FROM dose_orders"
        f" WHERE id >= {FIRST_ORDER}",
        "INSERT INTO day_doses (patient_id, dose_on, part, attempt, kind, order_id, mg_tenths, site_id, gap_days,"
        f" source, recorded_by_id, recorded_at, request_key) SELECT f.patient_id, {day}, 1, 1, 'observed',"
        f" {order} + b.n / {DAYS_EACH}, {TENTHS}, f.station_id, 0, 'window', 1, {pieces['at'].format(day=day)},"
        f" {pieces['key'].format(n=number)} FROM {days} AS b CROSS JOIN treatment_files AS f",
        f"UPDATE adherence_summaries SET anchor_on = {pieces['day'].format(first=first, n='0')},"
        f" covered = {bits}, complete = {bits}",
    ]


def _fill_sqlite(installation: Installation) -> int:
    with open_session(installation.url, Path(installation.folder)) as session:
        with writing(session) as tx:
            connection = tx.connection()
            connection.exec_driver_sql("PRAGMA cache_size = -1000000")
            guards.drop_all(connection)
            for statement in statements(SQLITE):
                connection.exec_driver_sql(statement)
            guards.restore(connection)
            count: int = connection.exec_driver_sql("SELECT count(*) FROM day_doses").scalar_one()
        return count


def _fill_postgresql(workshop: Workshop, installation: Installation) -> int:
    name = installation.url.partition("@/")[2].partition("?")[0]
    folder = str(workshop.cluster.folder)
    with psycopg.connect(host=folder, user="postgres", dbname=name, autocommit=True) as connection:
        # Guards and foreign keys rest for this connection only: the rows are consistent as they are.
        connection.execute("SET session_replication_role = replica")
        for statement in statements(POSTGRESQL):
            connection.execute(statement.encode())
        connection.execute("VACUUM ANALYZE")
        row = connection.execute("SELECT count(*) FROM day_doses").fetchone()
    assert row is not None
    return int(row[0])
