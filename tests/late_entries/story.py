"""What stories of paper mornings share."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import writing
from counseling.models.doses import DayDose, DosedElsewhere
from counseling.models.orders import OrderPart
from counseling.refs import new_request_key
from counseling.services.adherence import lock_summary, recount_from_rows, save_summary
from counseling.services.late_entries import Entered, Paper, SeenPart, enter_sheet
from counseling.services.paper_doses import PaperDose, enter_paper_dose
from tests.support.cast import DONG_KINH, Cast
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, ordered, somebody

A_DAY = timedelta(days=1)
YESTERDAY = TODAY - A_DAY
LAST_WEEK = MORNING - timedelta(days=7)
SHEET = Paper("phiếu trong ngày, tờ 2", writer_name="Chị Hạnh")


def here_since_last_week(session: Session, cast: Cast, *parts_tenths: int, **changes: Any) -> tuple[Person, int]:
    """Somebody registered a week ago, last dosed elsewhere the day before yesterday, with an order all that time."""
    elsewhere = changes.pop("elsewhere_until", YESTERDAY - A_DAY)
    person = somebody(session, cast, elsewhere_until=min(elsewhere, LAST_WEEK.date()), now=LAST_WEEK)
    values = {"starts_on": LAST_WEEK.date(), "ends_on": TODAY + 10 * A_DAY, "now": LAST_WEEK, **changes}
    order_id = ordered(session, cast, person, *parts_tenths, **values)
    if elsewhere > LAST_WEEK.date():
        dosed_elsewhere(session, cast, person, elsewhere)
    return person, order_id


def dosed_elsewhere(session: Session, cast: Cast, person: Person, day: date) -> None:
    """Another register answers for this day."""
    who = {"recorded_by_id": cast.staff["dispenser"], "recorded_at": MORNING, "source": "giấy chuyển"}
    with writing(session) as tx:
        lock_summary(tx, person.id)
        tx.execute(insert(DosedElsewhere).values(patient_id=person.id, first_on=day, last_on=day, **who))
        save_summary(tx, person.id, recount_from_rows(tx, person.id))


def lines(session: Session, *people: tuple[Person, int]) -> list[SeenPart]:
    """All parts of everybody, as the sheet would show them."""
    found = []
    for person, order_id in people:
        parts = session.execute(select(OrderPart.part).where(OrderPart.order_id == order_id).order_by(OrderPart.part))
        found += [SeenPart(person.id, order_id, part) for part in parts.scalars()]
    session.rollback()
    return found


def enter(
    session: Session,
    cast: Cast,
    seen: list[SeenPart],
    *,
    day: date = YESTERDAY,
    not_given: Collection[int] = (),
    paper: Paper = SHEET,
    key: str | None = None,
    station: int = DONG_KINH,
    now: datetime = MORNING,
) -> Entered:
    viewer = cast.viewer_of("dispenser")
    return enter_sheet(
        session,
        seen,
        not_given=not_given,
        site_id=station,
        day=day,
        paper=paper,
        by=viewer.staff_id,
        actor=viewer.actor,
        request_key=key or new_request_key(),
        today=now.date(),
        now=now,
        zone=VIETNAM,
    )


def keep(
    session: Session, cast: Cast, person: Person, mg_tenths: int, *, day: date = YESTERDAY, key: str | None = None
) -> PaperDose:
    viewer = cast.viewer_of("dispenser")
    return enter_paper_dose(
        session,
        patient_id=person.id,
        mg_tenths=mg_tenths,
        site_id=DONG_KINH,
        day=day,
        paper=SHEET,
        by=viewer.staff_id,
        actor=viewer.actor,
        request_key=key or new_request_key(),
        today=TODAY,
        now=MORNING,
        zone=VIETNAM,
    )


def doses_of(session: Session, person: Person) -> list[DayDose]:
    session.rollback()
    query = select(DayDose).where(DayDose.patient_id == person.id).order_by(DayDose.id)
    return list(session.execute(query).scalars())
