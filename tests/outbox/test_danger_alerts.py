"""A danger sign of a visit calls whoever is on duty at the point: once a visit, and until somebody has taken it on."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import vault_of, writing
from counseling.domain.duty import EVERY_DAY, Shift
from counseling.domain.phone_entries import Said
from counseling.models.duty import CrisisAlert
from counseling.models.people import StaffRole
from counseling.models.phone_entries import WaitingVisit
from counseling.models.texts import OutboundMessage
from counseling.queries.crises import Waiting, list_waiting
from counseling.queries.duty import list_read
from counseling.refs import new_request_key
from counseling.services.crises import take_on
from counseling.services.duty_roster import add_shift, set_duty_phone
from counseling.services.escalation import call_on_duty
from counseling.services.tasks import settle_waiting
from counseling.services.waiting_visits import dismiss_visit, keep_unlisted, match_visit, try_again
from counseling.sms.wording import text_of
from tests.outbox.story import ARRIVAL, SAVED, contacts, hand_in, token_of, waiting
from tests.outreach.story import ALL_SHOWN, correct, log, someone
from tests.replies.story import has_number, texted
from tests.support.cast import DONG_KINH, Cast
from tests.support.files import by
from tests.support.phone import visit

LATER = ARRIVAL + timedelta(minutes=20)
IN_DANGER: dict[str, Any] = {"outcome": "needs_help", "danger": ["suicide"]}


def alerts(session: Session) -> Sequence[Any]:
    session.rollback()
    return session.execute(select(CrisisAlert.__table__).order_by(CrisisAlert.id)).all()


def lines(session: Session, cast: Cast, who: str = "counselor", desk: int = 0) -> list[Waiting]:
    session.rollback()
    return list_waiting(session, cast.viewer_of(who, desk))


def on_duty(session: Session, cast: Cast) -> None:
    who = by(cast, "counselor")
    shift = Shift(
        staff_id=who.staff_id, days=EVERY_DAY, starts_at=time(0), ends_at=time(0), position=1, wait_minutes=5
    )  # fmt: skip
    add_shift(session, "support", DONG_KINH, shift, by=who, request_key=new_request_key(), now=SAVED)
    set_duty_phone(session, "+84912999888", by=who, now=SAVED)


# ---- raised, once ----


def test_a_visit_of_danger_calls_whoever_is_on_duty_in_words_that_say_nothing(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    on_duty(session, cast)
    hand_in(session, cast, visit(person.ref, **IN_DANGER))
    (alert,), (contact,) = alerts(session), contacts(session)
    assert (alert.contact_id, alert.waiting_visit_id, alert.inbound_id) == (contact.contact_id, None, None)
    assert (alert.side, alert.site_id, alert.raised_at) == ("support", DONG_KINH, ARRIVAL)
    assert call_on_duty(session, ARRIVAL, VIETNAM) == 1
    (sent,) = session.execute(select(OutboundMessage)).scalars()
    body = vault_of(session).open("outbound_messages.body", sent.ref, sent.body)
    assert (body, sent.patient_id, sent.side) == (text_of("duty"), None, "support")


def test_an_entry_that_comes_again_calls_nobody_again(session: Session, cast: Cast) -> None:
    person, entry, held = someone(session, cast), str(uuid.uuid4()), token_of(session, cast)
    for _ in range(3):
        hand_in(session, cast, visit(person.ref, **IN_DANGER), id=entry, held=held)
    assert len(alerts(session)) == 1
    take_on(session, alerts(session)[0].id, by=by(cast, "counselor"), now=LATER)
    hand_in(session, cast, visit(person.ref, **IN_DANGER), id=entry, held=held)
    assert len(alerts(session)) == 1


def test_a_visit_without_a_sign_calls_nobody(session: Session, cast: Cast) -> None:
    hand_in(session, cast, visit(someone(session, cast).ref, outcome="needs_help"))
    hand_in(session, cast, visit(None, said="anh Tám", outcome="needs_help"))
    assert not alerts(session)


@pytest.mark.parametrize("who", ["z" * 16, None])
def test_a_stranger_in_danger_calls_whoever_is_on_duty(session: Session, cast: Cast, who: str | None) -> None:
    on_duty(session, cast)
    hand_in(session, cast, visit(who, said="anh Tám chợ mới", **IN_DANGER))
    (alert,), (row,) = alerts(session), waiting(session)
    assert (alert.contact_id, alert.waiting_visit_id, alert.side, alert.site_id) == (
        None, row.id, "support", DONG_KINH,
    )  # fmt: skip
    assert call_on_duty(session, ARRIVAL, VIETNAM) == 1


def test_a_stranger_of_the_plain_form_does_too(session: Session, cast: Cast) -> None:
    key, said = new_request_key(), Said(outcome="met_needs_help", said="anh Tám", danger=("suicide",))
    for _ in range(2):
        keep_unlisted(
            session, cast.viewer_of("volunteer"), said, request_key=key, today=SAVED.date(), now=SAVED
        )  # fmt: skip
    assert len(alerts(session)) == 1


def test_one_meeting_is_one_alert_and_so_is_one_person(session: Session, cast: Cast) -> None:
    people = [someone(session, cast, f"Anh {number}") for number in range(3)]
    refs = [person.ref for person in people]
    hand_in(session, cast, visit(None, people=[*refs, "y" * 16, "z" * 16], **IN_DANGER), kind="group")
    assert [alert.contact_id is None for alert in alerts(session)] == [True], "whose sign it is the point finds out"
    for _ in range(2):
        hand_in(session, cast, visit(refs[0], **IN_DANGER))
        assert len(alerts(session)) == 2, "the one that stands stays the one"


def test_what_stands_about_others_keeps_nobody_waiting(session: Session, cast: Cast) -> None:
    """A text's alert, another person's, another stranger's."""
    has_number(session, someone(session, cast, "Chị Tư").id, "support")
    texted(session, "em muốn chết")
    volunteer, said = cast.viewer_of("volunteer"), Said(outcome="met_needs_help", said="anh Tám", danger=("suicide",))
    for name in ("Anh Ba", "Anh Năm"):
        log(session, cast, someone(session, cast, name), "met_needs_help", danger=("suicide",))
        key = new_request_key()
        keep_unlisted(session, volunteer, said, request_key=key, today=SAVED.date(), now=SAVED)
        hand_in(session, cast, visit(None, said=name, **IN_DANGER))
    assert len(alerts(session)) == 7


