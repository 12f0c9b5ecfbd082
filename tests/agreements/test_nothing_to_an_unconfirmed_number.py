"""Whatever happens to numbers and agreements, in whatever order: an unconfirmed number gets the two digits only.

What is true is kept beside the program by a model that knows no more than the rule; every text that a gateway is handed
is held against it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import vault_of, writing
from counseling.domain.refusal import Refusal
from counseling.models.patients import PhoneNumber
from counseling.models.texts import OutboundMessage, PhoneLine
from counseling.queries.reachable import find_line
from counseling.refs import new_request_key
from counseling.services.phone_confirmation import Numbered, confirm_by_call, confirm_by_digits, note_wrong, send_digits
from counseling.services.phone_lines import ensure_line
from counseling.services.phones import add_phone, remove_phone
from counseling.services.sending import send_due
from counseling.services.sms_consents import give_consent, start_texts_of_line, stop_texts_of_line, withdraw_consent
from counseling.sms.gateway import TextToSend
from tests.agreements.story import WORDS
from tests.support.cast import Cast
from tests.support.files import by
from tests.support.outbox import FakeProvider, queue
from tests.support.settings import MORNING
from tests.support.treatment import somebody

NINE = MORNING + timedelta(hours=2, minutes=30)
NUMBERS = ("+84912000001", "+84912000002")
ACTS = (
    "add", "remove", "digits", "compare", "compare_other", "ring", "wrong", "fail", "stop", "start", "agree",
    "withdraw", "a_month", "ten_days",
)  # fmt: skip


@dataclass
class Truth:
    """Of each number: when it was confirmed last, as far as that still counts."""

    agreed: bool = False
    confirmed: dict[str, datetime] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    stopped: dict[str, datetime] = field(default_factory=dict)

    def may_get(self, number: str, now: datetime) -> bool:
        good = number in self.confirmed and now - self.confirmed[number] < timedelta(days=90)
        fit = number not in self.failing and number not in self.stopped
        return self.agreed and good and fit and not self.is_stopped_elsewhere(number)

    def is_stopped_elsewhere(self, number: str) -> bool:
        """They have asked for no more, on another number of theirs, after this one was confirmed."""
        others = self.confirmed.keys() & self.stopped.keys() - {number}
        return any(self.stopped[other] >= self.confirmed[number] for other in others)


class Story:
    def __init__(self, session: Session, cast: Cast, patient_id: int) -> None:
        self.session, self.who, self.patient_id = session, by(cast, "dispenser"), patient_id
        self.now, self.truth, self.provider = NINE, Truth(), FakeProvider(per_minute=1_000_000)
        with writing(session) as tx:
            tx.execute(update(PhoneLine).values(opted_out_at=None, permanent_failures=0))
            self.lines = {number: ensure_line(tx, vault_of(session), number) for number in NUMBERS}

    def do(self, act: str, number: str) -> None:
        with suppress(Refusal):  # the desk reads why; nothing has happened
            getattr(self, act)(number)
        self.session.rollback()

    def row(self, number: str) -> PhoneNumber | None:
        """The file's row of a number, as it stands now; which is which is told by their order."""
        query = select(PhoneNumber).where(PhoneNumber.patient_id == self.patient_id, PhoneNumber.removed_at.is_(None))
        rows = self.session.scalars(query.execution_options(populate_existing=True)).all()
        vault = vault_of(self.session)
        return next((r for r in rows if vault.open("phone_numbers.number", r.ref, r.number) == number), None)

    def named(self, number: str) -> Numbered:
        row = self.row(number)
        self.session.rollback()
        return Numbered(self.patient_id, "treatment", row.ref if row else "gone")

    def add(self, number: str) -> None:
        add_phone(self.session, self.patient_id, number, by=self.who, now=self.now)

    def remove(self, number: str) -> None:
        remove_phone(self.session, self.patient_id, self.named(number).phone_ref, by=self.who, now=self.now)
        self.truth.confirmed.pop(number, None)

    def digits(self, number: str) -> None:
        today = self.now.date()
        send_digits(
            self.session, self.named(number), by=self.who, request_key=new_request_key(), today=today, now=self.now,
            zone=VIETNAM,
        )  # fmt: skip
        if number in self.truth.failing:  # somebody looks at it, and until the comparison it is nobody's
            self.truth.failing.discard(number)
            self.truth.confirmed.pop(number, None)

    def compare(self, number: str, shift: int = 0) -> None:
        row = self.row(number)
        digits = row.check_digits if row else None
        self.session.rollback()
        if digits is not None:
            typed = f"{(int(digits) + shift) % 100:02d}"
            confirm_by_digits(self.session, self.named(number), typed, by=self.who, now=self.now)
            self.confirm(number)

    def compare_other(self, number: str) -> None:
        with pytest.raises(Refusal, match="digits_are_older"):
            row = self.row(number)
            if row is None or row.check_digits is None or self.is_settled(number):
                raise Refusal("digits_are_older")
            self.compare(number, 1)

    def is_settled(self, number: str) -> bool:
        at = self.truth.confirmed.get(number)
        return at is not None and self.now - at < timedelta(days=76) and number not in self.truth.failing

    def ring(self, number: str) -> None:
        confirm_by_call(self.session, self.named(number), by=self.who, now=self.now)
        self.confirm(number)

    def confirm(self, number: str) -> None:
        if not self.is_settled(number):
            self.truth.confirmed[number] = self.now
            self.truth.failing.discard(number)

    def wrong(self, number: str) -> None:
        note_wrong(self.session, self.named(number), by=self.who, now=self.now)
        self.truth.confirmed.pop(number, None)

    def fail(self, number: str) -> None:
        with writing(self.session) as tx:
            tx.execute(update(PhoneLine).where(PhoneLine.id == self.lines[number]).values(permanent_failures=2))
        self.truth.failing.add(number)

    def stop(self, number: str) -> None:
        with writing(self.session) as tx:
            stop_texts_of_line(tx, self.lines[number], self.now)
        self.truth.stopped.setdefault(number, self.now)

    def start(self, number: str) -> None:
        with writing(self.session) as tx:
            start_texts_of_line(tx, self.lines[number], self.now)
        self.truth.stopped.pop(number, None)

    def agree(self, number: str) -> None:
        key = new_request_key()
        give_consent(self.session, self.patient_id, "treatment", WORDS, by=self.who, request_key=key, now=self.now)
        self.truth.agreed = True

    def withdraw(self, number: str) -> None:
        withdraw_consent(self.session, self.patient_id, "treatment", by=self.who, now=self.now)
        self.truth.agreed = False

    def a_month(self, number: str) -> None:
        self.now += timedelta(days=30)

    def ten_days(self, number: str) -> None:
        self.now += timedelta(days=10)

    def text_everybody(self) -> None:
        """A text to each number, whoever has it by now; exactly those are handed over that may be."""
        allowed = {number for number in NUMBERS if self.truth.may_get(number, self.now)}
        line_id = find_line(self.session, self.patient_id, "treatment", "missed_yesterday", self.now)
        assert line_id in {self.lines[number] for number in allowed} or not (allowed or line_id)
        for number in NUMBERS:
            queue(self.session, self.lines[number], now=self.now, patient_id=self.patient_id)
        before = len(self.provider.sent)
        send_due(self.session, self.provider, self.now, VIETNAM)
        sent = {text.number for text in self.provider.sent[before:] if self.wording_of(text) != "number"}
        assert sent == allowed
        with writing(self.session) as tx:  # the daily cap is another story
            tx.execute(update(OutboundMessage).values(counted_on=None, count_slot=None))

    def wording_of(self, text: TextToSend) -> str:
        wording = self.session.execute(select(OutboundMessage.wording).where(OutboundMessage.ref == text.ref))
        return wording.scalar_one()


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The rules are the same statements on both; each of them is told on both elsewhere."""
    return sqlite_url


STEPS = st.lists(st.tuples(st.sampled_from(ACTS), st.sampled_from(NUMBERS)), min_size=8, max_size=30)
ON_THE_OTHER = [("add", NUMBERS[1]), ("ring", NUMBERS[1]), ("stop", NUMBERS[0])]
AT_FIRST = [("add", NUMBERS[0]), ("agree", NUMBERS[0]), ("ring", NUMBERS[0])]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=STEPS)
@example(steps=[*ON_THE_OTHER, ("remove", NUMBERS[0])])
@example(steps=[*ON_THE_OTHER, *[("a_month", NUMBERS[0])] * 3, ("ring", NUMBERS[1])])
def test_nothing_but_the_digits_to_an_unconfirmed_number(
    session: Session, cast: Cast, steps: list[tuple[str, str]]
) -> None:
    story = Story(session, cast, somebody(session, cast).id)
    for act, number in [*AT_FIRST, *steps]:
        story.do(act, number)
        story.text_everybody()
    assert story.provider.sent, "once the first number was confirmed"
