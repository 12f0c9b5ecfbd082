"""The first text has no reminder that would take it back: whoever wants none, leaves or dies does not get it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.texts import OutboundMessage
from counseling.refs import new_request_key
from counseling.services.aftercare import end_aftercare, open_aftercare
from counseling.services.patients import change_status
from counseling.services.phone_confirmation import confirm_by_call, note_readers, note_wrong
from counseling.services.phones import remove_phone
from counseling.services.sending import send_due
from counseling.services.sms_consents import (
    choose_purposes,
    give_consent,
    stop_texts_of_line,
    withdraw_consent,
)
from counseling.services.support_status import change_support_status
from tests.agreements.story import ASKS, WORDS, numbered, person, phone_of
from tests.support.cast import DONG_KINH, Cast
from tests.support.files import by
from tests.support.outbox import FakeProvider, queued
from tests.support.reminding import A_DAY, TODAY, TOMORROW, ZONE, at, choose, texts

EVENING, LATER, MORNING_AFTER = at(20, 30), at(20, 35), at(7, 1, TOMORROW)
WhatHappens = Callable[[Session, Cast, int], None]


def rang(session: Session, cast: Cast, side: str = "treatment") -> int:
    """Somebody agreed in the evening and confirmed their number by ringing: the first text waits for the morning."""
    patient_id, who = person(session, cast, side), by(cast, ASKS[side])
    confirm_by_call(session, numbered(session, patient_id, side), by=who, now=EVENING)
    give_consent(session, patient_id, side, WORDS, by=who, request_key=new_request_key(), now=EVENING)
    assert came_to(session) == [("first", "queued", None)]
    return patient_id


def came_to(session: Session) -> list[tuple[str, str, str | None]]:
    return [(row.wording, row.state, row.reason) for row in texts(session)]


def sent(session: Session) -> list[str]:
    """What goes out on the morning after."""
    gateway = FakeProvider()
    send_due(session, gateway, MORNING_AFTER, ZONE)
    return [text.body for text in gateway.sent]


def line_of(session: Session, patient_id: int, side: str = "treatment") -> int:
    line_id = phone_of(session, patient_id, side).line_id
    assert line_id is not None
    return line_id


def wants_calls_only(session: Session, cast: Cast, patient_id: int) -> None:
    choose(session, cast, patient_id, calls_only=True)


def takes_it_back(session: Session, cast: Cast, patient_id: int) -> None:
    withdraw_consent(session, patient_id, "treatment", by=by(cast, "dispenser"), now=LATER)


def stops(session: Session, cast: Cast, patient_id: int) -> None:
    with writing(session) as tx:
        stop_texts_of_line(tx, line_of(session, patient_id), LATER)


def takes_the_number_off(session: Session, cast: Cast, patient_id: int) -> None:
    who, ref = by(cast, "dispenser"), phone_of(session, patient_id).ref
    remove_phone(session, patient_id, ref, by=who, now=LATER, side="treatment")


def is_anothers(session: Session, cast: Cast, patient_id: int) -> None:
    note_wrong(session, numbered(session, patient_id), by=by(cast, "dispenser"), now=LATER)


def leaves(status: str) -> WhatHappens:
    def leave(session: Session, cast: Cast, patient_id: int) -> None:
        who = by(cast, "dispenser")
        change_status(
            session, patient_id, status=status, since_on=TODAY, reason=None, by=who, today=TODAY, now=LATER
        )  # fmt: skip

    return leave


TREATED = {
    "calls_only": wants_calls_only,
    "consent_withdrawn": takes_it_back,
    "opted_out": stops,
    "number_removed": takes_the_number_off,
    "number_wrong": is_anothers,
    "discharged": leaves("discharged"),
    "died": leaves("died"),
}


@pytest.mark.parametrize("why", sorted(TREATED))
def test_it_is_taken_back_with_everything_else(session: Session, cast: Cast, why: str) -> None:
    TREATED[why](session, cast, rang(session, cast))
    assert came_to(session) == [("first", "cancelled", why)]
    assert sent(session) == []


def test_a_number_that_is_only_to_be_called_gets_none(session: Session, cast: Cast) -> None:
    patient_id, who = rang(session, cast), by(cast, "dispenser")
    note_readers(session, numbered(session, patient_id), is_shared=False, calls_only=True, by=who, now=LATER)
    assert sent(session) == []
    assert came_to(session) == [("first", "refused", "not_their_number")]


def test_of_who_leaves_the_point_too(session: Session, cast: Cast) -> None:
    patient_id = rang(session, cast, "support")
    change_support_status(
        session, patient_id, site_id=DONG_KINH, status="moved", since_on=TODAY, by=by(cast, "counselor"),
        today=TODAY, now=LATER,
    )  # fmt: skip
    assert came_to(session) == [("first", "cancelled", "moved")]
    assert sent(session) == []


def test_aftercare_that_ends_with_a_death_takes_it_back(session: Session, cast: Cast) -> None:
    """The file of the point may still stand as it was: nobody has said it there yet."""
    patient_id, who = rang(session, cast, "support"), by(cast, "counselor")
    open_aftercare(
        session, patient_id=patient_id, site_id=DONG_KINH, supporter_id=None, rhythm="weekly", first_on=TODAY + A_DAY,
        by=who, request_key=new_request_key(), today=TODAY, now=LATER,
    )  # fmt: skip
    ended = {"patient_id": patient_id, "site_id": DONG_KINH, "reason": "died", "today": TODAY, "now": LATER}
    assert end_aftercare(session, by=who, **ended)
    assert came_to(session) == [("first", "cancelled", "aftercare_ended")]
    assert sent(session) == []


def test_fewer_purposes_leave_it(session: Session, cast: Cast) -> None:
    """How to stop is said to whoever gets any texts at all."""
    patient_id = rang(session, cast)
    fewer = type(WORDS)(version="v1", language="vi", purposes=frozenset({"daily"}))
    key, who = new_request_key(), by(cast, "dispenser")
    choose_purposes(session, patient_id, "treatment", fewer, by=who, request_key=key, now=LATER)
    assert len(sent(session)) == 1


def test_calls_only_is_asked_once_more_by_the_sender(session: Session, cast: Cast) -> None:
    """A sender holds the text while the choice is written, so that nothing is found to be taken back."""
    patient_id = rang(session, cast)
    take, let_go = update(OutboundMessage).values(state="claimed"), update(OutboundMessage).values(state="queued")
    with writing(session) as tx:
        tx.execute(take)
    wants_calls_only(session, cast, patient_id)
    with writing(session) as tx:
        tx.execute(let_go)
    assert sent(session) == []
    assert came_to(session) == [("first", "refused", "calls_only")]


def test_who_wants_texts_after_all_is_told_again(session: Session, cast: Cast) -> None:
    patient_id = rang(session, cast)
    wants_calls_only(session, cast, patient_id)
    choose(session, cast, patient_id)
    assert [state for _, state, _ in came_to(session)] == ["cancelled", "queued"]


def test_answers_and_typed_words_are_not_taken_back(session: Session, cast: Cast) -> None:
    """Who wants to be called only and has just asked something by text is answered."""
    patient_id = rang(session, cast)
    line_id = line_of(session, patient_id)
    for wording, typed in (("help", False), ("typed", True)):
        queued(session, line_id, patient_id=patient_id, wording=wording, is_automatic=not typed, now=at(20, 31),
               expires_at=at(20, 31) + A_DAY)  # fmt: skip
    wants_calls_only(session, cast, patient_id)
    stops(session, cast, patient_id)
    assert [state for _, state, _ in came_to(session)] == ["cancelled", "queued", "queued"]
