"""What a rule's page says of tomorrow is what planning then does, whoever the people are and whatever they chose."""

from __future__ import annotations

import random
from datetime import date, time, timedelta

import pytest
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.reminder_kinds import KINDS_OF
from counseling.domain.station_days import DayState
from counseling.domain.text_choices import OwnHours
from counseling.domain.text_purposes import PURPOSES
from counseling.models.doses import StationVisit
from counseling.models.patients import PhoneNumber
from counseling.models.texts import OutboundMessage, PhoneLine, Reminder, SmsConsent
from counseling.queries import reminder_audiences
from counseling.refs import new_ref, new_request_key
from counseling.services.aftercare import open_aftercare
from counseling.services.reminder_preview import Preview, preview
from counseling.services.reminder_rules import find_rule
from counseling.services.sms_consents import Asked, choose_purposes
from tests.reminders.test_silence import at_home
from tests.support.cast import DONG_KINH, Cast
from tests.support.files import patient_of, supported
from tests.support.outbox import a_line
from tests.support.reminding import (
    A_DAY,
    ASKS,
    TODAY,
    YESTERDAY,
    ZONE,
    at,
    booked,
    choose,
    expected,
    leave_day,
    open_hours,
    plan,
    reach,
    reminders,
    turn,
)
from tests.support.settings import MORNING
from tests.support.treatment import by, opened, ordered, somebody

EVERY_KIND = [(side, kind) for side, kinds in KINDS_OF.items() for kind in kinds]
TRAITS = (
    "shared", "calls", "number_calls", "overdue", "good_today", "stopped", "fails", "declined",
    "one_purpose", "other_purpose", "never_loud", "quiet_morning", "not_agreed", "of_two",
)  # fmt: skip


@pytest.mark.parametrize("tomorrow", [TODAY + A_DAY, TODAY + 4 * A_DAY], ids=["eve_of_a_holiday", "any_thursday"])
def test_the_preview_of_every_kind_says_what_planning_then_does(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch, tomorrow: date
) -> None:
    monkeypatch.setattr(reminder_audiences, "ASKED_ON_DAYS", 1)  # everybody is asked how the week is on a Monday
    open_hours(session)
    for side, kind in EVERY_KIND:
        turn(session, cast, kind, side)
    dice = random.Random(tomorrow.toordinal())
    on_time = a_station(session, cast, tomorrow, dice)
    a_point(session, cast, tomorrow, dice)
    now = at(8, day=tomorrow - A_DAY)
    before = {(side, kind): look(session, side, kind, tomorrow) for side, kind in EVERY_KIND}
    plan(session, now)
    shown = {(side, kind): look(session, side, kind, tomorrow) for side, kind in EVERY_KIND}
    for hour, minute in ((0, 5), (7, 30), (9, 20), (15, 10), (18, 30)):
        if hour == 9:
            comes(session, cast, on_time, tomorrow)
        plan(session, at(hour, minute, day=tomorrow))
    for (side, kind), seen in shown.items():
        rows = [row for row in reminders(session) if (row.side, row.kind, row.on_date) == (side, kind, tomorrow)]
        planned = len({row.patient_id for row in rows})
        came = 1 if kind == "dose_today" else 0
        assert (side, kind, seen.texted) == (side, kind, planned + came)
    # Of the week's question it is known only when the check-ins of these days are planned, minutes later.
    assert {of: seen for of, seen in before.items() if of != ("support", "weekly")}.items() <= shown.items()
    some = {kind for (_, kind), seen in shown.items() if seen.texted}
    left = {why for seen in shown.values() for why in seen.without}
    assert len(some) >= 6 and left >= {"not_this_kind", "overdue", "own_hours", "shared", "calls_only", "declined"}


def look(session: Session, side: str, kind: str, tomorrow: date) -> Preview:
    session.rollback()
    rule = find_rule(session, DONG_KINH, side, kind)
    assert rule is not None
    return preview(session, rule, tomorrow, at(8, day=tomorrow - A_DAY), ZONE)


def a_station(session: Session, cast: Cast, tomorrow: date, dice: random.Random) -> int:
    """People with long orders, orders that end, doses at home. Nobody came today; gives one who can be reached."""
    for role, trait in as_many(("daily", "ending", "at_home", "silent"), dice):
        if role == "ending":
            person = somebody(session, cast, elsewhere_until=YESTERDAY, now=MORNING - A_DAY)
            ordered(session, cast, person, ends_on=tomorrow + A_DAY, now=MORNING - A_DAY)
        else:
            person, order = expected(session, cast)
        if role == "at_home":
            at_home(session, cast, person.id, order, tomorrow)
        is_such(session, cast, person.id, "treatment", trait, tomorrow)
        if role == "silent":
            was_asked(session, person.id, "treatment", tomorrow - dice.choice((3, 4)) * A_DAY)
    today = tomorrow - A_DAY
    opened(session, cast, today, now=at(6, 30, day=today))
    leave_day(session, cast, DayState.CLOSED, today, now=at(11, day=today))
    opened(session, cast, tomorrow, now=at(6, 30, day=tomorrow))
    person, _ = expected(session, cast)
    reach(session, cast, person.id)
    return person.id


