"""Queueing is repeatable: the same reminder, form or answer gives one text, and its words are sealed."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from counseling.database import vault_of
from counseling.models.texts import OutboundMessage
from counseling.vault import CannotOpen
from tests.support.cast import Cast
from tests.support.outbox import BODY, EIGHT, a_line, a_person, a_reminder, message, queue, queued

KEY = "0" * 32


def count(session: Session) -> int:
    return session.execute(select(func.count(OutboundMessage.id))).scalar_one()


def test_a_queued_text_is_due_now_and_has_its_size(session: Session, cast: Cast) -> None:
    row = message(session, queued(session, a_line(session), body="a" * 161))
    assert (row.state, row.send_after, row.queued_at, row.segments, row.attempts) == ("queued", EIGHT, EIGHT, 2, 0)
    assert row.attempt_started_at is None and row.counted_on is None


def test_the_words_are_sealed_to_their_own_row(session: Session, cast: Cast) -> None:
    line = a_line(session)
    row, other = (message(session, queued(session, line)) for _ in range(2))
    vault = vault_of(session)
    assert BODY.encode() not in bytes(row.body)
    assert vault.open("outbound_messages.body", row.ref, row.body) == BODY
    with pytest.raises(CannotOpen):
        vault.open("outbound_messages.body", other.ref, row.body)


def test_one_reminder_gives_one_text_whoever_queues_it_how_often(session: Session, cast: Cast) -> None:
    person = a_person(session)
    reminder, line = a_reminder(session, person), a_line(session)
    assert queue(session, line, patient_id=person, reminder_id=reminder) is not None
    assert queue(session, line, patient_id=person, reminder_id=reminder) is None
    assert count(session) == 1


def test_a_form_that_was_sent_twice_gives_one_text(session: Session, cast: Cast) -> None:
    line = a_line(session)
    typed = {"is_automatic": False, "wording": "typed", "written_by_id": cast.staff["counselor"], "request_key": KEY}
    assert queue(session, line, **typed) is not None
    assert queue(session, line, **typed) is None
    assert count(session) == 1


def test_a_number_gets_one_answer_in_an_hour_and_another_number_its_own(session: Session, cast: Cast) -> None:
    line, other = a_line(session), a_line(session)
    answer = {"wording": "help", "answer_hour": "2026-11-22T08"}
    assert queue(session, line, **answer) is not None
    assert queue(session, line, **answer) is None
    assert queue(session, other, **answer) is not None
    assert queue(session, line, wording="help", answer_hour="2026-11-22T09") is not None
    assert queue(session, line, wording="crisis") is not None  # always answered: it has no hour
    assert queue(session, line, wording="crisis") is not None


def test_what_was_queued_before_spoils_nothing_of_the_transaction(session: Session, cast: Cast) -> None:
    """On PostgreSQL a violated constraint would take the whole transaction with it."""
    line = a_line(session)
    queued(session, line, wording="help", answer_hour="2026-11-22T08")
    assert queue(session, line, wording="help", answer_hour="2026-11-22T08") is None
    assert queue(session, line) is not None
