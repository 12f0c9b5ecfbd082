"""Thousands of people on both sides with their kept summaries, put into the tables by the database itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import psycopg
from sqlalchemy import Connection, bindparam, insert, update
from sqlalchemy.orm import Session

from benchmarks.people import TODAY, People
from benchmarks.workshop import Installation, Workshop, open_session
from counseling.database import vault_of, writing
from counseling.models import guards
from counseling.models.patients import SupportFile
from counseling.models.places import Site
from counseling.support_rows import SupportDetails, sealed_support_columns
from tests.support.cast import CONG_SON, DONG_KINH_WARD, FACILITY, SITES, TEAM, fill
from tests.support.databases import migrate
from tests.support.settings import MORNING

EACH = 400  # people of one station
NEAR = 2  # stations of the area that one supervisor looks after; the rest lies elsewhere in the province
KEPT_DAYS = 64  # of a summary
FIRST_SITE = len(SITES) + 1

# The pieces that the two databases write differently. A tenth of the people is late, by 1 to 60 days; one in fifty has
# left, most of them long ago; one in a hundred has never come.
SQLITE = {
    "people": "(WITH RECURSIVE b(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM b WHERE n < {last}) SELECT n FROM b)",
    "day": "date('{first}', (-({n})) || ' days')",
    "text": "printf('{prefix}%0{digits}d', {n})",
    "bits": "x'{bits}'",
    "at": "'{moment}'",
}
POSTGRESQL = {
    "people": "(SELECT n FROM generate_series(1, {last}) AS n)",
    "day": "(date '{first}' - ({n})::int)",
    "text": "'{prefix}' || lpad(({n})::text, {digits}, '0')",
    "bits": "decode('{bits}', 'hex')",
    "at": "timestamptz '{moment}'",
}
GAP = "(CASE WHEN b.n % 50 = 7 THEN 400 + b.n % 300 WHEN b.n % 10 = 3 THEN 1 + (b.n / 10) % 60 ELSE b.n % 2 END)"
SILENCE = "(1 + (b.n * 7919) % 45)"
NEVER = "b.n % 100 = 1"
LEFT = "b.n % 50 = 7"
HANDED_OVER = "b.n % 10 = 3"
SUPPORT_TASK = 1_000_000  # ids of the tasks that the treatment side handed over, by person


def crowded(workshop: Workshop, kind: str, people: int) -> Installation:
    """An installation with so many people, each known to both sides: rows as the services leave them."""
    name = f"crowd_{people}"
    folder = workshop.folder / f"{name}_{kind}"
    folder.mkdir(mode=0o700)
    url = workshop.empty_database(kind, name, folder)
    migrate(url, folder)
    with open_session(url, folder) as session:
        fill(session)
        _add_sites(session, people // EACH)
    if kind == "postgresql":
        _fill_postgresql(workshop, url, people)
    else:
        _fill_sqlite(url, folder, people)
    with open_session(url, folder) as session:
        _seal_names(session, people)
    if kind == "postgresql":
        _execute(workshop, url, ["VACUUM ANALYZE"])
    return Installation(kind, folder, url, People([], []))


def statements(pieces: dict[str, str], people: int) -> list[str]:
    everybody = pieces["people"].format(last=people) + " AS b"
    day, text = pieces["day"], pieces["text"]
    at = pieces["at"].format(moment=(MORNING - timedelta(days=400)).strftime("%Y-%m-%d 01:00:00.000000"))
    today = TODAY.isoformat()
    station = f"{FIRST_SITE} + (b.n / 3) % {people // EACH}"
    through = day.format(first=today, n=f"1 + {GAP}")
    anchor = day.format(first=today, n=f"{KEPT_DAYS} + {GAP}")
    bits = pieces["bits"].format(bits="ff" * (KEPT_DAYS // 8))
    nothing = pieces["bits"].format(bits="00")
    status = f"CASE WHEN {LEFT} THEN 'discharged' ELSE 'active' END"
    since = day.format(first=today, n=f"CASE WHEN {NEVER} THEN b.n % 90 ELSE 400 END")
    return [
        f"INSERT INTO patients (id, created_at) SELECT b.n, {at} FROM {everybody}",
        "INSERT INTO treatment_files (patient_id, ref, station_id, facility_id, register_code, full_name, birth_year,"
        " sex, language, hiv_status, status, status_since, registered_at, registered_by_id)"
        f" SELECT b.n, {text.format(prefix='t', digits=11, n='b.n')}, {station}, {FACILITY},"
        f" {text.format(prefix='MS-', digits=5, n='b.n')}, {nothing}, 1970, 'male', 'vi', {nothing}, {status},"
        f" {since}, {at}, 1 FROM {everybody}",
        "INSERT INTO adherence_summaries (patient_id, is_active, anchor_on, covered, complete, covered_through)"
        f" SELECT b.n, NOT ({LEFT}),"
        f" CASE WHEN {NEVER} THEN NULL ELSE {anchor} END,"
        f" CASE WHEN {NEVER} THEN {pieces['bits'].format(bits='')} ELSE {bits} END,"
        f" CASE WHEN {NEVER} THEN {pieces['bits'].format(bits='')} ELSE {bits} END,"
        f" CASE WHEN {NEVER} THEN NULL ELSE {through} END FROM {everybody}",
        "INSERT INTO support_files (patient_id, ref, site_id, team_id, community_name, sex, area_id, language, status,"
        " status_since, registered_at, registered_by_id, last_contact_on, last_outcome)"
        f" SELECT b.n, {text.format(prefix='s', digits=11, n='b.n')}, {station}, {TEAM}, {nothing}, 'male',"
        f" {CONG_SON}, 'vi', {status}, {since}, {at}, 1,"
        f" CASE WHEN {NEVER} THEN NULL WHEN {LEFT} THEN {day.format(first=today, n='400')}"
        f" ELSE {day.format(first=today, n=SILENCE)} END,"
        f" CASE WHEN {NEVER} THEN NULL WHEN b.n % 3 = 0 THEN 'not_met' ELSE 'met_well' END FROM {everybody}",
        "INSERT INTO tasks (id, side, kind, patient_id, site_id, due_on, dedupe_key, opened_at, closed_at,"
        f" closed_by_id, outcome) SELECT {SUPPORT_TASK} + b.n, 'support', 'look_in', b.n, {station},"
        f" {day.format(first=today, n='2')},"
        f" {text.format(prefix='look_in:', digits=6, n='b.n')}, {at}, {at}, 1, 'met_well'"
        f" FROM {everybody} WHERE {HANDED_OVER}",
        "INSERT INTO tasks (id, side, kind, patient_id, site_id, due_on, dedupe_key, opened_at, handed_to_id)"
        f" SELECT b.n, 'treatment', 'call_back', b.n, {station}, {day.format(first=today, n='3')},"
        f" {text.format(prefix='call_back:', digits=6, n='b.n')}, {at}, {SUPPORT_TASK} + b.n"
        f" FROM {everybody} WHERE {HANDED_OVER}",
        "INSERT INTO aftercare_files (patient_id, site_id, rhythm, next_check_in_on, opened_on, opened_by_id,"
        f" request_key) SELECT b.n, {station}, 'weekly', {day.format(first=today, n='b.n % 14 - 7')},"
        f" {day.format(first=today, n='300')}, 1, {text.format(prefix='aftercare', digits=8, n='b.n')}"
        f" FROM {everybody} WHERE b.n % 4 = 0",
    ]


def _add_sites(session: Session, count: int) -> None:
    rows = [
        {
            "code": f"CP-{number:03d}",
            "name": f"Trạm Y tế số {number:03d}",
            "area_id": DONG_KINH_WARD if number < NEAR else CONG_SON,
            "dispenses": True,
            "counsels": True,
            "treated_by_id": FACILITY,
        }
        for number in range(count)
    ]
    with writing(session) as tx:
        tx.execute(insert(Site), rows)


def _fill_sqlite(url: str, folder: Path, people: int) -> None:
    with open_session(url, folder) as session, writing(session) as tx:
        connection: Connection = tx.connection()
        guards.drop_all(connection)
        for statement in statements(SQLITE, people):
            connection.exec_driver_sql(statement)
        guards.restore(connection)


def _fill_postgresql(workshop: Workshop, url: str, people: int) -> None:
    # Guards and foreign keys rest for this connection only: the rows are consistent as they are.
    _execute(workshop, url, ["SET session_replication_role = replica", *statements(POSTGRESQL, people)])


def _execute(workshop: Workshop, url: str, statements: Sequence[str]) -> None:
    name, folder = url.partition("@/")[2].partition("?")[0], str(workshop.cluster.folder)
    with psycopg.connect(host=folder, user="postgres", dbname=name, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _seal_names(session: Session, people: int) -> None:
    """A name opens under its own row only, so each is sealed by the product."""
    vault = vault_of(session)
    rows = []
    for number in range(1, people + 1):
        ref = f"s{number:011d}"
        details = SupportDetails(site_id=1, community_name=f"Anh {number} sửa xe", status_since=TODAY)
        rows.append({"of": number, "sealed": sealed_support_columns(vault, ref, details)["community_name"]})
    table = SupportFile.__table__
    with writing(session) as tx:
        tx.connection().execute(
            update(table).where(table.c.patient_id == bindparam("of")).values(community_name=bindparam("sealed")), rows
        )
