"""Two people of one side confirm the same number: it is nobody's alone any more, whatever either of them said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.models.patients import PhoneNumber, SupportFile, TreatmentFile
from counseling.queries.reachable import find_line
from counseling.services.patients import change_status
from counseling.services.phone_confirmation import Numbered, confirm_by_call, note_wrong
from counseling.services.phones import add_phone, remove_phone
from counseling.services.reminder_gates import why_not_now
from counseling.services.reminder_preview import preview
from counseling.services.reminder_rules import find_rule
from counseling.treatment_rows import open_phone
from tests.agreements.story import ask, numbered, reached
from tests.support.cast import DONG_KINH, Cast, sign_in
from tests.support.files import by, patient_of, supported
from tests.support.reminding import (
    ASKS,
    TODAY,
    TOMORROW,
    ZONE,
    at,
    bodies,
    booked,
    choose,
    expected,
    open_hours,
    plan,
    queue,
    reach,
    reminders,
    texts,
    turn,
    yesterday,
)
from tests.support.settings import MORNING
from tests.support.treatment import Person, somebody

SIX, NINE = at(6), at(9)


def number_of(session: Session, patient_id: int) -> str:
    row = session.execute(select(PhoneNumber).where(PhoneNumber.patient_id == patient_id)).scalars().one()
    session.rollback()
    return open_phone(vault_of(session), row.ref, row.number)


def with_the_number_of(session: Session, cast: Cast, owner: int, side: str = "treatment") -> Numbered:
    """Somebody else says that they have this number, too."""
    number = number_of(session, owner)
    other = somebody(session, cast).id if side == "treatment" else patient_of(session, supported(session, cast))
    add_phone(session, other, number, by=by(cast, ASKS[side]), now=MORNING, side=side)
    return numbered(session, other, side)


def confirmed(session: Session, cast: Cast, phone: Numbered, now: datetime = MORNING) -> None:
    """They stand at the desk and ring the site with it."""
    confirm_by_call(session, phone, by=by(cast, ASKS[phone.side]), now=now)


def verdict(session: Session) -> str | None:
    row = texts(session)[0]
    with writing(session) as tx:
        return why_not_now(tx, row, NINE, ZONE)


@pytest.fixture
def missed(session: Session, cast: Cast) -> Person:
    """Somebody who missed yesterday, on a number that is theirs alone; their text waits since this morning."""
    open_hours(session)
    (person,) = yesterday(session, cast)
    plan(session, SIX)
    assert queue(session, NINE) == 1 and verdict(session) is None
    return person


def test_what_waits_does_not_go_to_a_phone_that_a_second_person_has_just_compared(
    session: Session, cast: Cast, missed: Person
) -> None:
    confirmed(session, cast, with_the_number_of(session, cast, missed.id))
    assert verdict(session) == "refused:shared_phone"


def test_nothing_personal_is_planned_for_either_of_them_and_the_rules_page_counts_both(
    session: Session, cast: Cast
) -> None:
    open_hours(session)
    one, two = yesterday(session, cast, missed=2, came=8)
    own = number_of(session, one.id)
    with writing(session) as tx:
        tx.execute(update(PhoneNumber).where(PhoneNumber.patient_id == two.id).values(removed_at=MORNING))
    add_phone(session, two.id, own, by=by(cast, "dispenser"), now=MORNING, side="treatment")
    confirmed(session, cast, numbered(session, two.id))
    assert plan(session, SIX) == 0
    session.rollback()
    rule = find_rule(session, DONG_KINH, "treatment", "missed_yesterday")
    assert rule is not None
    assert preview(session, rule, TOMORROW, SIX, ZONE).without["shared"] == 2


def leaves(session: Session, cast: Cast, phone: Numbered, how: str) -> None:
    who = by(cast, ASKS[phone.side])
    if how == "removed":
        remove_phone(session, phone.patient_id, phone.phone_ref, by=who, now=MORNING, side=phone.side)
    elif how == "wrong":
        note_wrong(session, phone, by=who, now=MORNING)
    elif how == "discharged":
        why = {"status": "discharged", "since_on": TODAY, "reason": None, "today": TODAY, "now": MORNING}
        change_status(session, phone.patient_id, by=by(cast, "doctor"), **why)  # type: ignore[arg-type]  # one table


@pytest.mark.parametrize("how", ["removed", "wrong", "discharged"])
def test_whoever_has_left_the_number_or_us_is_no_second_reader(
    session: Session, cast: Cast, missed: Person, how: str
) -> None:
    phone = with_the_number_of(session, cast, missed.id)
    confirmed(session, cast, phone)
    leaves(session, cast, phone, how)
    assert verdict(session) is None


@pytest.mark.parametrize("known", ["asked", "long_ago", "calls_only"])
def test_a_second_person_reads_there_however_well_the_number_is_known_to_be_theirs(
    session: Session, cast: Cast, missed: Person, known: str
) -> None:
    phone = with_the_number_of(session, cast, missed.id)
    if known == "asked":  # the digits are on the phone: who has it beside them reads the next text, too
        ask(session, cast, phone)
    else:
        confirmed(session, cast, phone)
        changes: dict[str, Any] = {"long_ago": {"confirmed_at": at(9, day=TODAY.replace(month=1))}}
        with writing(session) as tx:
            own = update(PhoneNumber).where(PhoneNumber.patient_id == phone.patient_id)
            tx.execute(own.values(**changes.get(known, {"calls_only": True})))
    assert verdict(session) == "refused:shared_phone"


def test_the_other_side_is_not_asked_so_that_no_silence_tells_of_it(
    session: Session, cast: Cast, missed: Person
) -> None:
    """A file of the counseling point on the same number, and the same person's own: nothing changes for either."""
    phone = with_the_number_of(session, cast, missed.id, "support")
    confirmed(session, cast, phone)
    assert verdict(session) is None
    line = reached(session, cast, phone.patient_id, "support")
    assert find_line(session, phone.patient_id, "support", "check_in", NINE, alone=True) == line
    assert find_line(session, missed.id, "treatment", "missed_yesterday", NINE, alone=True) == line


