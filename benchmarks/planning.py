"""Planning a day for 80,000 patients on PostgreSQL, beside one INSERT of the same rows by the database alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import psycopg
from sqlalchemy import update
from sqlalchemy.orm import Session

from benchmarks.crowd import FIRST_SITE, crowded
from benchmarks.figures import Figure
from benchmarks.pages import resident_mib
from benchmarks.people import TODAY
from benchmarks.workshop import Installation, Workshop, open_session
from counseling.config import VIETNAM
from counseling.database import writing
from counseling.models.texts import ReminderRule
from counseling.services.reminder_planning import plan_reminders
from counseling.services.reminder_rules import ship_rules
from tests.support.server import ROOT
from tests.support.settings import MORNING

# `PEOPLE=800 python -m benchmarks planning` looks whether the measurement itself works.
PEOPLE = int(os.environ.get("PEOPLE", "80000"))
GOAL_SECONDS, GOAL_MIB = 60.0, 300.0
PLANNED_AT = MORNING - timedelta(minutes=30)
# Of 20 people 4 missed yesterday and 2 are expected at the point tomorrow; all are reached by texts on both sides.
MISSED, BOOKED = "f.patient_id % 5 = 0", "f.patient_id % 10 = 1"


def measure_planning(workshop: Workshop) -> Iterator[Figure]:
    installation = crowded(workshop, "postgresql", PEOPLE)
    add_a_day(workshop, installation)
    first, again = planned_in_a_process(installation), planned_in_a_process(installation)
    every = planned_in_a_process(installation, "every")
    floor = insert_seconds(workshop, installation)
    seconds, peak, count = first["seconds"], first["peak"], first["planned"]
    if again["planned"] or not count:
        raise RuntimeError(f"{count} reminders were planned, and {again['planned']} more the second time")
    yield Figure("planning", seconds, "s", floor, f"< {GOAL_SECONDS:.0f} s", seconds < GOAL_SECONDS)
    yield Figure("planning peak", peak, "MiB", None, f"< {GOAL_MIB:.0f} MiB", peak < GOAL_MIB)
    yield Figure("planning reminders", count / 1000, "thousand", None, "", None)
    yield Figure(
        "planning every kind", every["seconds"], "s", None, f"< {GOAL_SECONDS:.0f} s", every["seconds"] < GOAL_SECONDS
    )
    yield Figure("planning again", again["seconds"], "s", None, "adds nothing", not again["planned"])


def statements() -> list[str]:
    yesterday, before = TODAY - timedelta(days=1), TODAY - timedelta(days=2)
    at, tomorrow = f"timestamptz '{MORNING - timedelta(days=9)}'", f"timestamptz '{MORNING + timedelta(hours=26)}'"
    files = "treatment_files AS f"
    sides = "(VALUES ('treatment', 't'), ('support', 's')) AS side(name, letter)"
    number = "side.letter || lpad(f.patient_id::text, 11, '0')"
    return [
        f"UPDATE adherence_summaries AS f SET covered_through = CASE WHEN {MISSED} THEN date '{before}'"
        f" ELSE date '{yesterday}' END WHERE covered_through IS NOT NULL",
        "INSERT INTO dose_orders (patient_id, drug_id, phase, starts_on, ends_on, last_on, origin, written_by_id,"
        f" written_at, request_key) SELECT f.patient_id, 1, 'maintenance', date '{TODAY}' - 20, date '{TODAY}' + 9,"
        f" date '{TODAY}' + 9, 'doctor', 1, {at}, 'plan' || f.patient_id FROM {files}",
        "INSERT INTO phone_lines (id, ref, number, token, key_id, permanent_failures) SELECT f.patient_id,"
        " 'l' || lpad(f.patient_id::text, 11, '0'), '', decode(lpad(to_hex(f.patient_id), 32, '0'), 'hex'), '', 0"
        f" FROM {files}",
        "INSERT INTO phone_numbers (ref, patient_id, side, number, added_at, line_id, compared_at, confirmed_at,"
        f" confirmed_by_id, is_shared, calls_only) SELECT {number}, f.patient_id, side.name, '', {at}, f.patient_id,"
        f" {at}, {at}, 1, false, false FROM {files}, {sides}",
        "INSERT INTO sms_consents (patient_id, side, version, language, pronoun, given_at, asked_by_id, request_key)"
        f" SELECT f.patient_id, side.name, 'v1', 'vi', 'anh/chi', {at}, 1, {number} FROM {files}, {sides}",
        "INSERT INTO sms_consent_purposes (consent_id, purpose) SELECT c.id, p.name FROM sms_consents AS c"
        " JOIN (VALUES ('treatment', 'daily'), ('treatment', 'missed'), ('treatment', 'check_in'),"
        " ('support', 'appointment'), ('support', 'check_in')) AS p (side, name) ON p.side = c.side",
        "INSERT INTO station_days (site_id, day_on, state, opened_at, opened_by_id, closed_at, closed_by_id)"
        f" SELECT s.id, date '{yesterday}', 'closed', {at}, 1, {at}, 1 FROM sites AS s WHERE s.id >= {FIRST_SITE}",
        "INSERT INTO site_hours (site_id, weekday, opens_at, closes_at) SELECT s.id, d, time '06:30', time '10:30'"
        f" FROM sites AS s, generate_series(0, 6) AS d WHERE s.id >= {FIRST_SITE}",
        "INSERT INTO appointments (ref, site_id, patient_id, starts_at, state, booked_by_id, booked_at, request_key)"
        f" SELECT 'a' || f.patient_id, f.site_id, f.patient_id, {tomorrow}, 'booked', 1, {at}, 'a' || f.patient_id"
        f" FROM support_files AS f WHERE {BOOKED}",
    ]


def add_a_day(workshop: Workshop, installation: Installation) -> None:
    with connected(workshop, installation) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in statements():
            connection.execute(statement.encode())
        connection.execute("VACUUM ANALYZE")


def planned_in_a_process(installation: Installation, *kinds: str) -> dict[str, float]:
    """Seconds, MiB at the peak and reminders, of a process that does nothing else. "every": all kinds are on."""
    arguments = [sys.executable, "-m", "benchmarks.planning", installation.url, str(installation.folder), *kinds]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def insert_seconds(workshop: Workshop, installation: Installation) -> float:
    """The planned rows once more, into an empty table with the same indexes: no program is faster."""
    with connected(workshop, installation) as connection:
        connection.execute("CREATE TABLE bare (LIKE reminders INCLUDING ALL)")
        start = time.perf_counter()
        connection.execute("INSERT INTO bare SELECT * FROM reminders")
        return time.perf_counter() - start


def connected(workshop: Workshop, installation: Installation) -> psycopg.Connection[tuple[object, ...]]:
    name = installation.url.partition("@/")[2].partition("?")[0]
    return psycopg.connect(host=str(workshop.cluster.folder), user="postgres", dbname=name, autocommit=True)


def main(url: str, folder: str, kinds: str = "shipped", now: datetime = PLANNED_AT) -> None:
    with open_session(url, Path(folder)) as session:
        if kinds == "every":
            with_every_kind(session, now)
        start = time.perf_counter()
        planned = plan_reminders(session, now, VIETNAM, Random(1))
        seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak": resident_mib(os.getpid(), "VmHWM"), "planned": planned}))


def with_every_kind(session: Session, now: datetime) -> None:
    """Every site sends everything that it could: the evening's text alone is one for each person."""
    ship_rules(session, now)
    with writing(session) as tx:
        tx.execute(update(ReminderRule).values(is_on=True))


if __name__ == "__main__":
    main(*sys.argv[1:4])
