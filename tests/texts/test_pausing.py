"""A person stops a site's texts, takes one back or moves its hour; a sender that works at that moment comes first."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import writing
from counseling.domain.refusal import Refusal
from counseling.models.audit import AuditEntry
from counseling.models.text_keeping import SendingPause
from counseling.models.texts import OutboundMessage, Reminder
from counseling.queries.sending_pauses import find_pause
from counseling.services.channels import Lane
from counseling.services.message_attempts import claim_due
from counseling.services.queue_changes import Waiting, change_hour, take_back
from counseling.services.reminder_gates import why_not_now
from counseling.services.sending_pauses import pause_sending, resume_sending
from counseling.sms.wording import text_of
from tests.support.cast import CAO_LOC, DONG_KINH, Cast
from tests.support.files import by
from tests.support.outbox import EIGHT, FakeProvider, a_line, a_person, a_reminder, message, queue, queued, send
from tests.support.races import at_the_same_second
from tests.support.reminding import at, outcomes, plan, reach, yesterday
from tests.support.reminding import open_hours as opens
from tests.support.reminding import queue as queue_due
from tests.support.treatment import somebody


def pause(session: Session, cast: Cast, site: int = DONG_KINH, side: str = "treatment") -> None:
    pause_sending(session, site, side, by=by(cast, "dispenser"), now=EIGHT)
    session.rollback()


def resume(session: Session, cast: Cast, site: int = DONG_KINH, side: str = "treatment") -> None:
    """Let go what stands; where nothing does (any more), it is as good."""
    standing = find_pause(session, site, side)
    now, seen = EIGHT + timedelta(minutes=30), standing.id if standing else 1
    assert resume_sending(session, site, side, seen, by=by(cast, "dispenser"), now=now)
    session.rollback()


def looked_at(session: Session, provider: FakeProvider, now: Any = EIGHT) -> list[str]:
    """Send with the real second look; the refs that went out."""
    send(session, provider, now, look_again=why_not_now)
    return provider.refs()


def reached_text(session: Session, cast: Cast, **changes: Any) -> int:
    person = somebody(session, cast)
    line = reach(session, cast, person.id)
    return queued(session, line, patient_id=person.id, **changes)


def test_automatic_texts_wait_and_answers_go(session: Session, cast: Cast) -> None:
    text, provider = reached_text(session, cast), FakeProvider()
    answer = queued(session, a_line(session), wording="stopped", body=text_of("stopped"), answer_hour="2026-11-22T01")
    typed = queued(session, a_line(session), wording="typed", is_automatic=False)
    pause(session, cast)
    assert looked_at(session, provider) == [message(session, one).ref for one in (answer, typed)]
    assert message(session, text).state == "queued"
    resume(session, cast)
    assert len(looked_at(session, provider, EIGHT + timedelta(minutes=31))) == 3


def test_reminders_stay_in_the_plan_while_their_site_pauses(session: Session, cast: Cast) -> None:
    opens(session)
    yesterday(session, cast)
    plan(session, at(6))
    pause(session, cast)
    assert queue_due(session, at(10)) == 0
    assert outcomes(session) == [("planned", None)]
    resume(session, cast)
    assert queue_due(session, at(10)) == 1


def test_a_pause_is_of_one_site_and_one_side_and_is_ended_once(session: Session, cast: Cast) -> None:
    pause(session, cast)
    pause(session, cast)
    sides = [(site, side) for site in (DONG_KINH, CAO_LOC) for side in ("treatment", "support")]
    assert [find_pause(session, *where) is not None for where in sides] == [True, False, False, False]
    found = find_pause(session, DONG_KINH, "treatment")
    assert found is not None and (found.paused_at, found.paused_by) == (EIGHT, "Người mẫu dispenser")
    session.rollback()
    resume(session, cast)
    resume(session, cast)
    actions = session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("sending.%")))
    assert list(actions) == ["sending.paused", "sending.resumed"]
    session.rollback()
    with pytest.raises(DBAPIError, match="sending_pauses_end_once"), writing(session) as tx:
        tx.execute(SendingPause.__table__.update().values(ended_at=EIGHT))


def test_two_who_pause_at_the_same_second_make_one_pause(session: Session, cast: Cast) -> None:
    session.rollback()
    both = at_the_same_second(session.get_bind(), *[lambda own: pause(own, cast)] * 2)  # type: ignore[arg-type]  # an engine
    assert both == [None, None]
    assert len(session.scalars(select(SendingPause)).all()) == 1


def waiting(row_id: int, source: str = "text", site: int = DONG_KINH, side: str = "treatment") -> Waiting:
    return Waiting(source, row_id, site, side)


def test_one_text_is_taken_back_with_its_reminder(session: Session, cast: Cast) -> None:
    person = a_person(session)
    reminder = a_reminder(session, person)
    text = queued(session, a_line(session), patient_id=person, reminder_id=reminder)
    take_back(session, waiting(text), by=by(cast, "dispenser"), now=EIGHT)
    assert (message(session, text).state, message(session, text).reason) == ("cancelled", "by_staff")
    assert outcomes(session) == [("cancelled", "by_staff")]
    planned = a_reminder(session, a_person(session), "planned")
    take_back(session, waiting(planned, "reminder"), by=by(cast, "dispenser"), now=EIGHT)
    assert outcomes(session)[1] == ("cancelled", "by_staff")
    with pytest.raises(Refusal, match="not_waiting"):
        take_back(session, waiting(planned, "reminder"), by=by(cast, "dispenser"), now=EIGHT)


def test_what_a_sender_has_taken_or_another_site_sends_is_left_alone(session: Session, cast: Cast) -> None:
    text, who = queued(session, a_line(session)), by(cast, "dispenser")
    for elsewhere in (waiting(text, site=CAO_LOC), waiting(text, side="support"), waiting(text, "reminder")):
        with pytest.raises(Refusal, match="not_waiting"):
            take_back(session, elsewhere, by=who, now=EIGHT)
    claim_due(session, Lane(FakeProvider(), frozenset({"answers", "reminders"}), room=1, pace=30), EIGHT, 1)
    with pytest.raises(Refusal, match="not_waiting"):
        take_back(session, waiting(text), by=who, now=EIGHT)
    assert message(session, text).state == "claimed"


def test_of_a_person_and_a_sender_at_the_same_second_one_has_the_text(session: Session, cast: Cast) -> None:
    text, provider = queued(session, a_line(session)), FakeProvider()
    outcome, _ = at_the_same_second(
        session.get_bind(),  # type: ignore[arg-type]  # an engine
        lambda own: take_back(own, waiting(text), by=by(cast, "dispenser"), now=EIGHT),
        lambda own: send(own, provider),
    )
    is_kept = isinstance(outcome, Refusal)
    assert (message(session, text).state, len(provider.sent)) == (("accepted", 1) if is_kept else ("cancelled", 0))


def move(session: Session, cast: Cast, which: Waiting, to: time) -> Any:
    return change_hour(session, which, to, by=by(cast, "dispenser"), now=EIGHT, zone=VIETNAM)


@pytest.mark.parametrize("source", ["text", "reminder"])
def test_the_hour_moves_within_its_day(session: Session, cast: Cast, source: str) -> None:
    if source == "text":
        row_id = queued(session, a_line(session), expires_at=at(17))
    else:
        row_id = a_reminder(session, a_person(session), "planned")
    assert move(session, cast, waiting(row_id, source), time(15, 30)) == at(15, 30)
    column = OutboundMessage.send_after if source == "text" else Reminder.due_at
    assert session.execute(select(column)).scalar_one() == at(15, 30)
    session.rollback()
    for wrong, code in ((time(21), "quiet_hour"), (time(6, 59), "quiet_hour"), (time(7, 30), "hour_past")):
        with pytest.raises(Refusal, match=code):
            move(session, cast, waiting(row_id, source), wrong)
    if source == "text":
        with pytest.raises(Refusal, match="hour_too_late"):
            move(session, cast, waiting(row_id), time(18))


def test_answers_have_no_other_hour(session: Session, cast: Cast) -> None:
    answer = queue(session, a_line(session), wording="number")
    typed = queue(session, a_line(session), is_automatic=False, wording="typed")
    for row_id in (answer, typed):
        with pytest.raises(Refusal, match="goes_at_once"):
            move(session, cast, waiting(row_id or 0), time(15))
