"""A number is confirmed at the desk before the first text: by two digits that are compared, or by ringing once."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.domain.refusal import Refusal
from counseling.models.patients import PhoneNumber, SupportFile
from counseling.models.texts import OutboundMessage, PhoneLine
from counseling.queries.patient_search import has_keys
from counseling.refs import new_request_key
from counseling.services.phone_confirmation import (
    MOST_A_DAY,
    Numbered,
    confirm_by_call,
    confirm_by_digits,
    note_readers,
)
from counseling.services.phones import add_phone, remove_phone
from counseling.services.sms_consents import give_consent
from counseling.treatment_rows import SUPPORT
from tests.agreements.story import ASKS, NUMBER, WORDS, ask, line_row, numbered, person, phone_of
from tests.support.cast import Cast
from tests.support.files import by
from tests.support.reminding import choose
from tests.support.settings import MORNING


def texts(session: Session) -> list[OutboundMessage]:
    session.rollback()
    return list(session.scalars(select(OutboundMessage).order_by(OutboundMessage.id)))


def body(session: Session, text: OutboundMessage) -> str:
    return vault_of(session).open("outbound_messages.body", text.ref, text.body) or ""


@pytest.mark.parametrize("side", ["treatment", "support"])
def test_the_digits_on_the_phone_are_those_of_the_page(session: Session, cast: Cast, side: str) -> None:
    patient_id = person(session, cast, side)
    phone = numbered(session, patient_id, side)
    ask(session, cast, phone)
    row = phone_of(session, patient_id, side)
    (text,) = texts(session)
    assert row.check_digits is not None and re.fullmatch(r"\d\d", row.check_digits)
    assert f"So doi chieu: {row.check_digits}." in body(session, text)
    assert (text.wording, text.side, text.patient_id, text.line_id) == ("number", side, patient_id, row.line_id)
    assert text.expires_at - MORNING == timedelta(minutes=30)
    assert (row.asked_at, row.confirmed_at) == (MORNING, None)
    confirm_by_digits(session, phone, row.check_digits, by=by(cast, ASKS[side]), now=MORNING)
    row = phone_of(session, patient_id, side)
    assert (row.confirmed_at, row.confirmed_by_id) == (MORNING, cast.staff[ASKS[side]])
    assert row.check_digits is None


def test_digits_are_random(session: Session, cast: Cast) -> None:
    patient_id = person(session, cast)
    seen = set()
    for day in range(20):
        now = MORNING + timedelta(days=day)
        ask(session, cast, numbered(session, patient_id), today=now.date(), now=now)
        seen.add(phone_of(session, patient_id).check_digits)
    assert len(seen) > 5


def test_the_button_pressed_twice_sends_one_text_and_keeps_the_digits(session: Session, cast: Cast) -> None:
    patient_id, key = person(session, cast), new_request_key()
    phone = numbered(session, patient_id)
    ask(session, cast, phone, key=key)
    first = phone_of(session, patient_id).check_digits
    for minutes in range(1, 9):
        ask(session, cast, phone, key=key, now=MORNING + timedelta(minutes=minutes))
    assert len(texts(session)) == 1
    assert phone_of(session, patient_id).check_digits == first


def test_older_digits_on_a_page_compare_nothing(session: Session, cast: Cast) -> None:
    patient_id = person(session, cast)
    phone, who = numbered(session, patient_id), by(cast, "dispenser")
    with pytest.raises(Refusal, match="digits_are_older"):
        confirm_by_digits(session, phone, "", by=who, now=MORNING)
    ask(session, cast, phone)
    older = phone_of(session, patient_id).check_digits or ""
    with writing(session) as tx:
        tx.execute(update(PhoneNumber).values(check_digits=f"{(int(older) + 1) % 100:02d}"))
    with pytest.raises(Refusal, match="digits_are_older"):
        confirm_by_digits(session, phone, older, by=who, now=MORNING)
    assert phone_of(session, patient_id).confirmed_at is None


def test_a_number_gets_three_of_these_texts_a_day_whoever_asks(session: Session, cast: Cast) -> None:
    """A number that is typed wrong belongs to a stranger."""
    treated, met = person(session, cast), person(session, cast, "support")
    for _ in range(MOST_A_DAY):
        ask(session, cast, numbered(session, treated))
    for patient_id, side in ((treated, "treatment"), (met, "support")):
        with pytest.raises(Refusal, match="enough_digits_today"):
            ask(session, cast, numbered(session, patient_id, side))
    assert len(texts(session)) == MOST_A_DAY
    tomorrow = MORNING + timedelta(days=1)
    ask(session, cast, numbered(session, treated), today=tomorrow.date(), now=tomorrow)
    assert len(texts(session)) == MOST_A_DAY + 1


def test_who_rings_once_needs_no_text(session: Session, cast: Cast) -> None:
    patient_id = person(session, cast)
    confirm_by_call(session, numbered(session, patient_id), by=by(cast, "dispenser"), now=MORNING)
    row = phone_of(session, patient_id)
    assert row.confirmed_at == MORNING
    assert row.line_id is not None
    assert texts(session) == []
    with pytest.raises(Refusal, match="phone_is_confirmed"):
        ask(session, cast, numbered(session, patient_id))


def agreed(session: Session, cast: Cast, patient_id: int, side: str = "treatment", now: datetime = MORNING) -> None:
    who = by(cast, ASKS[side])
    give_consent(session, patient_id, side, WORDS, by=who, request_key=new_request_key(), now=now)


def rung(session: Session, cast: Cast, patient_id: int, side: str = "treatment", now: datetime = MORNING) -> None:
    confirm_by_call(session, numbered(session, patient_id, side), by=by(cast, ASKS[side]), now=now)


@pytest.mark.parametrize("first", ["rings", "agrees"])
@pytest.mark.parametrize("side", ["treatment", "support"])
def test_who_rang_gets_a_first_text_that_says_how_to_stop(session: Session, cast: Cast, side: str, first: str) -> None:
    """Whichever comes first: nothing goes before both, and it is said once in a number's life."""
    patient_id = person(session, cast, side)
    steps = (rung, agreed) if first == "rings" else (agreed, rung)
    steps[0](session, cast, patient_id, side)
    assert texts(session) == []
    steps[1](session, cast, patient_id, side)
    (text,) = texts(session)
    assert (text.wording, text.is_automatic, text.patient_id, text.side) == ("first", True, patient_id, side)
    said = body(session, text)
    assert "NGUNG" in said and "khong duoc doc ngay" in said and said.startswith("Nhac viec:")
    rung(session, cast, patient_id, side, now=MORNING + timedelta(days=91))
    assert len(texts(session)) == 1


