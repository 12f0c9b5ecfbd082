"""Automatic answers are spelled as the person chose, on a phone that is theirs alone; anybody else's stays neutral."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.models.patients import PhoneNumber
from tests.replies.story import REPLIED_AT, asked, has_number, outbound, texted
from tests.support.cast import Cast
from tests.support.files import patient_of, registered, supported
from tests.support.reminding import choose

ANSWERED = [
    ("help", "help", "Đây là tin nhắc việc tự động. Nhắn 2 để được gọi lại"),
    ("NGUNG", "stopped", "Khi nào muốn nhận lại, chị nhắn BAT DAU."),
    ("toi muon chet", "crisis", "Chị không phải chịu một mình."),
    ("dung", "stop_hint", "Nhắn NGUNG nếu muốn thôi nhận tin."),
]


@pytest.fixture
def treated(session: Session, cast: Cast) -> int:
    patient_id = patient_of(session, registered(session, cast))
    choose(session, cast, patient_id, has_marks=True, pronoun="chi")
    return patient_id


def answer(session: Session, line_id: int, patient_id: int, body: str) -> tuple[str, str]:
    """What comes back to a text: its key and its words."""
    if body == "dung":
        asked(session, line_id, patient_id)
    texted(session, body)
    row = outbound(session)[-1]
    return row.wording, vault_of(session).open("outbound_messages.body", row.ref, row.body) or ""


@pytest.mark.parametrize(("body", "wording", "said"), ANSWERED)
def test_who_asked_for_marks_is_answered_with_them_and_addressed_as_they_chose(
    session: Session, treated: int, body: str, wording: str, said: str
) -> None:
    key, words = answer(session, has_number(session, treated), treated, body)
    assert key in (wording, f"{wording}_shut") and said in words


@pytest.mark.parametrize("whose", ["shared", "of_two", "only_written_down", "long_ago"])
@pytest.mark.parametrize(("body", "wording", "said"), ANSWERED)
def test_on_a_phone_that_is_not_surely_theirs_alone_the_answer_tells_nobody_anything(
    session: Session, cast: Cast, treated: int, whose: str, body: str, wording: str, said: str
) -> None:
    line_id = has_number(session, treated, confirmed=whose != "only_written_down")
    if whose == "of_two":
        has_number(session, patient_of(session, supported(session, cast)), "support")
    changes: dict[str, dict[str, Any]] = {
        "shared": {"is_shared": True},
        "long_ago": {"confirmed_at": REPLIED_AT - timedelta(days=91)},
    }
    if whose in changes:
        with writing(session) as tx:
            tx.execute(update(PhoneNumber).values(**changes[whose]))
    _, words = answer(session, line_id, treated, body)
    assert words.isascii() and " chi " not in words and not words.startswith("Chi")


def test_the_hour_in_an_answer_to_danger_is_spelled_like_the_rest(
    session: Session, cast: Cast, treated: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("counseling.services.crises.list_shifts", lambda *_: [])
    monkeypatch.setattr("counseling.services.crises.next_start", lambda _, at: at + timedelta(days=1))
    monkeypatch.setattr("counseling.services.crises.on_duty", lambda *_: False)
    _, words = answer(session, has_number(session, treated), treated, "toi muon chet")
    assert words.startswith("Lúc này chưa có người đọc tin, 8h30 thứ Hai 23/11 mới có.")
