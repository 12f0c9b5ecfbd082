"""The demo's texts and replies: each as the services would have written it, and none that could not have gone out."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from counseling.database import vault_of
from counseling.domain.reminder_kinds import SHIPPED_RULES
from counseling.domain.replies import read_reply
from counseling.domain.sending_hours import is_quiet
from counseling.domain.wording_guard import forbidden_phrase
from counseling.models.audit import AuditEntry
from counseling.models.doses import DayDose
from counseling.models.orders import DoseOrder
from counseling.models.patients import PhoneNumber, SupportFile, TreatmentFile
from counseling.models.places import Site
from counseling.models.texts import (
    DeliveryReceipt,
    InboundMessage,
    OutboundMessage,
    PhoneLine,
    Reminder,
    ReminderRule,
    SimulatedPhone,
    SimulatedText,
    SmsConsent,
)
from counseling.sms.segments import is_gsm7, segments_of
from counseling.sms.wording import ANSWERS
from counseling.support_rows import open_community_name
from counseling.treatment_rows import open_text
from tests.demo.looking import TODAY, ZONE, count, site_id
from tests.support.settings import MORNING

Texts = list[tuple[Row[Any], str]]


@pytest.fixture
def texts(demo: Session) -> Texts:
    """All that went out, with its words."""
    rows = demo.execute(select(OutboundMessage.__table__).order_by(OutboundMessage.id)).all()
    return [(row, vault_of(demo).open("outbound_messages.body", row.ref, row.body) or "") for row in rows]


def test_every_site_has_its_rules_and_one_answers_strangers(demo: Session) -> None:
    rules = demo.execute(select(Site.code, ReminderRule.kind).join(Site, Site.id == ReminderRule.site_id)).all()
    assert {("TYT-DK", "missed_yesterday"), ("TYT-DK", "check_in"), ("TTYT-CL", "appointment")} <= {*map(tuple, rules)}
    assert count(demo, Site.answers_strangers) == 1


@pytest.mark.parametrize(("side", "file"), [("treatment", TreatmentFile), ("support", SupportFile)])
def test_about_two_thirds_of_those_with_a_phone_agreed_to_texts(demo: Session, side: str, file: Any) -> None:
    with_phone = count(demo, PhoneNumber.side == side)
    agreed = count(demo, SmsConsent.side == side, SmsConsent.withdrawn_at.is_(None))
    assert 0.5 <= agreed / with_phone <= 0.85
    assert with_phone < count(demo, file.patient_id > 0), "some have no phone"
    assert count(demo, PhoneNumber.side == side, PhoneNumber.calls_only) >= 1
    assert count(demo, PhoneNumber.side == side, PhoneNumber.is_shared) >= 1


def test_two_patients_share_one_number(demo: Session) -> None:
    people = func.count(PhoneNumber.patient_id.distinct())
    shared = select(PhoneNumber.line_id).where(PhoneNumber.side == "treatment", PhoneNumber.line_id.is_not(None))
    assert len(demo.execute(shared.group_by(PhoneNumber.line_id).having(people > 1)).all()) == 1


def test_texts_met_every_end_that_a_desk_has_to_show(demo: Session, texts: Texts) -> None:
    states = Counter((text.state, text.reason) for text, _ in texts)
    assert states["delivered", None] > 0.85 * len(texts)
    for end in (("failed", "permanent"), ("failed", "temporary"), ("unknown", None), ("expired", None)):
        assert states[end], end
    assert count(demo, Reminder.state == "cleared", Reminder.reason == "dosed")
    assert count(demo, Reminder.state == "cleared", Reminder.reason == "met")
    assert count(demo, PhoneLine.opted_out_at.is_not(None)) >= 2
    assert count(demo, PhoneLine.permanent_failures >= 2) >= 1
    phones = demo.execute(select(SimulatedPhone.is_off, SimulatedPhone.held_by_other)).all()
    assert {*map(tuple, phones)} == {(True, False), (False, True)}


def test_nothing_a_stranger_must_not_read_was_ever_sent(demo: Session, texts: Texts) -> None:
    vault, names = vault_of(demo), list(demo.execute(select(Site.name)).scalars())
    for file in demo.execute(select(TreatmentFile)).scalars():
        names.append(open_text(vault, file.ref, "full_name", file.full_name) or "")
    for file in demo.execute(select(SupportFile)).scalars():
        names.append(open_community_name(vault, file.ref, file.community_name))
    for text, body in texts:
        assert forbidden_phrase(body, names) is None, body
        assert text.segments == segments_of(body)
        assert not text.is_automatic or (is_gsm7(body) and text.segments == 1)


def test_only_who_agreed_and_had_a_confirmed_number_was_reminded(demo: Session, texts: Texts) -> None:
    agreed = {(row.patient_id, row.side): row.given_at for row in demo.execute(select(SmsConsent)).scalars()}
    numbers = {
        (row.patient_id, row.side, row.line_id): row
        for row in demo.execute(select(PhoneNumber).where(PhoneNumber.confirmed_at.is_not(None))).scalars()
    }
    reminders = [text for text, _ in texts if text.reminder_id is not None]
    assert len(reminders) > 120
    for text in reminders:
        number = numbers[text.patient_id, text.side, text.line_id]
        assert max(agreed[text.patient_id, text.side], number.confirmed_at) < text.queued_at
        assert not number.calls_only
        assert text.attempts == 0 or not is_quiet(text.attempt_started_at, ZONE)


def test_nobody_was_reminded_after_stopping(demo: Session, texts: Texts) -> None:
    changed = select(AuditEntry.subject, AuditEntry.action, AuditEntry.at).where(
        AuditEntry.action.in_(("line.stopped", "line.started"))
    )
    changes = sorted(demo.execute(changed).all(), key=lambda row: row.at)
    assert {row.action for row in changes} == {"line.stopped", "line.started"}
    for text in (text for text, _ in texts if text.is_automatic and text.wording not in ANSWERS):
        before = [row for row in changes if row.subject == f"line:{text.line_id}" and row.at < text.queued_at]
        assert not before or before[-1].action == "line.started"


def test_yesterday_was_said_to_be_missed_only_to_who_had_missed_it(demo: Session) -> None:
    dosed = {(row.patient_id, row.dose_on): row.recorded_at for row in demo.execute(select(DayDose)).scalars()}
    sent = select(OutboundMessage.patient_id, OutboundMessage.attempt_started_at, Reminder.on_date)
    sent = sent.join(Reminder, Reminder.id == OutboundMessage.reminder_id).where(Reminder.kind == "missed_yesterday")
    rows = demo.execute(sent.where(OutboundMessage.attempts > 0)).all()
    assert len({row.on_date for row in rows}) > 30
    for patient_id, sent_at, today in rows:
        yesterday = today - timedelta(days=1)
        ran = DoseOrder.starts_on <= yesterday, DoseOrder.last_on >= yesterday
        assert count(demo, DoseOrder.patient_id == patient_id, *ran)
        assert (patient_id, yesterday) not in dosed
        assert sent_at < dosed.get((patient_id, today), MORNING)


def test_what_was_delivered_lies_on_the_phones_of_the_simulator(demo: Session, texts: Texts) -> None:
    vault = vault_of(demo)
    taken = {row.message_ref: row for row in demo.execute(select(SimulatedText)).scalars()}
    receipts = Counter(demo.execute(select(DeliveryReceipt.message_id)).scalars())
    for text, body in texts:
        shown = taken.get(text.ref)
        assert (shown is not None and shown.shown_at is not None) == (text.state == "delivered")
        assert shown is None or vault.open("simulated_texts.body", text.ref, shown.body) == body
        assert shown is None or shown.line_id == text.line_id
        assert receipts[text.id] == (shown is not None and text.state != "accepted")


def test_automatic_texts_count_towards_the_day_and_the_rest_does_not(texts: Texts) -> None:
    for text, _ in texts:
        counts = (
            text.is_automatic and text.wording not in ANSWERS and text.state in ("delivered", "accepted", "unknown")
        )
        assert counts <= (text.counted_on is not None)
        if text.counted_on is not None:
            assert text.counted_on == text.attempt_started_at.astimezone(ZONE).date()
            assert text.is_automatic and text.wording not in ANSWERS


def test_every_end_of_a_text_stands_in_the_audit(demo: Session, texts: Texts) -> None:
    noted = select(AuditEntry.subject, AuditEntry.action).where(AuditEntry.actor == "job:sender")
    found = {tuple(row) for row in demo.execute(noted)}
    assert {(f"message:{text.id}", f"message.{text.state}") for text, _ in texts} <= found


def test_replies_mean_what_the_product_reads_in_them(demo: Session) -> None:
    vault = vault_of(demo)
    asked = dict(demo.execute(select(OutboundMessage.id, OutboundMessage.question)).all())
    replies = demo.execute(select(InboundMessage).where(InboundMessage.kind == "text")).scalars().all()
    assert {"answer", "stop", "start", "crisis", "other"} <= {reply.meaning for reply in replies}
    for reply in replies:
        body = vault.open("inbound_messages.body", reply.ref, reply.body) or ""
        read = read_reply(body, asked[reply.question_id] if reply.question_id else None)
        meaning = "answer" if reply.meaning == "repeated" else reply.meaning
        assert (read.meaning, read.answer) == (meaning, reply.answer)
        assert reply.received_at < reply.read_at < MORNING


def test_about_a_third_answered_and_an_answer_stands_on_its_question(demo: Session, texts: Texts) -> None:
    asking = [text for text, _ in texts if text.question and text.state == "delivered"]
    heard = {*demo.execute(select(InboundMessage.question_id)).scalars()}
    assert 0.25 <= sum(text.id in heard for text in asking) / len(asking) <= 0.5
    answers = select(InboundMessage.question_id, InboundMessage.answer, InboundMessage.read_at)
    for question_id, answer, read_at in demo.execute(answers.where(InboundMessage.meaning == "answer")):
        question = next(text for text in asking if text.id == question_id)
        assert (question.answer, question.answered_at) == (answer, read_at)
    assert {text.question for text in asking} >= {rule.kind for rule in SHIPPED_RULES if rule.is_on}


def test_texts_wait_unread_at_each_side_of_both_places(demo: Session) -> None:
    places = [site_id(demo, code) for code in ("TYT-DK", "TTYT-CL")]
    unread = InboundMessage.handled_at.is_(None)
    for side in ("treatment", "support"):
        assert all(count(demo, unread, InboundMessage.side == side, InboundMessage.site_id == at) for at in places)
    nobodys = select(InboundMessage.side).where(unread, InboundMessage.patient_id.is_(None))
    assert set(demo.execute(nobodys).scalars()) == {"treatment", "support"}


def test_no_reminder_is_planned_for_today_or_later(demo: Session) -> None:
    assert not count(demo, Reminder.on_date >= TODAY)
    assert not count(demo, Reminder.state.in_(("planned", "held")))
    assert not count(demo, OutboundMessage.state.in_(("queued", "claimed")))