def test_who_compared_digits_was_told_by_them(session: Session, cast: Cast) -> None:
    patient_id = person(session, cast)
    phone = numbered(session, patient_id)
    ask(session, cast, phone)
    confirm_by_digits(
        session, phone, phone_of(session, patient_id).check_digits or "", by=by(cast, "dispenser"), now=MORNING
    )
    agreed(session, cast, patient_id)
    assert [text.wording for text in texts(session)] == ["number"]


def test_who_is_only_to_be_called_gets_no_first_text_until_they_want_texts(session: Session, cast: Cast) -> None:
    patient_id, who = person(session, cast), by(cast, "dispenser")
    phone = numbered(session, patient_id)
    note_readers(session, phone, is_shared=False, calls_only=True, by=who, now=MORNING)
    choose(session, cast, patient_id, calls_only=True)
    rung(session, cast, patient_id)
    agreed(session, cast, patient_id)
    note_readers(session, phone, is_shared=False, calls_only=False, by=who, now=MORNING)
    assert texts(session) == []
    choose(session, cast, patient_id, has_marks=True)
    (text,) = texts(session)
    assert "Thôi nhận: trả lời NGUNG." in body(session, text)


def test_a_number_that_has_stopped_gets_no_first_text(session: Session, cast: Cast) -> None:
    patient_id = person(session, cast)
    rung(session, cast, patient_id)
    with writing(session) as tx:
        tx.execute(update(PhoneLine).values(opted_out_at=MORNING))
    agreed(session, cast, patient_id)
    assert texts(session) == []


