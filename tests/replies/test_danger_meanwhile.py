"""Words of danger that came in while somebody dealt with older texts: unread, so nobody has taken them on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from counseling.models.duty import CrisisAlert
from counseling.queries.just_before import find_line_now
from counseling.refs import new_request_key
from counseling.services.inbox import answer_text, mark_handled, stop_texts
from tests.replies.story import REPLIED_AT, asked, has_number, texted
from tests.support.cast import DONG_KINH, Cast
from tests.support.files import by
from tests.support.treatment import somebody

NOW = REPLIED_AT
A_MINUTE = timedelta(minutes=1)
DANGER = "em muốn chết"


def alerts(session: Session) -> list[Row[Any]]:
    session.rollback()
    return list(session.execute(select(*CrisisAlert.__table__.columns).order_by(CrisisAlert.id)))


def deals_with(session: Session, cast: Cast, text_id: int, how: str, now: datetime) -> None:
    """Somebody of the desk does something about a conversation, from a page that ends with this text."""
    who = by(cast, "dispenser")
    if how == "answers":
        answer_text(session, text_id, "Vang, em ghi lai roi.", by=who, request_key=new_request_key(), now=now)
    else:
        {"looks": mark_handled, "stops": stop_texts}[how](session, text_id, by=who, now=now)


@pytest.mark.parametrize("how", ["answers", "looks", "stops"])
def test_whoever_deals_with_an_older_text_has_not_taken_on_the_newer(
    session: Session, cast: Cast, treated: int, line: int, how: str
) -> None:
    shown = texted(session, "alo")
    danger = texted(session, DANGER, at=NOW + A_MINUTE)
    deals_with(session, cast, shown.id, how, NOW + 2 * A_MINUTE)
    (alert,) = alerts(session)
    assert (alert.inbound_id, alert.taken_at) == (danger.id, None)
    deals_with(session, cast, danger.id, "looks", NOW + 3 * A_MINUTE)
    assert alerts(session)[0].taken_by_id == cast.staff["dispenser"]


def test_danger_that_came_on_top_of_danger_calls_anew(session: Session, cast: Cast, treated: int, line: int) -> None:
    shown = texted(session, DANGER)
    newer = texted(session, DANGER, at=NOW + A_MINUTE)
    assert len(alerts(session)) == 1
    deals_with(session, cast, shown.id, "answers", NOW + 2 * A_MINUTE)
    first, second = alerts(session)
    assert first.taken_at is not None and second.taken_at is None
    assert (second.inbound_id, second.next_call_at) == (newer.id, NOW + 12 * A_MINUTE), "they are with them just now"


def test_nothing_goes_there_by_itself_until_somebody_has_taken_it_on(
    session: Session, cast: Cast, treated: int, line: int
) -> None:
    """Two hours after "em muốn chết", with nobody there, no text asks about the daily task."""
    danger = texted(session, DANGER)
    later = NOW + 120 * A_MINUTE
    assert find_line_now(session, line, DONG_KINH, "treatment", later).is_in_conversation
    deals_with(session, cast, danger.id, "looks", NOW + 61 * A_MINUTE)
    assert not find_line_now(session, line, DONG_KINH, "treatment", later).is_in_conversation


def test_whoever_answers_another_person_of_the_number_has_not_read_it(
    session: Session, cast: Cast, treated: int, line: int
) -> None:
    """Two share a phone: words after an answered question have no name, and stand in a conversation of their own."""
    has_number(session, somebody(session, cast).id)
    asked(session, line, treated)
    assert texted(session, DANGER).patient_id == treated
    texted(session, "1", at=NOW + A_MINUTE)
    nameless = texted(session, "vâng", at=NOW + 2 * A_MINUTE)
    assert nameless.patient_id is None
    deals_with(session, cast, nameless.id, "looks", NOW + 3 * A_MINUTE)
    assert [alert.taken_at for alert in alerts(session)] == [None]
