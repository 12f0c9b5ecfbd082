"""Areas full of people: rows as the services leave them, many at a time, with what a list shows of each."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import event, insert, update
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.domain.adherence import recount
from counseling.models.doses import AdherenceSummary, DosedElsewhere
from counseling.models.patients import Patient, SupportFile, TreatmentFile
from counseling.models.places import Site
from counseling.models.tasks import Task
from counseling.refs import new_ref, new_request_key
from counseling.services.adherence import columns, save_summary
from counseling.services.tasks import close_task, open_task
from counseling.support_rows import SupportDetails, sealed_support_columns
from counseling.treatment_rows import TreatmentDetails, sealed_columns
from tests.support.cast import CONG_SON, DONG_KINH, FACILITY, TEAM, Cast
from tests.support.settings import MORNING

TODAY = MORNING.date()
LONG_AGO = MORNING - timedelta(days=400)
LONG_AGO_ON = LONG_AGO.date()


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def far_station(session: Session) -> int:
    """A station and point of the province outside the supervisors' area."""
    with writing(session) as tx:
        row = insert(Site).values(code="CP-XA", name="Trạm Xa", area_id=CONG_SON, dispenses=True, counsels=True)
        return tx.execute(row.returning(Site.id)).scalar_one()


def treated(
    session: Session,
    cast: Cast,
    code: str,
    covered: set[date] | None = None,
    *,
    station: int = DONG_KINH,
    status: str = "active",
    registered_at: datetime = LONG_AGO,
) -> int:
    """Somebody in treatment of whom these days are known to be covered; no text says so but the summary."""
    ref, days = new_ref(), covered or set()
    details = TreatmentDetails(
        station_id=station, facility_id=FACILITY, register_code=code, full_name="Lý Mẫu", birth_year=1980,
        status_since=registered_at.date(),
    )  # fmt: skip
    by = {"registered_at": registered_at, "registered_by_id": cast.staff["dispenser"]}
    said = {"source": "sổ cũ", "recorded_by_id": cast.staff["dispenser"], "recorded_at": MORNING}
    with writing(session) as tx:
        patient_id = tx.execute(insert(Patient).values(created_at=MORNING).returning(Patient.id)).scalar_one()
        row = sealed_columns(vault_of(session), ref, details) | by | {"status": status}
        tx.execute(insert(TreatmentFile).values(patient_id=patient_id, ref=ref, **row))
        kept = columns(recount(days, days)) | {"is_active": status == "active"}
        tx.execute(insert(AdherenceSummary).values(patient_id=patient_id, **kept))
        if days:
            spans = [{"patient_id": patient_id, "first_on": day, "last_on": day, **said} for day in sorted(days)]
            tx.execute(insert(DosedElsewhere), spans)
        return patient_id


def supported(
    session: Session,
    cast: Cast,
    name: str,
    last_contact_on: date | None = None,
    *,
    since: date = LONG_AGO_ON,
    site: int = DONG_KINH,
    patient_id: int | None = None,
    **changes: Any,
) -> int:
    """Somebody who is supported; of the team of Mẫu Sơn unless the story says otherwise."""
    ref = new_ref()
    details = SupportDetails(
        **{"site_id": site, "community_name": name, "status_since": since, "team_id": TEAM, **changes}
    )
    seen = {"last_contact_on": last_contact_on, "last_outcome": "met_well" if last_contact_on else None}
    by = {"registered_at": LONG_AGO, "registered_by_id": cast.staff["counselor"]}
    with writing(session) as tx:
        new = insert(Patient).values(created_at=MORNING).returning(Patient.id)
        patient_id = patient_id or tx.execute(new).scalar_one()
        row = sealed_support_columns(vault_of(session), ref, details) | by | seen
        tx.execute(insert(SupportFile).values(patient_id=patient_id, ref=ref, **row))
        return patient_id


def crowd(session: Session, cast: Cast, dice: random.Random, stations: list[int], count: int) -> None:
    """People with holes in their days: some left long ago, some have never come, some stand at a far station."""
    for number in range(count):
        days = {ago(back) for back in range(1, 45) if dice.random() < 0.6}
        longest = dice.randrange(30)
        treated(
            session,
            cast,
            f"MS-{number:03d}",
            set() if dice.random() < 0.1 else {day for day in days if day < ago(longest)},
            station=dice.choice(stations),
            status="active" if dice.random() < 0.8 else "discharged",
            registered_at=MORNING - timedelta(days=dice.randrange(60)),
        )


def covered_again(session: Session, patient_id: int, days: set[date]) -> None:
    with writing(session) as tx:
        save_summary(tx, patient_id, recount(days, days))


def asked(session: Session, patient_id: int, kind: str, side: str = "treatment", **changes: Any) -> int:
    """An open task; gives its id."""
    values: dict[str, Any] = {
        "side": side, "kind": kind, "patient_id": patient_id, "site_id": DONG_KINH, "due_on": TODAY,
        "dedupe_key": new_request_key(), "opened_by_id": None, "at": MORNING, **changes,
    }  # fmt: skip
    with writing(session) as tx:
        task_id = open_task(tx, **values)
    assert task_id is not None
    return task_id


def handed_over(session: Session, cast: Cast, patient_id: int, outcome: str | None, at: datetime = MORNING) -> int:
    """The station's call_back that was handed on, and how it ended: None while nobody has been there."""
    call_back, look_in = asked(session, patient_id, "call_back"), asked(session, patient_id, "look_in", "support")
    with writing(session) as tx:
        tx.execute(update(Task).where(Task.id == call_back).values(handed_to_id=look_in))
        if outcome:
            close_task(tx, look_in, by_id=cast.staff["volunteer"], at=at, outcome=outcome)
    return call_back


@contextmanager
def statements_of(session: Session) -> Iterator[list[str]]:
    """Everything that is asked of the database meanwhile, in lower case."""
    engine, asked = session.get_bind(), []

    def look(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement.lower())

    event.listen(engine, "before_cursor_execute", look)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", look)


def tables_read(statements: list[str]) -> set[str]:
    """What stands after FROM and JOIN in these statements, names of their own included."""
    found: set[str] = set()
    for statement in statements:
        words = statement.translate(str.maketrans("(),", "   ")).split()
        found |= {after for word, after in pairwise(words) if word in ("from", "join")}
    return found - {"select"}
