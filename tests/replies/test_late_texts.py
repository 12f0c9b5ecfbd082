"""A gateway that was away hands over old texts in any order: what counts is when they were written."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.counseling import AftercareFile
from counseling.models.tasks import Task
from counseling.models.texts import PhoneLine
from counseling.services.gateway_reports import take_report
from counseling.services.inbox import stop_texts
from counseling.sms.reports import Came, InboundKind
from tests.counseling.story import accompany, aftercare_of, known
from tests.replies.story import ASKED_AT, NUMBER, REPLIED_AT, asked, comes_in, has_number, inbound, outbound, read
from tests.support.cast import Cast
from tests.support.files import by
from tests.support.settings import MORNING

A_DAY, A_MINUTE = timedelta(days=1), timedelta(minutes=1)
BACK = REPLIED_AT  # the phone can be reached again
OLDEST, OLD = BACK - 2 * A_DAY, BACK - A_DAY


def is_stopped(session: Session, line_id: int) -> bool:
    return session.execute(select(PhoneLine.opted_out_at).where(PhoneLine.id == line_id)).scalar_one() is not None


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("order", list(itertools.permutations([("BAT DAU", OLDEST), ("NGUNG", OLD)])))
def test_the_last_word_that_was_written_decides(
    session: Session, line: int, order: list[tuple[str, datetime]], together: bool
) -> None:
    for number, (words, written) in enumerate(order):
        comes_in(session, words, written_at=written, at=BACK + number * A_MINUTE)
        if not together:
            read(session, BACK + number * A_MINUTE)
    read(session, BACK + 5 * A_MINUTE)
    assert is_stopped(session, line)


def test_whoever_has_begun_again_after_a_stop_gets_texts(session: Session, line: int) -> None:
    comes_in(session, "BAT DAU", written_at=OLD)
    comes_in(session, "NGUNG", written_at=OLDEST)
    read(session, BACK)
    assert not is_stopped(session, line)


def test_an_old_word_does_not_undo_what_somebody_of_ours_has_stopped_since(
    session: Session, cast: Cast, line: int
) -> None:
    comes_in(session, "thôi từ mai anh không theo nữa nhé", at=BACK)
    read(session, BACK)
    stop_texts(session, inbound(session)[-1].id, by=by(cast, "dispenser"), now=BACK + A_MINUTE)
    comes_in(session, "BAT DAU", written_at=OLD, at=BACK + 2 * A_MINUTE)
    read(session, BACK + 2 * A_MINUTE)
    assert is_stopped(session, line)
    comes_in(session, "BAT DAU", written_at=BACK + 3 * A_MINUTE, at=BACK + 4 * A_MINUTE)
    read(session, BACK + 4 * A_MINUTE)
    assert not is_stopped(session, line)


def test_where_both_are_read_apart_a_stop_stands_until_somebody_looks(session: Session, line: int) -> None:
    """Texts nobody wants do harm; texts that somebody misses can be asked for again."""
    comes_in(session, "BAT DAU", written_at=OLD)
    read(session, BACK)
    comes_in(session, "NGUNG", written_at=OLDEST)
    read(session, BACK)
    assert is_stopped(session, line)


def test_an_old_digit_is_not_the_answer_to_what_was_asked_since(session: Session, treated: int, line: int) -> None:
    question = asked(session, line, treated)
    comes_in(session, "2", written_at=ASKED_AT - A_DAY)
    comes_in(session, "1", written_at=ASKED_AT + A_MINUTE)
    read(session)
    old, answer = inbound(session)
    assert (old.meaning, old.question_id, old.handled_at) == ("other", None, None)
    assert (answer.meaning, answer.answer, answer.question_id) == ("answer", "will_come", question)
    assert session.execute(select(Task.id)).all() == []


def test_an_old_digit_answers_what_had_been_asked_then(session: Session, treated: int, line: int) -> None:
    """Its question is over by the time that it arrives."""
    question = asked(session, line, treated, at=ASKED_AT - 2 * A_DAY)
    comes_in(session, "2", written_at=ASKED_AT - 2 * A_DAY + A_MINUTE)
    read(session)
    assert [(text.meaning, text.question_id) for text in inbound(session)] == [("answer", question)]
    assert [row.kind for row in session.execute(select(Task.kind))] == ["call_back"]


def test_two_clocks_differ_by_minutes(session: Session, treated: int, line: int) -> None:
    """An answer within a minute may bear an instant before its question."""
    question = asked(session, line, treated, at=REPLIED_AT - A_MINUTE)
    comes_in(session, "1", written_at=REPLIED_AT - 3 * A_MINUTE)
    read(session)
    assert [text.question_id for text in inbound(session)] == [question]


def test_an_old_sign_of_life_is_one_of_its_own_day(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    file_id = accompany(session, cast, person)
    asked_at = ASKED_AT - 3 * A_DAY
    days = {"opened_on": asked_at.date() - A_DAY, "next_check_in_on": MORNING.date()}
    with writing(session) as tx:
        tx.execute(update(AftercareFile).where(AftercareFile.id == file_id).values(**days))
    asked(session, has_number(session, person.id, "support"), person.id, "check_in", side="support", at=asked_at)
    comes_in(session, "1", written_at=asked_at + A_MINUTE)
    read(session)
    assert inbound(session)[0].answer == "well"
    assert aftercare_of(session, person).next_check_in_on == MORNING.date() + timedelta(days=4)


def test_nobody_is_told_today_how_help_was_to_be_had_two_days_ago(session: Session, line: int) -> None:
    """A person reads it instead. Danger and a stop are answered all the same."""
    comes_in(session, "TRO GIUP", written_at=OLDEST)
    comes_in(session, "em muon chet", written_at=OLDEST + A_MINUTE)
    comes_in(session, "NGUNG", written_at=OLDEST + 2 * A_MINUTE)
    read(session)
    assert [text.wording for text in outbound(session)] == ["crisis", "stopped"]
    assert [text.handled_at for text in inbound(session)] == [None, None, None]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (timedelta(hours=-30), True),
        (timedelta(), False),
        (timedelta(hours=7), False),  # a clock that is ahead
        (timedelta(days=-400), False),  # a phone whose clock began anew
    ],
)
def test_an_instant_that_cannot_be_true_says_nothing(session: Session, line: int, said: timedelta, kept: bool) -> None:
    came = Came(event_key="a", content=None, kind=InboundKind.TEXT, number=NUMBER, body="1", at=BACK + said)
    take_report(session, "smsgate", came, BACK)
    assert [text.written_at for text in inbound(session)] == [BACK + said if kept else None]


def test_an_old_word_that_is_reported_again_after_weeks_undoes_no_stop(session: Session, cast: Cast, line: int) -> None:
    """Somebody had the phone report all that it has."""
    comes_in(session, "NGUNG", at=OLD)
    read(session, OLD)
    for days in (6, 10, 25):
        at = BACK - days * A_DAY
        came = Came(event_key=f"e{days}", content=None, kind=InboundKind.TEXT, number=NUMBER, body="BAT DAU", at=at)
        take_report(session, "smsgate", came, BACK)
    read(session, BACK)
    assert is_stopped(session, line)