def test_both_files_of_one_number_share_its_line_and_each_is_confirmed_alone(session: Session, cast: Cast) -> None:
    treated, met = person(session, cast), person(session, cast, "support")
    confirm_by_call(session, numbered(session, treated), by=by(cast, "dispenser"), now=MORNING)
    ask(session, cast, numbered(session, met, "support"))
    assert phone_of(session, met, "support").line_id == phone_of(session, treated).line_id
    assert phone_of(session, met, "support").confirmed_at is None
    assert session.execute(select(func.count()).select_from(PhoneLine)).scalar_one() == 1


def test_a_changed_number_is_confirmed_anew(session: Session, cast: Cast) -> None:
    patient_id, who = person(session, cast), by(cast, "dispenser")
    phone = numbered(session, patient_id)
    confirm_by_call(session, phone, by=who, now=MORNING)
    remove_phone(session, patient_id, phone.phone_ref, by=who, now=MORNING)
    with pytest.raises(Refusal, match="phone_unknown"):
        confirm_by_call(session, phone, by=who, now=MORNING)
    add_phone(session, patient_id, NUMBER, by=who, now=MORNING)
    assert phone_of(session, patient_id).confirmed_at is None


def test_a_number_under_another_persons_page_is_unknown(session: Session, cast: Cast) -> None:
    treated, met = person(session, cast), person(session, cast, "support")
    theirs = phone_of(session, treated).ref
    for mixed in (Numbered(met, "support", theirs), Numbered(treated, "treatment", "zzzzzzzzzzzz")):
        for act in (
            lambda phone: ask(session, cast, phone),
            lambda phone: confirm_by_call(session, phone, by=by(cast, "counselor"), now=MORNING),
            lambda phone: note_readers(
                session, phone, is_shared=True, calls_only=True, by=by(cast, "counselor"), now=MORNING
            ),
        ):
            with pytest.raises(Refusal, match="phone_unknown"):
                act(mixed)
    assert texts(session) == []


def test_who_else_reads_the_phone_is_kept(session: Session, cast: Cast) -> None:
    patient_id, who = person(session, cast), by(cast, "dispenser")
    note_readers(session, numbered(session, patient_id), is_shared=True, calls_only=True, by=who, now=MORNING)
    row = phone_of(session, patient_id)
    assert (row.is_shared, row.calls_only) == (True, True)


def test_a_number_that_failed_is_tried_again_when_somebody_at_the_desk_looks_at_it(
    session: Session, cast: Cast
) -> None:
    patient_id = person(session, cast)
    ask(session, cast, numbered(session, patient_id))
    line_id = phone_of(session, patient_id).line_id
    assert line_id is not None
    with writing(session) as tx:
        tx.execute(update(PhoneLine).values(permanent_failures=2))
    ask(session, cast, numbered(session, patient_id))
    assert line_row(session, line_id).permanent_failures == 0


def test_a_support_file_is_found_by_its_number_until_it_is_taken_off(session: Session, cast: Cast) -> None:
    patient_id = person(session, cast, "support")
    with_it = has_keys(vault_of(session), SUPPORT, SupportFile.patient_id, "phone", NUMBER)
    named = has_keys(vault_of(session), SUPPORT, SupportFile.patient_id, "word", "ba")

    def found(condition: object) -> list[int]:
        session.rollback()
        return list(session.scalars(select(SupportFile.patient_id).where(condition)))  # type: ignore[arg-type]

    assert found(with_it) == [patient_id]
    phone = phone_of(session, patient_id, "support").ref
    remove_phone(session, patient_id, phone, by=by(cast, "counselor"), now=MORNING, side="support")
    assert found(with_it) == []
    assert found(named) == [patient_id]


def test_nothing_is_confirmed_without_a_line(session: Session, cast: Cast) -> None:
    """The database's own rule, so that no other writer can make a confirmed number that no text would find."""
    patient_id = person(session, cast)
    values = {"patient_id": patient_id, "side": "treatment", "ref": "x", "number": b"x", "added_at": MORNING}
    with pytest.raises(Exception, match="confirmed_has_a_line"), writing(session) as tx:
        tx.execute(insert(PhoneNumber).values(**values, confirmed_at=MORNING))
