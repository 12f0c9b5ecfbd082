"""Outside the hours of the duty roster nobody calls at once: the answer says when, and the morning opens with it."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.domain.duty import EVERY_DAY, Shift
from counseling.models.tasks import Task
from counseling.models.texts import OutboundMessage
from counseling.queries.inbox import list_conversations
from counseling.refs import new_request_key
from counseling.services.duty_roster import add_shift
from counseling.services.inbound import store_inbound
from counseling.services.inbox import mark_handled
from counseling.services.reminder_gates import why_not_now
from counseling.services.sms_consents import give_consent
from counseling.sms.wording import text_of
from tests.agreements.story import WORDS
from tests.replies.story import NUMBER, OTHER_NUMBER, ZONE, asked, has_number, inbound, outbound, read, texted
from tests.support.cast import DONG_KINH, Cast
from tests.support.files import by, patient_of, registered
from tests.support.settings import MORNING

NIGHT = datetime(2026, 11, 22, 21, 0, tzinfo=ZONE)
DAY = datetime(2026, 11, 22, 9, 0, tzinfo=ZONE)
SAID = text_of("call_back_shut", since="7h thu Hai 23/11")


@pytest.fixture
def roster(session: Session, cast: Cast) -> None:
    shift = Shift(
        staff_id=cast.staff["dispenser"], days=EVERY_DAY, starts_at=time(7), ends_at=time(17), position=1,
        wait_minutes=10,
    )  # fmt: skip
    who = by(cast, "dispenser")
    add_shift(session, "treatment", DONG_KINH, shift, by=who, request_key=new_request_key(), now=MORNING)


def said(session: Session) -> list[str]:
    """What was answered by itself."""
    answers = outbound(session, "call_back_shut")
    return [str(vault_of(session).open("outbound_messages.body", one.ref, one.body)) for one in answers]


def rings(session: Session, at: datetime, number: str = NUMBER) -> None:
    one: dict[str, Any] = {"gateway": "simulator", "body": "", "kind": "missed_call"}
    store_inbound(session, event_key=f"rang {at}", number=number, received_at=at, **one)
    assert read(session, at) == 1


@pytest.mark.parametrize(("wording", "digit"), [("missed_yesterday", "2"), ("weekly", "2"), ("appointment", "2")])
def test_who_asks_for_a_call_at_night_is_told_when(
    session: Session, treated: int, line: int, roster: None, wording: str, digit: str
) -> None:
    asked(session, line, treated, wording, at=NIGHT - timedelta(hours=2))
    row = texted(session, digit, at=NIGHT)
    assert (row.meaning, row.handled_at) == ("answer", None)
    assert said(session) == [SAID]
    with writing(session) as tx:
        assert why_not_now(tx, outbound(session, "call_back_shut")[0], NIGHT, ZONE) is None, "at this hour too"
    assert len(session.execute(select(Task.id)).all()) == 1


def test_within_the_hours_and_without_a_roster_nothing_is_promised(
    session: Session, treated: int, line: int, request: pytest.FixtureRequest
) -> None:
    asked(session, line, treated, at=DAY - timedelta(hours=1))
    assert texted(session, "2", at=NIGHT).handled_at == NIGHT
    request.getfixturevalue("roster")
    asked(session, line, treated, at=DAY)
    assert texted(session, "2", at=DAY + timedelta(hours=1)).handled_at is not None
    assert said(session) == []


def test_help_is_answered_and_the_call_that_it_offers_too_within_one_hour(
    session: Session, treated: int, line: int, roster: None
) -> None:
    texted(session, "trợ giúp", at=NIGHT)
    with writing(session) as tx:
        tx.execute(update(OutboundMessage).values(state="delivered"))
    texted(session, "2", at=NIGHT + timedelta(minutes=1))
    rings(session, NIGHT + timedelta(minutes=2))
    assert (len(outbound(session, "help")), said(session)) == (1, [SAID])


def test_who_rings_at_night_is_told_when_where_they_take_texts(
    session: Session, cast: Cast, treated: int, line: int, roster: None
) -> None:
    rings(session, NIGHT)
    assert said(session) == [], "they have not agreed to any"
    assert inbound(session)[0].handled_at is None
    give_consent(session, treated, "treatment", WORDS, by=by(cast, "dispenser"), request_key=new_request_key(), now=DAY)
    rings(session, NIGHT + timedelta(minutes=5))
    assert said(session) == [SAID]
    texted(session, "NGUNG", at=NIGHT + timedelta(hours=1))
    rings(session, NIGHT + timedelta(hours=2))
    assert said(session) == [SAID], "nor after they stopped them"


def test_the_morning_opens_with_who_asked_for_a_call(
    session: Session, cast: Cast, treated: int, line: int, roster: None
) -> None:
    asked(session, line, treated, at=NIGHT - timedelta(hours=2))
    call = texted(session, "2", at=NIGHT)
    other = patient_of(session, registered(session, cast, full_name="Lý Văn Hai", register_code="LS-0099"))
    has_number(session, other, number=OTHER_NUMBER)
    texted(session, "mai em bận", number=OTHER_NUMBER, at=NIGHT + timedelta(minutes=1))
    morning, viewer = NIGHT + timedelta(hours=10), cast.viewer_of("dispenser")

    def first() -> tuple[int | None, bool]:
        session.rollback()
        line = list_conversations(session, viewer, morning).conversations[0]
        return line.patient_id, line.wants_a_call

    assert first() == (treated, True)
    texted(session, "em muốn chết", number=OTHER_NUMBER, at=NIGHT + timedelta(minutes=2))
    assert first() == (other, False), "danger comes before it"
    mark_handled(session, inbound(session)[-1].id, by=by(cast, "dispenser"), now=morning)
    mark_handled(session, call.id, by=by(cast, "dispenser"), now=morning)
    assert first() == (other, False)
