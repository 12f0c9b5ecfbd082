"""What a text that comes in does: on its question, on the lists of people, on the number, once each."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.database import db, vault_of, writing
from counseling.models.audit import AuditEntry
from counseling.models.counseling import AftercareFile
from counseling.models.places import Site
from counseling.models.tasks import Task
from counseling.models.texts import InboundMessage, OutboundMessage, PhoneLine
from counseling.services.inbound import store_inbound
from counseling.sms.wording import text_of
from tests.counseling.story import accompany, aftercare_of, known
from tests.replies.story import (
    ASKED_AT,
    NUMBER,
    OTHER_NUMBER,
    REPLIED_AT,
    asked,
    comes_in,
    has_number,
    inbound,
    outbound,
    read,
    texted,
)  # fmt: skip
from tests.support.cast import CAO_LOC, DONG_KINH, Cast
from tests.support.files import patient_of, registered, supported
from tests.support.settings import MORNING
from tests.support.treatment import Person

LATER = timedelta(minutes=1)
TODAY = MORNING.date()


def tasks(session: Session) -> list[tuple[str, str, int, int]]:
    rows = session.execute(select(Task.side, Task.kind, Task.patient_id, Task.site_id).order_by(Task.id))
    return [tuple(row) for row in rows]  # type: ignore[misc]


def is_stopped(session: Session, line_id: int) -> bool:
    query = select(PhoneLine.opted_out_at).where(PhoneLine.id == line_id)
    return session.execute(query).scalar_one() is not None


# ---- storing ----


def test_an_event_that_comes_twice_is_one_text(session: Session, cast: Cast) -> None:
    assert comes_in(session, "1", key="a") is True
    assert comes_in(session, "1", key="a") is False
    assert comes_in(session, "1", key="b") is True
    assert [row.read_at for row in inbound(session)] == [None, None]


@pytest.mark.parametrize("key", ["k" * 3_000, "a\x00b", "đ\n", "", "\ud800"])
def test_a_strange_key_is_kept_once_like_any_other(session: Session, cast: Cast, key: str) -> None:
    keys = [key, key, key + "x"]
    one: dict[str, Any] = {"gateway": "simulator", "number": NUMBER, "body": "1", "received_at": REPLIED_AT}
    assert [store_inbound(session, event_key=key, **one) for key in keys] == [True, False, True]


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("", ""), ("x" * 2_000, "x" * 2_000), ("y" * 50_000, "y" * 2_000), ("🙏" * 700, "🙏" * 700),
        ("a\x00b", "a\x00b"), ("\ud800!", "?!"), ("Dạ, em đến ạ\n", "Dạ, em đến ạ\n"),
    ],
)  # fmt: skip
def test_any_body_is_kept_sealed_and_read(session: Session, cast: Cast, body: str, kept: str) -> None:
    row = texted(session, body)
    assert vault_of(session).open("inbound_messages.body", row.ref, row.body) == kept
    assert row.meaning == "other"
    assert not kept or kept.encode() not in row.body


@pytest.mark.parametrize("number", ["", "VIETTEL", "9029", "+84", "\x00", "0" * 500, "0912000111; DROP", "☎"])
def test_whoever_sends_it_is_kept_and_answered_by_nobody(session: Session, cast: Cast, number: str) -> None:
    for body in ("help", "STOP", "1"):
        comes_in(session, body, number=number)
    assert read(session) == 3
    assert [row.meaning for row in inbound(session)] == ["help", "stop", "other"]
    assert {row.handled_at for row in inbound(session)} == {None}
    assert outbound(session) == []


def test_a_number_is_one_line_however_the_provider_spells_it(session: Session, line: int) -> None:
    for number in ("0912 000 111", "84912000111", "+84912000111", "0912000111"):
        comes_in(session, "x", number=number)
    assert {row.line_id for row in inbound(session)} == {line}


# ---- answers ----


def test_a_digit_is_recorded_on_the_open_question_and_nobody_has_to_do_anything(
    session: Session, treated: int, line: int
) -> None:
    question = asked(session, line, treated)
    row = texted(session, "1")
    assert (row.meaning, row.answer, row.question_id) == ("answer", "will_come", question)
    assert (row.patient_id, row.side, row.site_id) == (treated, "treatment", DONG_KINH)
    assert row.handled_at == REPLIED_AT
    assert row.handled_by_id is None
    assert [(m.answer, m.answered_at) for m in outbound(session)] == [("will_come", REPLIED_AT)]
    assert tasks(session) == []


def test_who_asks_for_a_call_is_on_the_stations_list_at_once(session: Session, treated: int, line: int) -> None:
    asked(session, line, treated)
    assert texted(session, "2").answer == "call_back"
    assert tasks(session) == [("treatment", "call_back", treated, DONG_KINH)]


@pytest.mark.parametrize(
    ("wording", "digit", "answer"),
    [("check_in", "2", "trouble"), ("check_in", "3", "call_back"), ("appointment", "2", "other_day"),
     ("appointment", "3", "call_back")],
)  # fmt: skip
def test_on_the_support_side_the_point_calls(
    session: Session, cast: Cast, wording: str, digit: str, answer: str
) -> None:
    person = patient_of(session, supported(session, cast))
    asked(session, has_number(session, person, "support"), person, wording, side="support")
    assert texted(session, digit).answer == answer
    assert tasks(session) == [("support", "call_by_phone", person, DONG_KINH)]


def in_aftercare(session: Session, cast: Cast, due_on: date) -> Person:
    person = known(session, cast)
    file_id = accompany(session, cast, person)
    with writing(session) as tx:
        tx.execute(update(AftercareFile).where(AftercareFile.id == file_id).values(next_check_in_on=due_on))
    return person


@pytest.mark.parametrize("digit", ["1", "2", "3"])
def test_who_answers_how_they_are_is_asked_again_one_rhythm_later(session: Session, cast: Cast, digit: str) -> None:
    person = in_aftercare(session, cast, TODAY - timedelta(days=1))
    asked(session, has_number(session, person.id, "support"), person.id, "check_in", side="support")
    texted(session, digit)
    assert aftercare_of(session, person).next_check_in_on == TODAY + timedelta(days=7)


def test_an_answer_to_something_else_or_in_words_moves_no_check_in(session: Session, cast: Cast) -> None:
    person = in_aftercare(session, cast, TODAY)
    line = has_number(session, person.id, "support")
    asked(session, line, person.id, "check_in", side="support")
    texted(session, "em khoe a")
    asked(session, line, person.id, "appointment", side="support", at=ASKED_AT + LATER)
    texted(session, "1", at=REPLIED_AT + LATER)
    assert aftercare_of(session, person).next_check_in_on == TODAY


def test_an_answer_never_brings_a_later_check_in_forward(session: Session, cast: Cast) -> None:
    person = in_aftercare(session, cast, TODAY + timedelta(days=20))
    asked(session, has_number(session, person.id, "support"), person.id, "check_in", side="support")
    texted(session, "1")
    assert aftercare_of(session, person).next_check_in_on == TODAY + timedelta(days=20)


def test_answering_twice_is_kept_and_does_nothing_again(session: Session, treated: int, line: int) -> None:
    asked(session, line, treated)
    first = texted(session, "2")
    again = texted(session, "2", at=REPLIED_AT + LATER)
    assert (again.meaning, again.answer, again.question_id) == ("repeated", "call_back", first.question_id)
    assert again.handled_at is not None
    assert len(tasks(session)) == 1
    assert outbound(session)[0].answered_at == REPLIED_AT


def test_another_answer_to_the_same_question_changes_nothing_and_waits_for_a_person(
    session: Session, treated: int, line: int
) -> None:
    asked(session, line, treated)
    texted(session, "1")
    second = texted(session, "2", at=REPLIED_AT + LATER)
    assert (second.meaning, second.answer, second.handled_at) == ("repeated", "call_back", None)
    assert outbound(session)[0].answer == "will_come"
    assert tasks(session) == []


def test_a_digit_without_an_open_question_waits_in_the_inbox(session: Session, treated: int, line: int) -> None:
    row = texted(session, "2")
    assert (row.meaning, row.answer, row.handled_at) == ("other", None, None)
    assert (row.patient_id, row.side, row.site_id) == (treated, "treatment", DONG_KINH)
    assert tasks(session) == []


@pytest.mark.parametrize("state", ["queued", "failed", "expired", "cleared", "cancelled", "refused"])
def test_a_text_that_never_went_out_is_not_answered(session: Session, treated: int, line: int, state: str) -> None:
    asked(session, line, treated, state=state)
    assert texted(session, "2").meaning == "other"


def test_a_question_ends(session: Session, treated: int, line: int) -> None:
    asked(session, line, treated, open_for=timedelta(minutes=30))
    assert texted(session, "2").meaning == "other"


def test_a_late_reader_takes_the_answer_as_it_was_meant_when_it_came(session: Session, treated: int, line: int) -> None:
    first = asked(session, line, treated)
    comes_in(session, "1")
    asked(session, line, treated, at=REPLIED_AT + timedelta(days=2))  # the worker stood still for two days
    read(session, REPLIED_AT + timedelta(days=3))
    assert inbound(session)[0].question_id == first


def test_a_digit_is_about_the_newest_question_that_offers_it(session: Session, treated: int, line: int) -> None:
    appointment = asked(session, line, treated, "appointment")
    asked(session, line, treated, "help", at=ASKED_AT + LATER)
    assert texted(session, "1").question_id == appointment


def test_a_repeated_digit_does_not_answer_an_older_question_of_the_same_person(
    session: Session, treated: int, line: int
) -> None:
    older = asked(session, line, treated, "check_in")
    asked(session, line, treated, at=ASKED_AT + LATER)
    assert [texted(session, "1", at=REPLIED_AT + LATER * n).meaning for n in range(2)] == ["answer", "repeated"]
    assert {m.id: m.answer for m in outbound(session)}[older] is None


# ---- whose text it is ----


def test_of_two_people_with_one_phone_each_question_is_answered_once(
    session: Session, cast: Cast, treated: int, line: int
) -> None:
    wife = patient_of(session, registered(session, cast, register_code="LS-0013", full_name="Lý Thị Hai"))
    has_number(session, wife)
    asked(session, line, treated)
    asked(session, line, wife, at=ASKED_AT + LATER)
    rows = [texted(session, digit, at=REPLIED_AT + LATER * n) for n, digit in enumerate("121")]
    assert [(row.meaning, row.patient_id) for row in rows] == [
        ("answer", wife), ("answer", treated), ("repeated", wife),
    ]  # fmt: skip


def test_words_from_a_shared_phone_have_no_name(session: Session, cast: Cast, treated: int, line: int) -> None:
    wife = patient_of(session, registered(session, cast, register_code="LS-0013", full_name="Lý Thị Hai"))
    has_number(session, wife)
    row = texted(session, "con em ốm")
    assert (row.meaning, row.patient_id, row.side, row.site_id) == ("other", None, "treatment", DONG_KINH)


def test_words_from_a_number_of_both_sides_go_to_whoever_texted_last_without_a_name(
    session: Session, cast: Cast, treated: int, line: int
) -> None:
    met = patient_of(session, supported(session, cast, site_id=CAO_LOC))
    has_number(session, met, "support")
    asked(session, line, met, "number", side="support", site=CAO_LOC)
    row = texted(session, "ai đấy?")
    assert (row.patient_id, row.side, row.site_id) == (None, "support", CAO_LOC)
    asked(session, line, treated, "number")
    row = texted(session, "ai đấy?", at=REPLIED_AT + LATER)
    assert (row.patient_id, row.side, row.site_id) == (None, "treatment", DONG_KINH)


def test_a_number_of_one_file_is_that_persons_although_nobody_confirmed_it(session: Session, cast: Cast) -> None:
    person = patient_of(session, registered(session, cast, phone=NUMBER))
    row = texted(session, "tôi đến muộn")
    assert (row.patient_id, row.side, row.site_id) == (person, "treatment", DONG_KINH)


def test_strangers_are_read_by_the_point_that_answers_strangers(session: Session, cast: Cast) -> None:
    with writing(session) as tx:
        tx.execute(update(Site).where(Site.id == CAO_LOC).values(answers_strangers=True))
    row = texted(session, "xin hỏi", number=OTHER_NUMBER)
    assert (row.patient_id, row.side, row.site_id, row.meaning) == (None, "support", CAO_LOC, "other")


def test_where_nobody_was_chosen_the_first_point_reads_strangers(session: Session, cast: Cast) -> None:
    row = texted(session, "xin hỏi", number=OTHER_NUMBER)
    assert (row.side, row.site_id) == ("support", DONG_KINH)


def test_a_house_without_sites_keeps_the_text_and_does_not_stumble(session: Session) -> None:
    row = texted(session, "NGUNG")
    assert (row.meaning, row.site_id, row.side) == ("stop", None, None)
    assert is_stopped(session, row.line_id)


# ---- stop, start, help ----


def test_a_stop_takes_effect_at_once_with_one_confirmation(session: Session, treated: int, line: int) -> None:
    asked(session, line, treated, state="queued")
    row = texted(session, "Ngừng")
    assert is_stopped(session, line)
    assert (row.meaning, row.handled_at) == ("stop", None)  # staff are told by the inbox
    confirmation = outbound(session, "stopped")
    assert [(m.state, m.is_automatic, m.answer_hour) for m in confirmation] == [("queued", True, None)], "no hour"
    body = vault_of(session).open("outbound_messages.body", confirmation[0].ref, confirmation[0].body)
    assert body == text_of("stopped")
    texted(session, "STOP", at=REPLIED_AT + timedelta(hours=5))
    assert len(outbound(session, "stopped")) == 1


def test_a_stop_from_one_side_is_for_the_number(session: Session, cast: Cast, treated: int, line: int) -> None:
    met = patient_of(session, supported(session, cast))
    has_number(session, met, "support")
    asked(session, line, met, "check_in", side="support")
    row = texted(session, "NGUNG")
    assert (row.side, is_stopped(session, line)) == ("support", True)


def test_somebody_begins_again(session: Session, treated: int, line: int) -> None:
    texted(session, "NGUNG")
    row = texted(session, "BAT DAU", at=REPLIED_AT + LATER)
    assert (row.meaning, is_stopped(session, line)) == ("start", False)


def test_what_may_be_yes_or_stop_is_asked_about_once_and_then_taken_as_stop(
    session: Session, treated: int, line: int
) -> None:
    asked(session, line, treated)
    first = texted(session, "dung")
    assert (first.meaning, first.handled_at, is_stopped(session, line)) == ("ask_again", None, False)
    assert len(outbound(session, "stop_hint")) == 1
    second = texted(session, "Dung", at=REPLIED_AT + LATER)
    assert (second.meaning, is_stopped(session, line)) == ("stop", True)


@pytest.mark.parametrize(("before", "answer"), [("dung", "stop_hint"), ("trợ giúp", "help")])
def test_a_stop_is_confirmed_whatever_was_answered_within_the_hour(
    session: Session, treated: int, line: int, before: str, answer: str
) -> None:
    asked(session, line, treated)
    texted(session, before)
    texted(session, "NGUNG", at=REPLIED_AT + timedelta(minutes=2))
    assert is_stopped(session, line)
    assert (len(outbound(session, answer)), len(outbound(session, "stopped"))) == (1, 1)
    texted(session, "NGUNG", at=REPLIED_AT + timedelta(minutes=3))
    assert len(outbound(session, "stopped")) == 1


def test_help_opens_a_question_of_its_own(session: Session, treated: int, line: int) -> None:
    row = texted(session, "trợ giúp")
    assert (row.meaning, row.handled_at) == ("help", REPLIED_AT)
    answer = outbound(session, "help")[0]
    assert (answer.patient_id, answer.question, answer.side, answer.site_id) == (
        treated,
        "help",
        "treatment",
        DONG_KINH,
    )
    with writing(session) as tx:
        tx.execute(update(OutboundMessage).values(state="delivered"))
    assert texted(session, "2", at=REPLIED_AT + LATER).answer == "call_back"
    assert tasks(session) == [("treatment", "call_back", treated, DONG_KINH)]


def test_a_call_for_nobody_we_know_waits_in_the_inbox(session: Session, cast: Cast) -> None:
    texted(session, "HELP", number=OTHER_NUMBER)
    with writing(session) as tx:
        tx.execute(update(OutboundMessage).values(state="delivered"))
    row = texted(session, "2", number=OTHER_NUMBER, at=REPLIED_AT + LATER)
    assert (row.meaning, row.answer, row.patient_id, row.handled_at) == ("answer", "call_back", None, None)
    assert tasks(session) == []


def test_one_automatic_answer_for_a_number_and_hour(session: Session, treated: int, line: int) -> None:
    for minutes in (0, 1, 10):
        texted(session, "help", at=REPLIED_AT + timedelta(minutes=minutes))
    assert len(outbound(session)) == 1
    assert [row.handled_at is None for row in inbound(session)] == [False, True, True]  # unanswered: a person reads
    texted(session, "help", at=REPLIED_AT + timedelta(hours=1))
    assert len(outbound(session)) == 2


# ---- working from the table ----


def test_texts_of_a_number_are_worked_in_the_order_in_which_they_came(
    session: Session, treated: int, line: int
) -> None:
    asked(session, line, treated)
    comes_in(session, "2", at=REPLIED_AT + LATER)
    comes_in(session, "1", at=REPLIED_AT)  # handed over later, sent earlier
    assert read(session, REPLIED_AT + LATER) == 2
    assert outbound(session)[0].answer == "will_come"


def test_reading_again_reads_nothing(session: Session, treated: int, line: int) -> None:
    texted(session, "chào")
    assert read(session) == 0


def test_a_number_that_cannot_be_worked_on_does_not_keep_the_others_waiting(
    session: Session, cast: Cast, treated: int, line: int
) -> None:
    comes_in(session, "chào")
    comes_in(session, "chào", number=OTHER_NUMBER)
    with writing(session) as tx:
        tx.execute(update(InboundMessage).where(InboundMessage.line_id == line).values(body=b"broken"))
    with pytest.raises(Exception, match="DATA_KEYS"):
        read(session)
    assert [row.meaning for row in inbound(session)] == [None, "other"]


def test_two_readers_at_once_do_each_thing_once(app: Flask, session: Session, treated: int, line: int) -> None:
    asked(session, line, treated)
    for _ in range(6):
        comes_in(session, "2")
    with app.app_context():
        engine = db.engine
    begin, counts = threading.Barrier(4), []

    def work() -> None:
        with Session(engine, expire_on_commit=False) as own:
            begin.wait()
            counts.append(read(own))

    readers = [threading.Thread(target=work) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert sum(counts) == 6
    assert sorted(row.meaning for row in inbound(session)) == ["answer", *["repeated"] * 5]
    assert len(tasks(session)) == 1


def test_each_text_stands_in_the_chain_of_the_site_that_reads_it_without_its_words(
    session: Session, treated: int, line: int
) -> None:
    asked(session, line, treated)
    row = texted(session, "2")
    entry = session.execute(select(AuditEntry).where(AuditEntry.action == "text.read")).scalar_one()
    assert (entry.chain, entry.subject) == (f"site:{DONG_KINH}", f"text:{row.id}")
    assert entry.details == '{"meaning":"answer"}'
