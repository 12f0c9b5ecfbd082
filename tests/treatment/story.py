"""Mornings at the window for stories of usual hours and of a year: dosed on given days at given times."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import vault_of, writing
from counseling.domain.text_purposes import EVERY_PURPOSE
from counseling.models.doses import DayDose, DoseVoid, DoseVoidRequest
from counseling.models.patients import PhoneNumber
from counseling.models.places import SiteHours
from counseling.models.usual_hours import UsualHour
from counseling.refs import new_request_key
from counseling.services.adherence import recount_from_rows, save_summary
from counseling.services.phone_lines import ensure_line
from counseling.services.phones import add_phone
from counseling.services.sms_consents import Asked, give_consent
from tests.support.cast import DONG_KINH, Cast
from tests.support.orders import write
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, by, somebody

A_DAY = timedelta(days=1)


def ago(days: int) -> date:
    return TODAY - days * A_DAY


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=VIETNAM)


def long_known(session: Session, cast: Cast, days: int = 29, **details: object) -> tuple[Person, int]:
    """Somebody who was registered so many days ago, with one order that has run since; gives its id too."""
    since = MORNING - timedelta(days=days)
    person = somebody(session, cast, elsewhere_until=since.date() - A_DAY, now=since, **details)  # type: ignore[arg-type]
    order_id = write(
        session, cast, person, starts_on=since.date(), ends_on=since.date() + 29 * A_DAY, today=since.date(), now=since
    )
    return person, order_id


def dosed(
    session: Session,
    cast: Cast,
    person: Person,
    order_id: int,
    recorded_at: datetime,
    *,
    day: date | None = None,
    part: int = 1,
    mg_tenths: int = 600,
    site: int = DONG_KINH,
    source: str = "window",
    paper: str | None = None,
) -> int:
    """A row of the ledger as the window leaves it, with its summary; gives its id."""
    with writing(session) as tx:
        row = insert(DayDose).values(
            patient_id=person.id, dose_on=day or recorded_at.astimezone(VIETNAM).date(), part=part, attempt=1,
            kind="observed", order_id=order_id, mg_tenths=mg_tenths, site_id=site, source=source, paper=paper,
            recorded_by_id=cast.staff["dispenser"], recorded_at=recorded_at, request_key=new_request_key(),
        )  # fmt: skip
        dose_id = tx.execute(row.returning(DayDose.id)).scalar_one()
        save_summary(tx, person.id, recount_from_rows(tx, person.id))
        return dose_id


def voided(session: Session, cast: Cast, dose_id: int, now: datetime = MORNING) -> None:
    """Two people have signed that a dose was recorded by mistake."""
    with writing(session) as tx:
        dose = tx.get_one(DayDose, dose_id)
        asked_by = cast.staff["dispenser"]
        request = insert(DoseVoidRequest).values(
            day_dose_id=dose_id, reason="wrong_person", requested_by_id=asked_by, requested_at=now,
            request_key=new_request_key(), site_id=dose.site_id,
        )  # fmt: skip
        values = {"patient_id": dose.patient_id, "dose_on": dose.dose_on, "part": dose.part, "attempt": dose.attempt}
        tx.execute(
            insert(DoseVoid).values(
                request_id=tx.execute(request.returning(DoseVoidRequest.id)).scalar_one(), day_dose_id=dose_id,
                requested_by_id=asked_by, confirmed_by_id=cast.staff["doctor"], confirmed_at=now, **values,
            )
        )  # fmt: skip
        save_summary(tx, dose.patient_id, recount_from_rows(tx, dose.patient_id))


def usually_at(session: Session, person: Person, minute: int) -> None:
    with writing(session) as tx:
        tx.execute(insert(UsualHour).values(patient_id=person.id, minute_of_day=minute, counted_on=TODAY))


def open_all_week(session: Session, *spans: tuple[str, str], site: int = DONG_KINH) -> None:
    """Weekly hours, the same every day."""
    with writing(session) as tx:
        for weekday in range(7):
            for opens, closes in spans:
                hours = {"opens_at": at_clock(opens), "closes_at": at_clock(closes)}
                tx.execute(insert(SiteHours).values(site_id=site, weekday=weekday, **hours))


def at_clock(text: str) -> object:
    return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - a time of day, no instant


def with_number(session: Session, cast: Cast, person: Person, number: str) -> None:
    """A number of the person that was compared at the desk."""
    add_phone(session, person.id, number, by=by(cast, "dispenser"), now=MORNING)
    with writing(session) as tx:
        line_id = ensure_line(tx, vault_of(tx), number)
        own = update(PhoneNumber).where(PhoneNumber.patient_id == person.id)
        tx.execute(own.values(line_id=line_id, compared_at=MORNING, confirmed_at=MORNING))


def change_number(session: Session, person: Person, said: dict[str, object]) -> None:
    """What is known of the person's numbers: is_shared, calls_only, removed_at, confirmed_at."""
    with writing(session) as tx:
        tx.execute(update(PhoneNumber).where(PhoneNumber.patient_id == person.id).values(**said))


def agreed_to_texts(session: Session, cast: Cast, person: Person) -> None:
    asked = Asked(version="texts-2", language="vi", purposes=EVERY_PURPOSE)
    give_consent(
        session, person.id, "treatment", asked, by=by(cast, "dispenser"), request_key=new_request_key(), now=MORNING
    )