def test_two_of_the_counseling_point_are_two_readers(session: Session, cast: Cast) -> None:
    person, _ = booked(session, cast, at(8, day=TOMORROW))
    assert find_line(session, person, "support", "check_in", NINE, alone=True) is not None
    other = with_the_number_of(session, cast, person, "support")
    confirmed(session, cast, other)
    assert find_line(session, person, "support", "check_in", NINE, alone=True) is None
    assert find_line(session, person, "support", "appointment", NINE) is not None
    with writing(session) as tx:
        left = update(SupportFile).where(SupportFile.patient_id == other.patient_id)
        tx.execute(left.values(status="moved"))
    assert find_line(session, person, "support", "check_in", NINE, alone=True) is not None


def test_what_goes_to_both_tells_nobody_who_is_meant_or_what_about(session: Session, cast: Cast) -> None:
    open_hours(session)
    turn(session, cast, "weekly", "support")
    person, _ = booked(session, cast, at(8, day=TOMORROW))
    choose(session, cast, person, "support", pretext="health", pronoun="chi")
    confirmed(session, cast, with_the_number_of(session, cast, person, "support"))
    plan(session, SIX)
    queue(session, at(17))
    assert [row.kind for row in reminders(session)] == ["appointment"]
    assert bodies(session)[-1].startswith("Nhac lich: ")


def test_a_second_number_that_is_ones_own_takes_what_the_first_no_longer_gets(session: Session, cast: Cast) -> None:
    person, _ = expected(session, cast)
    first = reach(session, cast, person.id)
    own = find_line(session, person.id, "treatment", "missed_yesterday", NINE, alone=True)
    assert own == first
    confirmed(session, cast, with_the_number_of(session, cast, person.id))
    assert find_line(session, person.id, "treatment", "missed_yesterday", NINE, alone=True) is None
    second = reach(session, cast, person.id)
    assert find_line(session, person.id, "treatment", "missed_yesterday", NINE, alone=True) == second


def test_the_pages_of_both_call_the_phone_shared_and_do_not_say_by_whom(
    app: Flask, session: Session, cast: Cast, missed: Person
) -> None:
    phone = with_the_number_of(session, cast, missed.id)
    client = app.test_client()
    sign_in(client, "dispenser")
    assert "có người khác đọc" not in client.get(f"/patients/{missed.ref}/agreements").text
    confirmed(session, cast, phone)
    ref = session.execute(select(TreatmentFile.ref).where(TreatmentFile.patient_id == phone.patient_id)).scalar_one()
    for shown, other in ((missed.ref, ref), (ref, missed.ref)):
        page = client.get(f"/patients/{shown}/agreements").text
        assert "có người khác đọc" in page and other not in page
        assert "(máy chung: không gửi)" in client.get(f"/patients/{shown}/agreements/choices").text