def comes(session: Session, cast: Cast, person: int, day: date) -> None:
    """Somebody stood at the window in the last hour."""
    visit = {"patient_id": person, "site_id": DONG_KINH, "visit_on": day, "outcome": "refused"}
    visit |= {"recorded_by_id": cast.staff["dispenser"], "recorded_at": at(9, 15, day=day)}
    with writing(session) as tx:
        tx.execute(insert(StationVisit).values(**visit, request_key=new_request_key()))


def a_point(session: Session, cast: Cast, tomorrow: date, dice: random.Random) -> None:
    """People with an appointment, or two, on the next days; in aftercare; asked how they are some days ago."""
    for role, trait in as_many(("comes", "comes", "cared_for", "silent"), dice):
        person = patient_of(session, supported(session, cast))
        is_such(session, cast, person, "support", trait, tomorrow)
        for days in dice.sample((0, 1, 2), 2) if role == "comes" else ():
            booked(session, cast, at(dice.choice((8, 16)), day=tomorrow + days * A_DAY), person)
        if role == "cared_for":
            first_on = tomorrow + dice.choice((-1, 0, 0, 20)) * A_DAY
            open_aftercare(
                session, patient_id=person, site_id=DONG_KINH, supporter_id=None, rhythm="weekly", first_on=first_on,
                by=by(cast, "counselor"), request_key=new_request_key(), today=min(first_on, TODAY), now=MORNING,
            )  # fmt: skip
        elif role == "silent":
            was_asked(session, person, "support", tomorrow - dice.choice((3, 4)) * A_DAY)


def as_many(roles: tuple[str, ...], dice: random.Random) -> list[tuple[str, str]]:
    """Each role once by somebody who has chosen nothing, and each trait in some role."""
    return [*((role, "plain") for role in roles), *((dice.choice(roles), trait) for trait in TRAITS)]


def is_such(session: Session, cast: Cast, person: int, side: str, trait: str, tomorrow: date) -> None:
    if trait == "not_agreed":
        return
    line = reach(session, cast, person, side)
    own_number = update(PhoneNumber).where(PhoneNumber.patient_id == person)
    numbers = {
        "shared": {"is_shared": True},
        "number_calls": {"calls_only": True},
        "overdue": {"confirmed_at": at(12, day=tomorrow) - timedelta(days=92)},
        "good_today": {"confirmed_at": at(12, day=tomorrow) - timedelta(days=89)},
    }
    lines = {"stopped": {"opted_out_at": MORNING}, "fails": {"permanent_failures": 2}}
    if trait in numbers or trait in lines:
        with writing(session) as tx:
            if trait in numbers:
                tx.execute(own_number.values(**numbers[trait]))
            else:
                tx.execute(update(PhoneLine).where(PhoneLine.id == line).values(**lines[trait]))
    elif trait == "of_two":
        also_has(session, cast, line, side)
    elif trait in ("one_purpose", "other_purpose"):
        only = PURPOSES[side][0 if trait == "one_purpose" else -1]
        asked = Asked(version="v1", language="vi", purposes=frozenset({only}))
        who, key = by(cast, ASKS[side]), new_request_key()
        choose_purposes(session, person, side, asked, by=who, request_key=key, now=MORNING)
    else:
        choices = {
            "calls": {"calls_only": True},
            "declined": {"declined": frozenset(KINDS_OF[side])},
            "never_loud": {"hours": OwnHours(quiet_from=time(7), quiet_until=time(20))},
            "quiet_morning": {"hours": OwnHours(quiet_from=time(7), quiet_until=time(12))},
        }
        choose(session, cast, person, side, **choices.get(trait, {}))


def also_has(session: Session, cast: Cast, line: int, side: str) -> None:
    """A second person of the side, who has agreed to nothing, has this number."""
    other = somebody(session, cast).id if side == "treatment" else patient_of(session, supported(session, cast))
    reach(session, cast, other, side)
    with writing(session) as tx:
        tx.execute(update(PhoneNumber).where(PhoneNumber.patient_id == other).values(line_id=line))
        taken_back = {"withdrawn_at": MORNING, "withdrawn_how": "desk"}
        tx.execute(update(SmsConsent).where(SmsConsent.patient_id == other).values(**taken_back))


def was_asked(session: Session, person: int, side: str, on: date) -> None:
    """The week's question reached the phone, and nobody answered."""
    line_id = a_line(session)
    line = {"side": side, "site_id": DONG_KINH, "patient_id": person, "expires_at": at(20, day=on)}
    with writing(session) as tx:
        question = {**line, "kind": "weekly", "rule_version": 0, "on_date": on, "due_at": at(9, day=on)}
        asked = insert(Reminder).values(**question, state="queued", planned_at=at(8, day=on)).returning(Reminder.id)
        reminder_id = tx.execute(asked).scalar_one()
        text = {**line, "reminder_id": reminder_id, "line_id": line_id, "ref": new_ref()}
        text |= {"wording": "weekly", "is_automatic": True, "state": "delivered", "queued_at": at(9, day=on)}
        tx.execute(insert(OutboundMessage).values(**text, send_after=at(9, day=on)))
