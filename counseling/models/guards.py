"""What the database itself refuses, beyond constraints: one list, from which migrations re-create and /readyz compares.

Alembic's batch mode drops SQLite triggers without a word, so `restore` runs after every migration.
The name that a guard raises is what `database.violated` gives to the services.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection, text

from counseling.models.guard_rules import (
    APPEND_ONLY,
    CALL_ABOUT_ANOTHER,
    CALLED_AFTER_TAKEN,
    COLUMNS,
    DOSE_AFTER_LAST_DAY,
    DOSE_OF_ANOTHER_POUR,
    DOSE_ON_HOLD,
    DUTY_ENDED_TWICE,
    LAST_DAY_RAISED,
    LIFTED_TWICE,
    NEVER_REPLACED,
    OUTSIDE_ORDER,
    OVERLAP,
    OWN_DOSE_WITNESSED,
    PAPER_WITHOUT_NAME,
    PAUSE_ENDED_TWICE,
    POUR_ENDED_TWICE,
    REMOVED_TWICE,
    REQUEST_BESIDE_ANOTHER,
    RULE_TABLES,
    SHAPED_BY,
    SHIFT_ENDED_TWICE,
    SIGNED,
    STRAY_REPLACEMENT,
    TAKEN_TWICE,
    TWO_ORDERS,
    VERSION_RAISED,
    VOID_OF_ANOTHER,
    VOIDED_DOSE_WITNESSED,
    WITHDRAWN,
)


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


def _versions() -> list[Guard]:
    guards = []
    for table in RULE_TABLES:
        guards += [
            Guard(f"{table}_never_changed", table, f"UPDATE OF {COLUMNS[table]}"),
            Guard(f"{table}_only_closed", table, "UPDATE OF effective_until", VERSION_RAISED),
            Guard(f"{table}_never_deleted", table, "DELETE"),
        ]
    return guards


SHARED: list[Guard] = [
    *_append_only(),
    *_versions(),
    Guard("dose_orders_never_changed", "dose_orders", f"UPDATE OF {COLUMNS['dose_orders']}"),
    Guard("dose_orders_keep_their_taper", "dose_orders", "UPDATE OF taper_key"),
    Guard("dose_orders_never_deleted", "dose_orders", "DELETE"),
    Guard("dose_orders_last_day_only_lowered", "dose_orders", "UPDATE OF last_on", LAST_DAY_RAISED),
    Guard("dose_orders_keep_their_doses", "dose_orders", "UPDATE OF last_on", DOSE_AFTER_LAST_DAY),
    Guard("day_doses_within_order", "day_doses", "INSERT", OUTSIDE_ORDER),
    Guard("day_doses_of_one_order", "day_doses", "INSERT", TWO_ORDERS),
    Guard("day_doses_replace_own_vomited", "day_doses", "INSERT", STRAY_REPLACEMENT),
    Guard("day_doses_not_on_hold", "day_doses", "INSERT", DOSE_ON_HOLD),
    Guard("dose_voids_name_their_dose", "dose_voids", "INSERT", VOID_OF_ANOTHER),
    Guard("dose_pours_never_changed", "dose_pours", f"UPDATE OF {COLUMNS['dose_pours']}"),
    Guard("dose_pours_never_deleted", "dose_pours", "DELETE"),
    Guard("dose_pours_end_once", "dose_pours", "UPDATE", POUR_ENDED_TWICE),
    Guard("dose_pours_name_their_dose", "dose_pours", "UPDATE OF day_dose_id", DOSE_OF_ANOTHER_POUR),
    Guard("patient_holds_never_changed", "patient_holds", f"UPDATE OF {COLUMNS['patient_holds']}"),
    Guard("patient_holds_never_deleted", "patient_holds", "DELETE"),
    Guard("patient_holds_lifted_once", "patient_holds", "UPDATE OF lifted_at, lifted_by_id", LIFTED_TWICE),
    Guard("day_doses_late_name_their_paper", "day_doses", "INSERT", PAPER_WITHOUT_NAME),
    Guard("dose_voids_of_standing_requests", "dose_voids", "INSERT", WITHDRAWN),
    Guard("dose_void_requests_one_at_a_time", "dose_void_requests", "INSERT", REQUEST_BESIDE_ANOTHER),
    Guard("dose_void_withdrawals_before_signing", "dose_void_withdrawals", "INSERT", SIGNED),
    Guard("witness_duties_never_changed", "witness_duties", f"UPDATE OF {COLUMNS['witness_duties']}"),
    Guard("witness_duties_never_deleted", "witness_duties", "DELETE"),
    Guard("witness_duties_end_once", "witness_duties", "UPDATE OF until_at", DUTY_ENDED_TWICE),
    Guard("sending_pauses_never_changed", "sending_pauses", f"UPDATE OF {COLUMNS['sending_pauses']}"),
    Guard("sending_pauses_never_deleted", "sending_pauses", "DELETE"),
    Guard("sending_pauses_end_once", "sending_pauses", "UPDATE OF ended_at, ended_by_id", PAUSE_ENDED_TWICE),
    Guard("dose_witnesses_are_others", "dose_witnesses", "INSERT", OWN_DOSE_WITNESSED),
    Guard("dose_witnesses_of_standing_doses", "dose_witnesses", "INSERT", VOIDED_DOSE_WITNESSED),
    Guard("doctor_calls_about_own_visit", "doctor_calls", "INSERT", CALL_ABOUT_ANOTHER),
    Guard("duty_calls_until_taken", "duty_calls", "INSERT", CALLED_AFTER_TAKEN),
    Guard("duty_shifts_never_changed", "duty_shifts", f"UPDATE OF {COLUMNS['duty_shifts']}"),
    Guard("duty_shifts_never_deleted", "duty_shifts", "DELETE"),
    Guard("duty_shifts_end_once", "duty_shifts", "UPDATE OF ended_at, ended_by_id", SHIFT_ENDED_TWICE),
    Guard("crisis_alerts_never_changed", "crisis_alerts", f"UPDATE OF {COLUMNS['crisis_alerts']}"),
    Guard("crisis_alerts_never_deleted", "crisis_alerts", "DELETE"),
    Guard("crisis_alerts_taken_once", "crisis_alerts", "UPDATE OF taken_at, taken_by_id", TAKEN_TWICE),
    Guard("canned_answers_never_changed", "canned_answers", f"UPDATE OF {COLUMNS['canned_answers']}"),
    Guard("canned_answers_never_deleted", "canned_answers", "DELETE"),
    Guard("canned_answers_removed_once", "canned_answers", "UPDATE OF removed_at, removed_by_id", REMOVED_TWICE),
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
    """Drop and create again every guard whose table exists; of older tables, over the columns that they have."""
    for guard in _expected(connection):
        for statement in _statements(connection.dialect.name, guard):
            connection.exec_driver_sql(statement)


def drop_all(connection: Connection) -> None:
    """Before a migration: a table that is rebuilt must not meet its own guards."""
    for name, table in _present(connection):
        suffix = "" if connection.dialect.name == "sqlite" else f" ON {table}"
        connection.exec_driver_sql(f"DROP TRIGGER {name}{suffix}")


def missing(connection: Connection) -> list[str]:
    """Guards that should stand and do not, or stand with another text; empty when all is well."""
    expected = _expected(connection)
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


def _expected(connection: Connection) -> list[Guard]:
    there = _tables(connection)
    guards = SHARED + (SQLITE_ONLY if connection.dialect.name == "sqlite" else POSTGRESQL_ONLY)
    fitting = (_fitting(guard, there) for guard in guards if guard.table in there)
    return [guard for guard in fitting if guard is not None]


def _fitting(guard: Guard, there: set[str]) -> Guard | None:
    """The guard over the columns that the table has: between two migrations an older one stands."""
    if guard.table in SHAPED_BY and f"{guard.table}.{SHAPED_BY[guard.table]}" not in there:
        return None
    event, of, named = guard.event.partition(" OF ")
    columns = [name for name in named.split(", ") if f"{guard.table}.{name}" in there]
    if not of:
        return guard
    return replace(guard, event=f"{event} OF {', '.join(columns)}") if columns else None


def _tables(connection: Connection) -> set[str]:
    """Names of tables, and of columns as "table.column"."""
    if connection.dialect.name == "sqlite":
        query = (
            "SELECT t.name AS name, c.name AS held FROM sqlite_master t, pragma_table_info(t.name) c"
            " WHERE t.type = 'table'"
        )
    else:
        query = (
            "SELECT table_name AS name, column_name AS held FROM information_schema.columns"
            " WHERE table_schema = current_schema()"
        )
    rows = connection.execute(text(query)).all()
    return {row.name for row in rows} | {f"{row.name}.{row.held}" for row in rows}


def _present(connection: Connection) -> list[tuple[str, str]]:
    if connection.dialect.name == "sqlite":
        query = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = (
            "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND n.nspname = current_schema()"
        )
    return [(name, table) for name, table in connection.execute(text(query))]


def _statements(dialect: str, guard: Guard) -> list[str]:
    if dialect == "sqlite":
        return [f"DROP TRIGGER IF EXISTS {guard.name}", _sqlite_trigger(guard)]
    return _postgresql_trigger(guard)


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
