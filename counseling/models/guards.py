"""What the database itself refuses, beyond constraints: one list, from which migrations re-create and /readyz compares.

Alembic's batch mode drops SQLite triggers without a word, so `restore` runs after every migration.
The name that a guard raises is what `database.violated` gives to the services.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, inspect, text

# Table -> sealed columns that a rotation of keys may rewrite. Everything else in these tables is written once.
APPEND_ONLY: dict[str, tuple[str, ...]] = {
    "day_doses": (),
    "dose_voids": (),
    "dose_void_requests": ("note",),
    "dose_void_withdrawals": (),
    "late_entries": (),
    "dose_incidents": (),
    "station_visits": ("observations",),
    "dosed_elsewhere": (),
    "order_parts": (),
    "file_status_changes": ("reason",),
    "audit_entries": (),
    "outreach_contacts": ("note",),
    "counseling_sessions": ("agreed",),
    "delivery_receipts": (),
}
COLUMNS: dict[str, str] = {
    "dose_void_requests": "id, day_dose_id, number, reason, requested_by_id, requested_at, request_key",
    "station_visits": (
        "id, patient_id, site_id, visit_on, outcome, reason, day_dose_id, recorded_by_id, recorded_at, request_key"
    ),
    "file_status_changes": "id, patient_id, side, status, since_on, recorded_by_id, recorded_at",
    "outreach_contacts": (
        "id, ref, patient_id, site_id, team_id, kind, outcome, topics, next_on, contact_on, task_id, corrects_id,"
        " recorded_by_id, recorded_at, request_key"
    ),
    "counseling_sessions": (
        "id, ref, site_id, patient_id, sex, kind, form, topics, minutes, held_on, counselor_id, recorded_at,"
        " request_key"
    ),
    "dose_orders": (
        "id, patient_id, drug_id, phase, starts_on, ends_on, gap_reviewed_through, origin, written_by_id,"
        " second_doctor_id, written_at, request_key"
    ),
}
# Tables that had another shape in an older revision: their guards stand from the revision that brings this column.
SHAPED_BY: dict[str, str] = {"dose_void_requests": "number"}
# INSERT OR REPLACE deletes without firing a delete trigger unless recursive_triggers is on; these stop it anyway.
NEVER_REPLACED: dict[str, tuple[str, ...]] = {
    "day_doses": ("id", "request_key", "patient_id, dose_on, part, attempt"),
    "dose_voids": ("id", "day_dose_id", "patient_id, dose_on, part, attempt"),
    "dose_void_requests": ("id", "request_key", "day_dose_id, number"),
    "dose_void_withdrawals": ("request_id",),
    "late_entries": ("id", "request_key"),
    "dose_incidents": ("id", "request_key"),
    "station_visits": ("id", "request_key"),
    "dosed_elsewhere": ("id",),
    "order_parts": ("id", "order_id, part, mg_tenths"),
    "file_status_changes": ("id",),
    "audit_entries": ("id", "chain, sequence"),
    "outreach_contacts": ("id", "request_key", "ref"),
    "counseling_sessions": ("id", "request_key", "ref"),
    "delivery_receipts": ("id", "event_key"),
    "dose_orders": ("id", "request_key"),
}

OVERLAP = """
    NEW.phase <> 'one_time' AND EXISTS (
        SELECT 1 FROM dose_orders o WHERE o.patient_id = NEW.patient_id AND o.phase <> 'one_time' AND o.id <> NEW.id
        AND o.starts_on <= NEW.last_on AND o.last_on >= NEW.starts_on
        AND o.last_on >= o.starts_on)"""  # an order emptied before it began overlaps nothing
OUTSIDE_ORDER = """
    NOT EXISTS (SELECT 1 FROM dose_orders o WHERE o.id = NEW.order_id
        AND NEW.dose_on BETWEEN o.starts_on AND o.last_on)"""
# Else part 2 of a new split order could follow part 1 of the old one: more than either doctor wrote.
TWO_ORDERS = """
    NEW.part < 11 AND EXISTS (SELECT 1 FROM day_doses d WHERE d.patient_id = NEW.patient_id
        AND d.dose_on = NEW.dose_on AND d.part < 11 AND d.order_id <> NEW.order_id
        AND NOT EXISTS (SELECT 1 FROM dose_voids v WHERE v.day_dose_id = d.id))"""
STRAY_REPLACEMENT = """
    NEW.kind = 'replacement' AND NOT EXISTS (SELECT 1 FROM day_doses d
        JOIN station_visits s ON s.day_dose_id = d.id AND s.outcome = 'vomited'
        JOIN dose_orders o ON o.id = NEW.order_id AND o.phase = 'one_time'
        WHERE d.id = NEW.replaces_id AND d.patient_id = NEW.patient_id AND d.dose_on = NEW.dose_on)"""
VOID_OF_ANOTHER = """
    NOT EXISTS (SELECT 1 FROM day_doses d WHERE d.id = NEW.day_dose_id AND d.patient_id = NEW.patient_id
        AND d.dose_on = NEW.dose_on AND d.part = NEW.part AND d.attempt = NEW.attempt)"""
# A withdrawal is never undone, so what is seen here stays true: no lock is needed to hold one request at a time.
REQUEST_BESIDE_ANOTHER = """
    NEW.number > 1 AND NOT EXISTS (SELECT 1 FROM dose_void_withdrawals w
        JOIN dose_void_requests r ON r.id = w.request_id
        WHERE r.day_dose_id = NEW.day_dose_id AND r.number = NEW.number - 1)"""
WITHDRAWN = "EXISTS (SELECT 1 FROM dose_void_withdrawals w WHERE w.request_id = NEW.request_id)"
SIGNED = "EXISTS (SELECT 1 FROM dose_voids v WHERE v.request_id = NEW.request_id)"
PAPER_WITHOUT_NAME = "NEW.source = 'late_entry' AND NEW.paper IS NULL"
LAST_DAY_RAISED = "NEW.last_on > OLD.last_on"
DOSE_AFTER_LAST_DAY = """
    EXISTS (SELECT 1 FROM day_doses d WHERE d.order_id = NEW.id AND d.dose_on > NEW.last_on
        AND NOT EXISTS (SELECT 1 FROM dose_voids v WHERE v.day_dose_id = d.id))"""


@dataclass(frozen=True)
class Guard:
    """A trigger `name` on `table`, fired by `event`, that refuses when `condition` holds (always, when empty)."""

    name: str
    table: str
    event: str
    condition: str = ""


def _append_only() -> list[Guard]:
    guards = []
    for table, sealed in APPEND_ONLY.items():
        event = f"UPDATE OF {COLUMNS[table]}" if sealed else "UPDATE"
        guards += [Guard(f"{table}_never_changed", table, event), Guard(f"{table}_never_deleted", table, "DELETE")]
    return guards


SHARED: list[Guard] = [
    *_append_only(),
    Guard("dose_orders_never_changed", "dose_orders", f"UPDATE OF {COLUMNS['dose_orders']}"),
    Guard("dose_orders_never_deleted", "dose_orders", "DELETE"),
    Guard("dose_orders_last_day_only_lowered", "dose_orders", "UPDATE OF last_on", LAST_DAY_RAISED),
    Guard("dose_orders_keep_their_doses", "dose_orders", "UPDATE OF last_on", DOSE_AFTER_LAST_DAY),
    Guard("day_doses_within_order", "day_doses", "INSERT", OUTSIDE_ORDER),
    Guard("day_doses_of_one_order", "day_doses", "INSERT", TWO_ORDERS),
    Guard("day_doses_replace_own_vomited", "day_doses", "INSERT", STRAY_REPLACEMENT),
    Guard("day_doses_late_name_their_paper", "day_doses", "INSERT", PAPER_WITHOUT_NAME),
    Guard("dose_voids_name_their_dose", "dose_voids", "INSERT", VOID_OF_ANOTHER),
    Guard("dose_voids_of_standing_requests", "dose_voids", "INSERT", WITHDRAWN),
    Guard("dose_void_requests_one_at_a_time", "dose_void_requests", "INSERT", REQUEST_BESIDE_ANOTHER),
    Guard("dose_void_withdrawals_before_signing", "dose_void_withdrawals", "INSERT", SIGNED),
]


def _same(table: str, columns: str) -> str:
    pairs = " AND ".join(f"x.{name.strip()} = NEW.{name.strip()}" for name in columns.split(","))
    return f"EXISTS (SELECT 1 FROM {table} x WHERE {pairs})"  # noqa: S608 - names from the lists above only


SQLITE_ONLY: list[Guard] = [
    Guard("dose_orders_never_overlap", "dose_orders", "INSERT", OVERLAP),
    *(
        Guard(f"{table}_never_replaced_{number}", table, "INSERT", _same(table, columns))
        for table, keys in NEVER_REPLACED.items()
        for number, columns in enumerate(keys)
    ),
]
POSTGRESQL_ONLY: list[Guard] = [Guard(f"{table}_never_emptied", table, "TRUNCATE") for table in APPEND_ONLY]
EXCLUSION = "dose_orders_never_overlap"


def restore(connection: Connection) -> None:
    """Drop and create again every guard whose table exists."""
    tables = _tables(connection)
    for statement in _statements(connection.dialect.name, tables):
        connection.exec_driver_sql(statement)


def drop_all(connection: Connection) -> None:
    """Before a migration: a table that is rebuilt must not meet its own guards."""
    for name, table in _present(connection):
        suffix = "" if connection.dialect.name == "sqlite" else f" ON {table}"
        connection.exec_driver_sql(f"DROP TRIGGER {name}{suffix}")


def missing(connection: Connection) -> list[str]:
    """Guards that should stand and do not, or stand with another text; empty when all is well."""
    expected = _expected(connection.dialect.name, _tables(connection))
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
        present: dict[str, str] = {row.name: row.sql for row in rows}
        return [guard.name for guard in expected if present.get(guard.name) != _sqlite_trigger(guard)]
    names = {name for name, _ in _present(connection)}
    functions = connection.execute(text("SELECT proname, prosrc FROM pg_proc WHERE proname LIKE 'guard_%'"))
    bodies: dict[str, str] = {row.proname: row.prosrc for row in functions}
    absent = [g.name for g in expected if g.name not in names or bodies.get(f"guard_{g.name}") != _body(g)]
    exclusion = connection.execute(text("SELECT 1 FROM pg_constraint WHERE conname = :name"), {"name": EXCLUSION})
    return absent if exclusion.first() else [*absent, EXCLUSION]


def _expected(dialect: str, tables: set[str]) -> list[Guard]:
    guards = SHARED + (SQLITE_ONLY if dialect == "sqlite" else POSTGRESQL_ONLY)
    return [guard for guard in guards if guard.table in tables]


def _tables(connection: Connection) -> set[str]:
    if connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    else:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    tables = set(connection.execute(text(query)).scalars())
    return {name for name in tables if name not in SHAPED_BY or SHAPED_BY[name] in _columns(connection, name)}


def _columns(connection: Connection, table: str) -> set[str]:
    return {column["name"] for column in inspect(connection).get_columns(table)}


def _present(connection: Connection) -> list[tuple[str, str]]:
    if connection.dialect.name == "sqlite":
        query = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = (
            "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND n.nspname = current_schema()"
        )
    return [(name, table) for name, table in connection.execute(text(query))]


def _statements(dialect: str, tables: set[str]) -> list[str]:
    statements = []
    for guard in _expected(dialect, tables):
        if dialect == "sqlite":
            statements += [f"DROP TRIGGER IF EXISTS {guard.name}", _sqlite_trigger(guard)]
        else:
            statements += _postgresql_trigger(guard)
    return statements


def _sqlite_trigger(guard: Guard) -> str:
    when = f"WHEN {guard.condition} " if guard.condition else ""
    return (
        f"CREATE TRIGGER {guard.name} BEFORE {guard.event} ON {guard.table} {when}"
        f"BEGIN SELECT RAISE(ABORT, '{guard.name}'); END"
    )


def _body(guard: Guard) -> str:
    condition = guard.condition or "true"
    back = "OLD" if guard.event == "DELETE" else "NEW"
    result = "NULL" if guard.event == "TRUNCATE" else back
    return (
        f"BEGIN IF {condition} THEN RAISE EXCEPTION USING MESSAGE = '{guard.name}', ERRCODE = '23514'; END IF;"
        f" RETURN {result}; END"
    )


def _postgresql_trigger(guard: Guard) -> list[str]:
    each = "STATEMENT" if guard.event == "TRUNCATE" else "ROW"
    return [
        f"CREATE OR REPLACE FUNCTION guard_{guard.name}() RETURNS trigger LANGUAGE plpgsql AS $${_body(guard)}$$",
        f"DROP TRIGGER IF EXISTS {guard.name} ON {guard.table}",
        f"CREATE TRIGGER {guard.name} BEFORE {guard.event} ON {guard.table}"
        f" FOR EACH {each} EXECUTE FUNCTION guard_{guard.name}()",
    ]
