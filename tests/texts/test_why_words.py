"""Why something did not go out is said in people's words, of every code that the program writes down."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy.orm import Session

from counseling.domain.message_states import FailureReason
from counseling.domain.reminders import HELD_BY_THE_DAY, TOO_MANY
from counseling.domain.unsent import Unsent
from counseling.models.counseling import APPOINTMENT_STATES
from counseling.models.patients import STATUSES
from counseling.services.sweeping import sweep
from tests.replies.story import has_number
from tests.support.cast import Cast, sign_in
from tests.support.outbox import FakeProvider, queued
from tests.support.reminding import A_DAY, ZONE, at, choose, open_hours, plan, yesterday

HELD = (*HELD_BY_THE_DAY, TOO_MANY)
LANGUAGES = ("vi", "en")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Words are the same on both databases."""
    return sqlite_url


@pytest.fixture
def say(app: Flask) -> Callable[..., str]:
    """What a macro says, in a language."""

    def said(template: str, macro: str, *facts: Any, language: str = "vi") -> str:
        with app.test_request_context(), force_locale(language):
            module = app.jinja_env.get_template(f"pages/messages/{template}.html").module
            return str(getattr(module, macro)(*facts)).strip()

    return said


def test_what_ends_a_text_has_a_code() -> None:
    """A status or a state that is added later must be thought of here."""
    assert {status for status in STATUSES if status != "active"} <= set(Unsent)
    assert {f"appointment_{state}" for state in APPOINTMENT_STATES if state != "booked"} <= set(Unsent)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", ["cleared", "refused", "cancelled"])
def test_every_reason_has_words_of_its_own(say: Callable[..., str], language: str, state: str) -> None:
    fallback = say("_why_words", "why_not", SimpleNamespace(state=state, reason="?"), language=language)
    words = {why: say("_why_words", "why_not", SimpleNamespace(state=state, reason=why.value), language=language)
             for why in Unsent}  # fmt: skip
    assert [why for why, said in words.items() if said in ("", fallback)] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("macro", ["held", "why_too_late"])
def test_whatever_is_held_has_words_now_and_when_its_time_has_passed(
    say: Callable[..., str], language: str, macro: str
) -> None:
    fallback = say("_why_words", macro, "?", language=language)
    words = [say("_why_words", macro, reason, language=language) for reason in HELD]
    assert fallback not in words and len(set(words)) == len(HELD)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_failure_has_words(say: Callable[..., str], language: str) -> None:
    lines = [SimpleNamespace(state="failed", reason=reason.value) for reason in FailureReason]
    assert len({say("_words", "state", line, language=language) for line in lines}) == len(lines)


def test_the_support_side_is_not_told_of_a_death(say: Callable[..., str]) -> None:
    left, moved = (
        say("_why_words", "why_not", SimpleNamespace(state="refused", reason=why)) for why in ("left", "moved")
    )
    assert left == moved


def test_only_what_somebody_typed_is_to_be_written_again(say: Callable[..., str]) -> None:
    def said(wording: str) -> str:
        text = SimpleNamespace(state="expired", reason="temporary", is_automatic=wording != "typed")
        return say("_why_words", "why_lost", text, wording)

    assert "viết lại" in said("typed")
    assert [
        wording for wording in ("first", "number", "help", "stopped", "crisis") if "viết lại" in said(wording)
    ] == []


def queue_page(app: Flask, now: datetime, start_clock_at: Callable[[datetime], None]) -> str:
    start_clock_at(now)
    client = app.test_client()
    sign_in(client, "dispenser")
    return " ".join(re.sub(r"<[^>]*>", " ", client.get("/messages/queue").text).split())


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"calls_only": True}, "Người này chỉ muốn được gọi điện."),
        ({"declined": frozenset({"missed_yesterday"})}, "Người này đã chọn không nhận loại tin này."),
    ],
)
def test_the_page_says_what_somebody_chose(
    app: Flask, session: Session, cast: Cast, start_clock_at: Any, choices: dict[str, Any], words: str
) -> None:
    open_hours(session)
    (person,) = yesterday(session, cast)
    plan(session, at(6))
    choose(session, cast, person.id, **choices)
    assert words in queue_page(app, at(7), start_clock_at)


def test_the_page_asks_nobody_to_write_a_first_text_again(
    app: Flask, session: Session, cast: Cast, start_clock_at: Any
) -> None:
    (person,) = yesterday(session, cast)
    line_id = has_number(session, person.id)
    queued(session, line_id, patient_id=person.id, wording="first", now=at(9) - A_DAY, expires_at=at(9))
    sweep(session, FakeProvider(), at(9), ZONE)
    page = queue_page(app, at(9, 1), start_clock_at)
    assert "Máy tự gửi lại trước tin nhắc sau." in page
    assert "viết lại" not in page