def test_after_it_was_taken_on_a_new_sign_calls_again_and_the_same_one_does_not(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    made = log(session, cast, person, "met_needs_help", danger=("suicide",))
    take_on(session, alerts(session)[0].id, by=by(cast, "counselor"), now=LATER)
    made = correct(session, cast, person, made, "met_needs_help", danger=("suicide",), now=LATER)
    assert len(alerts(session)) == 1
    correct(session, cast, person, made, "met_needs_help", danger=("suicide", "overdose"), now=LATER)
    assert len(alerts(session)) == 2


def test_an_entry_that_can_be_read_at_last_calls_and_shows_its_sign(session: Session, cast: Cast) -> None:
    hand_in(session, cast, visit(None, said="anh Tám", **IN_DANGER))
    with writing(session) as tx:  # as if nothing of it could be read when it came
        values = {"code": "key_gone", "said": None, "danger": ""}
        tx.execute(update(WaitingVisit).values(**values))
    (row,) = waiting(session)
    before = alerts(session)
    take_on(session, before[0].id, by=by(cast, "counselor"), now=LATER)
    assert try_again(session, cast.viewer_of("counselor"), row.ref, zone=VIETNAM, now=LATER) is True
    assert waiting(session)[0].danger == "suicide"
    assert len(alerts(session)) == 1, "one visit, one alert"


# ---- who reads it, and how it ends ----


def test_only_the_point_reads_that_something_waits_and_where(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    log(session, cast, person, "met_needs_help", danger=("suicide",))
    hand_in(session, cast, visit(None, said="anh Tám", **IN_DANGER))
    found = lines(session, cast)
    assert [(one.task_ref, one.visit_ref, one.text_ref) for one in found] == [
        (person.ref, None, None), (None, waiting(session)[0].ref, None),
    ]  # fmt: skip
    for who, desk in (
        ("volunteer", 0), ("dispenser", 0), ("doctor", 0), ("nurse", 0), ("nurse", 1), ("community", 0),
        ("supervisor", 0), ("admin", 0),
    ):  # fmt: skip
        assert lines(session, cast, who, desk) == [], who


def test_whoever_closes_the_task_or_rings_has_taken_it_on(session: Session, cast: Cast) -> None:
    person, counselor = someone(session, cast), cast.viewer_of("counselor")
    log(session, cast, person, "met_needs_help", danger=("suicide",))
    settle_waiting(session, counselor, person.id, "danger_sign", shown=ALL_SHOWN, outcome="done", now=LATER)
    assert alerts(session)[0].taken_by_id == counselor.staff_id
    log(session, cast, person, "met_needs_help", danger=("suicide",), now=LATER)
    log(session, cast, person, "met_well", who="counselor", kind="phone", answers=("danger_sign",), now=LATER)
    assert alerts(session)[1].taken_by_id == counselor.staff_id
    assert lines(session, cast) == []


def test_whoever_matches_or_puts_away_has_taken_it_on_and_nobody_is_called_again(session: Session, cast: Cast) -> None:
    person, counselor = someone(session, cast), cast.viewer_of("counselor")
    for name in ("anh Tám", "anh Chín"):
        hand_in(session, cast, visit(None, said=name, **IN_DANGER))
    one, other = waiting(session)
    match_visit(session, counselor, one.ref, person.ref, LATER)
    dismiss_visit(session, counselor, other.ref, "duplicate", LATER)
    assert [alert.taken_by_id for alert in alerts(session)] == [counselor.staff_id] * 2


def test_the_database_takes_no_alert_of_two_origins_or_of_none(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    log(session, cast, person, "met_needs_help", danger=("suicide",))
    hand_in(session, cast, visit(None, said="anh Tám"))
    contact_id, visit_id = alerts(session)[0].contact_id, waiting(session)[0].id
    own = {"side": "support", "site_id": DONG_KINH, "raised_at": LATER, "next_call_at": LATER}
    for origins in ({}, {"contact_id": contact_id, "waiting_visit_id": visit_id}, {"contact_id": contact_id}):
        with pytest.raises(DatabaseError), writing(session) as tx:
            tx.execute(CrisisAlert.__table__.insert().values(ref="r" * 12, **own, **origins))


# ---- a point where nobody is left ----


@pytest.mark.parametrize("is_known", [True, False])
def test_a_visit_of_danger_where_nobody_reads_any_more_reaches_somebody(
    session: Session, cast: Cast, is_known: bool
) -> None:
    person = someone(session, cast)
    with writing(session) as tx:
        counselors = StaffRole.kind == "counselor", StaffRole.site_id == DONG_KINH
        tx.execute(update(StaffRole).where(*counselors).values(ended_at=SAVED))
    session.rollback()
    read = list_read(session)
    assert ("support", DONG_KINH) not in read
    hand_in(session, cast, visit(person.ref if is_known else None, said="anh Tám", **IN_DANGER))
    (alert,) = alerts(session)
    assert (alert.side, alert.site_id) in read


# ---- matched later than what it corrects, or sooner ----


def test_a_correction_that_is_matched_calls_nobody_about_what_its_visit_has_called_about(
    session: Session, cast: Cast
) -> None:
    person, first, counselor = someone(session, cast), str(uuid.uuid4()), cast.viewer_of("counselor")
    hand_in(session, cast, visit(None, said="anh Tám", **IN_DANGER), id=first)
    take_on(session, alerts(session)[0].id, by=by(cast, "counselor"), now=LATER)
    hand_in(session, cast, visit(None, said="anh Tám", corrects=first), kind="correction")
    match_visit(session, counselor, waiting(session)[1].ref, person.ref, LATER)
    assert [alert.taken_at is None for alert in alerts(session)] == [False]


def test_whoever_matches_a_correction_has_taken_on_what_it_tells_of(session: Session, cast: Cast) -> None:
    person, first, counselor = someone(session, cast), str(uuid.uuid4()), cast.viewer_of("counselor")
    on_duty(session, cast)
    hand_in(session, cast, visit(None, said="anh Tám", **IN_DANGER), id=first)
    hand_in(session, cast, visit(None, said="anh Tám", corrects=first), kind="correction")
    match_visit(session, counselor, waiting(session)[1].ref, person.ref, ARRIVAL)
    assert call_on_duty(session, LATER, VIETNAM) == 0
