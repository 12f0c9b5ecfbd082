"""People in treatment for stories: registered and ordered through the services that the pages use."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.orders import Phase
from counseling.domain.refusal import Refusal
from counseling.models.orders import OrderPart
from counseling.models.patients import TreatmentFile
from counseling.refs import new_request_key
from counseling.services.doses import RecordedDose, SeenDose, record_dose
from counseling.services.orders import write_dose_order
from counseling.services.patients import DosedElsewhereUntil, register_patient
from counseling.services.pours import pour_dose
from counseling.services.station_days import open_station_day
from counseling.services.treatment_files import By
from counseling.services.visits import NewVisit, add_visit
from counseling.treatment_rows import TreatmentDetails
from tests.support.cast import DONG_KINH, FACILITY, Cast
from tests.support.settings import MORNING

TODAY = date(2026, 11, 22)
_codes = itertools.count(1)


@dataclass(frozen=True)
class Person:
    id: int
    ref: str


def by(cast: Cast, username: str) -> By:
    viewer = cast.viewer_of(username)
    return By(viewer.staff_id, viewer.actor)


def somebody(
    session: Session,
    cast: Cast,
    *,
    name: str = "Lý Văn Mẫu",
    birth_year: int = 1990,
    code: str | None = None,
    alias: str | None = None,
    station: int = DONG_KINH,
    elsewhere_until: date | None = TODAY - timedelta(days=1),
    now: datetime = MORNING,
) -> Person:
    """A person registered at a station, dosed elsewhere until yesterday unless the story says otherwise."""
    details = TreatmentDetails(
        station_id=station,
        facility_id=FACILITY,
        register_code=code or f"T-{next(_codes):04d}",
        full_name=name,
        birth_year=birth_year,
        alias=alias,
        status_since=now.date(),
    )
    elsewhere = DosedElsewhereUntil(elsewhere_until, "sổ cũ") if elsewhere_until else None
    ref = register_patient(
        session,
        details,
        by=by(cast, "dispenser"),
        request_key=new_request_key(),
        today=now.date(),
        now=now,
        elsewhere=elsewhere,
        confirmed_duplicates=True,
    )
    return Person(session.execute(select(TreatmentFile.patient_id).where(TreatmentFile.ref == ref)).scalar_one(), ref)


def ordered(
    session: Session,
    cast: Cast,
    person: Person,
    *parts_tenths: int,
    starts_on: date = TODAY,
    ends_on: date = TODAY + timedelta(days=29),
    phase: Phase = Phase.MAINTENANCE,
    restart_examined: bool = False,
    now: datetime = MORNING,
    station: int = DONG_KINH,
) -> int:
    """The doctor's order for a person: one part of 60 mg unless parts are given. Gives its id."""
    return write_dose_order(
        session,
        patient_id=person.id,
        phase=phase,
        parts_tenths=parts_tenths or (600,),
        starts_on=starts_on,
        ends_on=ends_on,
        note=None,
        by=cast.staff["doctor"],
        actor=cast.viewer_of("doctor").actor,
        restart_examined=restart_examined,
        request_key=new_request_key(),
        now=now,
        today=now.date(),
        station_id=station,
    )


def opened(session: Session, cast: Cast, day: date = TODAY, station: int = DONG_KINH, now: datetime = MORNING) -> None:
    viewer = cast.viewer_of("dispenser")
    open_station_day(session, station, day, by=viewer.staff_id, actor=viewer.actor, now=now)


def dose(
    session: Session,
    cast: Cast,
    person: Person,
    order_id: int,
    *,
    part: int = 1,
    mg_tenths: int | None = None,
    day: date = TODAY,
    seen_on: date | None = None,
    gap_check: bool = False,
    key: str | None = None,
    now: datetime = MORNING,
    station: int = DONG_KINH,
) -> RecordedDose:
    """Pour and confirm at the window; what the screen showed is the order's own part unless told otherwise."""
    query = select(OrderPart.mg_tenths).where(OrderPart.order_id == order_id, OrderPart.part == part)
    shown = mg_tenths if mg_tenths is not None else session.execute(query).scalar_one()
    seen, at = SeenDose(seen_on or day, order_id, part, shown, gap_check), window(cast, day, now, station)
    return pour_and_drink(session, person.ref, seen, key or new_request_key(), at)


def pour_and_drink(session: Session, ref: str, seen: SeenDose, key: str, at: dict[str, Any]) -> RecordedDose:
    """Both steps at one window. What stops the first is what is said of the second; a cup of another window will do."""
    stopped: Refusal | None = None
    try:
        pour_dose(session, ref, seen, request_key=new_request_key(), **at)
    except Refusal as refusal:
        stopped = refusal
    try:
        return record_dose(session, ref, seen, request_key=key, **at)
    except Refusal as refusal:
        if stopped is not None and refusal.code == "not_poured":
            raise stopped from None
        raise


def window(cast: Cast, day: date = TODAY, now: datetime = MORNING, station: int = DONG_KINH) -> dict[str, Any]:
    """Who stands at which window, and when: what every service of the window is told."""
    viewer = cast.viewer_of("dispenser")
    return {"site_id": station, "by": viewer.staff_id, "actor": viewer.actor, "today": day, "now": now}


def came(
    session: Session,
    cast: Cast,
    person: Person,
    outcome: str,
    *,
    reason: str | None = None,
    observations: str | None = None,
    key: str | None = None,
    day: date = TODAY,
    now: datetime = MORNING,
) -> None:
    """Somebody came to the window of Đông Kinh and no dose was drunk: the rows, whether or not a rule stops them."""
    at = window(cast, day, now)
    visit = NewVisit(person.id, at.pop("site_id"), outcome, reason, observations)
    with writing(session) as tx:
        add_visit(tx, visit, request_key=key or new_request_key(), **at)
