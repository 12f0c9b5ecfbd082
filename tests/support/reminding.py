"""Mornings at a station for stories about reminders: who came yesterday, who is reached by texts, what is planned."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, insert, select
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import vault_of, writing
from counseling.domain.station_days import DayState
from counseling.domain.text_choices import Choices
from counseling.domain.text_purposes import EVERY_PURPOSE
from counseling.models.counseling import Appointment
from counseling.models.patients import PhoneNumber
from counseling.models.places import SiteHours, SiteHoursException
from counseling.models.texts import OutboundMessage, Reminder
from counseling.queries.reminder_rules import list_site_rules
from counseling.refs import new_request_key
from counseling.services.aftercare import open_aftercare
from counseling.services.appointments import book_appointment
from counseling.services.held_reminders import reconsider_held
from counseling.services.phones import add_phone
from counseling.services.reminder_planning import plan_reminders
from counseling.services.reminder_queueing import queue_due
from counseling.services.rule_changes import NewRule, change_rule
from counseling.services.sms_consents import Asked, give_consent
from counseling.services.station_days import move_station_day
from counseling.services.text_choices import write_choices
from tests.support.cast import DONG_KINH, Cast
from tests.support.files import patient_of, supported
from tests.support.numbers import compared
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, by, dose, opened, ordered, somebody

ZONE = VIETNAM
A_DAY = timedelta(days=1)
YESTERDAY, TOMORROW = TODAY - A_DAY, TODAY + A_DAY
SIX = time(6)  # of the morning: the earliest anybody plans in these stories
ASKS = {"treatment": "dispenser", "support": "counselor"}
_numbers = itertools.count(1)


def at(hour: int, minute: int = 0, day: date = TODAY) -> datetime:
    """A moment at the station."""
    return datetime.combine(day, time(hour, minute), ZONE)


def open_hours(session: Session, site_id: int = DONG_KINH, weekdays: Sequence[int] = range(7)) -> None:
    """The station is open from 6:30 to 10:30 on these days."""
    span = {"site_id": site_id, "opens_at": time(6, 30), "closes_at": time(10, 30)}
    with writing(session) as tx:
        tx.execute(insert(SiteHours), [{**span, "weekday": weekday} for weekday in weekdays])


def shut_on(session: Session, day: date, site_id: int = DONG_KINH) -> None:
    with writing(session) as tx:
        tx.execute(insert(SiteHoursException).values(site_id=site_id, on_date=day, is_shut=True, reason="bão"))


def reach(session: Session, cast: Cast, patient_id: int, side: str = "treatment", pronoun: str = "anh/chi") -> int:
    """Somebody agrees to be texted, and rings the site once from their phone; gives the line."""
    who, number = by(cast, ASKS[side]), f"+8491200{next(_numbers):04d}"
    add_phone(session, patient_id, number, by=who, now=MORNING - A_DAY, side=side)
    give_consent(
        session,
        patient_id,
        side,
        Asked(version="v1", language="vi", purposes=EVERY_PURPOSE, pronoun=pronoun),
        by=who,
        request_key=new_request_key(),
        now=MORNING - A_DAY,
    )
    newest = select(PhoneNumber).where(PhoneNumber.patient_id == patient_id, PhoneNumber.side == side)
    phone = session.scalars(newest.order_by(PhoneNumber.id.desc())).first()
    assert phone is not None
    return compared(session, phone.ref, by=who, now=MORNING - A_DAY)


def expected(session: Session, cast: Cast, station: int = DONG_KINH) -> tuple[Person, int]:
    """Somebody of the station with an order since yesterday, dosed until the day before; gives the order, too."""
    person = somebody(session, cast, elsewhere_until=YESTERDAY - A_DAY, now=MORNING - A_DAY, station=station)
    order = ordered(session, cast, person, starts_on=YESTERDAY, ends_on=YESTERDAY + 29 * A_DAY, now=MORNING - A_DAY)
    return person, order


def yesterday(
    session: Session, cast: Cast, *, missed: int = 1, came: int = 4, state: DayState | None = DayState.CLOSED
) -> list[Person]:
    """Yesterday at the station: `came` were dosed, `missed` were not, and the day is left in a state.

    Gives those who missed it; all of them are reached by texts. None: nobody opened the day.
    """
    people = [expected(session, cast) for _ in range(missed + came)]
    for person, _ in people[:missed]:
        reach(session, cast, person.id)
    opened(session, cast, YESTERDAY, now=MORNING - A_DAY)
    for person, order in people[missed:]:
        dose(session, cast, person, order, day=YESTERDAY, now=MORNING - A_DAY)
    if state is not None:
        leave_day(session, cast, state)
    return [person for person, _ in people[:missed]]


def leave_day(
    session: Session, cast: Cast, state: DayState, day: date = YESTERDAY, now: datetime = MORNING - A_DAY / 2
) -> None:
    who = by(cast, "dispenser")
    move_station_day(session, DONG_KINH, day, state, by=who.staff_id, actor=who.actor, now=now)


def booked(session: Session, cast: Cast, starts_at: datetime, patient_id: int | None = None) -> tuple[int, int]:
    """Somebody of the point who is reached by texts, with an appointment; gives the person and the appointment."""
    if patient_id is None:
        patient_id = patient_of(session, supported(session, cast))
        reach(session, cast, patient_id, "support")
    ref = book_appointment(
        session, patient_id=patient_id, site_id=DONG_KINH, starts_at=starts_at, outside_hours=True,
        by=by(cast, "counselor"), request_key=new_request_key(), now=MORNING, zone=ZONE,
    )  # fmt: skip
    return patient_id, session.execute(select(Appointment.id).where(Appointment.ref == ref)).scalar_one()


def in_aftercare(session: Session, cast: Cast, first_on: date, rhythm: str = "weekly") -> int:
    """Somebody of the point in aftercare who is reached by texts."""
    patient_id = patient_of(session, supported(session, cast))
    reach(session, cast, patient_id, "support")
    open_aftercare(
        session, patient_id=patient_id, site_id=DONG_KINH, supporter_id=None, rhythm=rhythm, first_on=first_on,
        by=by(cast, "counselor"), request_key=new_request_key(), today=TODAY, now=MORNING,
    )  # fmt: skip
    return patient_id


def turn(
    session: Session, cast: Cast, kind: str, side: str = "treatment", *, is_on: bool = True, **changes: Any
) -> bool:
    """Somebody of Đông Kinh switches a kind on, as it ships but for the changes."""
    rule = next(row for row in list_site_rules(session, DONG_KINH, side) if row.kind == kind)
    names = ("not_before", "not_after", "silence_days", "unseen_days", "most_open_tasks")
    values = {**{name: getattr(rule, name) for name in names}, "is_on": is_on, **changes}
    who = by(cast, ASKS[side])
    session.rollback()
    return change_rule(session, DONG_KINH, side, kind, NewRule(**values), seen=rule.version, by=who, now=MORNING)


def choose(
    session: Session,
    cast: Cast,
    patient_id: int,
    side: str = "treatment",
    *,
    now: datetime = MORNING,
    seed: int = 3,
    **choices: Any,
) -> bool:
    """Somebody says at the desk how they want to be texted."""
    who, dice = by(cast, ASKS[side]), random.Random(seed)
    return write_choices(session, patient_id, side, Choices(**choices), by=who, now=now, zone=ZONE, dice=dice)


def bodies(session: Session) -> list[str]:
    """What all texts say, oldest first."""
    vault, rows = vault_of(session), texts(session)
    return [vault.open("outbound_messages.body", row.ref, row.body) or "" for row in rows]


def plan(session: Session, now: datetime, seed: int = 1) -> int:
    return plan_reminders(session, now, ZONE, random.Random(seed))


def reconsider(session: Session, now: datetime) -> int:
    return reconsider_held(session, now, ZONE, random.Random(2))


def queue(session: Session, now: datetime) -> int:
    return queue_due(session, now, ZONE)


def reminders(session: Session) -> list[Row[Any]]:
    """All of them, as everybody else sees them now."""
    session.rollback()
    return list(session.execute(select(Reminder.__table__).order_by(Reminder.id)))


def texts(session: Session) -> list[Row[Any]]:
    session.rollback()
    return list(session.execute(select(OutboundMessage.__table__).order_by(OutboundMessage.id)))


def outcomes(session: Session) -> list[tuple[str, str | None]]:
    """State and reason of every reminder."""
    return [(row.state, row.reason) for row in reminders(session)]
