"""What one incoming text does: records an answer, asks for a call, stops, begins again, or waits for a person.

What is left for a person stands unhandled in the inbox of its site; the rest is handled at once, by nobody.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import Session

from counseling.clock import station_day
from counseling.database import vault_of
from counseling.domain.reminder_kinds import ASKING_HOW_THEY_ARE
from counseling.domain.replies import ASKS_FOR_A_CALL, QUESTIONS, Reply, digit_of, read_reply
from counseling.models.texts import InboundMessage, OutboundMessage
from counseling.services import audit
from counseling.services.aftercare import note_check_in
from counseling.services.crises import echoes_us, raise_alert, words_for_crisis
from counseling.services.crossing import ask_to_call_back
from counseling.services.inbound_answers import Text, answer, is_phone, say_when, spelling_for
from counseling.services.inbound_rows import lock_oldest, lock_oldest_of, note_all, was_stopped_since
from counseling.services.inbound_senders import (
    Question,
    question_meant,
    questions_of,
    reader_in_danger,
    sender_of,
)
from counseling.services.phone_lines import open_line_number
from counseling.services.sms_consents import start_texts_of_line, stop_texts_of_line
from counseling.services.wrong_numbers import ask_for_number
from counseling.sms.wording import CRISIS
from counseling.treatment_rows import SUPPORT

ACTOR = "rule:read_text"
CLOCKS_DIFFER = timedelta(minutes=5)  # at most, of a gateway whose signature we believe
# Beyond this it is a machine that answers our answer; the alert stands, and whoever is on duty is called all the same.
MOST_CRISIS_ANSWERS_AN_HOUR = 5


def work_on_next(tx: Session, line_id: int, now: datetime, zone: ZoneInfo, dice: random.Random) -> int | None:
    """Work on a number's oldest text that waits, in the caller's transaction; gives its id, None when none waits."""
    row = lock_oldest(tx, line_id)
    if row is None:
        return None
    note_all(tx, [_work_on(tx, row, now, zone, dice)])
    return int(row.id)


def work_on_oldest_of(
    tx: Session, line_ids: Sequence[int], clock: Callable[[], datetime], zone: ZoneInfo, dice: random.Random
) -> int:
    """The same for the oldest of each of these numbers, with few statements; gives of how many one waited."""
    with audit.gathered(tx):
        noted = [_work_on(tx, row, clock(), zone, dice) for row in lock_oldest_of(tx, line_ids)]
        note_all(tx, noted)
    return len(noted)


def _work_on(
    tx: Session, row: Row[*tuple[Any, ...]], now: datetime, zone: ZoneInfo, dice: random.Random
) -> dict[str, Any]:
    """Do what a locked text asks for; gives what is to be noted at it."""
    text = _unsealed(tx, row, now)
    reply = _read(tx, text)
    if reply.meaning == "crisis":
        text = replace(text, sender=reader_in_danger(tx, text.sender))
    is_settled = _act(tx, text, reply, zone, dice)
    if reply.meaning == "answer" and text.question is not None:
        reply, is_settled = _take_answer(tx, text, text.question, reply, zone, dice)
    return _noted(tx, text, reply, is_settled)


def _act(tx: Session, text: Text, reply: Reply, zone: ZoneInfo, dice: random.Random) -> bool:
    """Do what a text asks for, but for an answer; gives whether nothing is left for a person."""
    if reply.meaning == "repeated" and text.question is not None:
        return bool(text.question.answer == reply.answer)
    if reply.meaning == "crisis":
        _meet_danger(tx, text, zone)
    elif reply.meaning == "missed_call":
        return _call_back(tx, text, zone, dice)
    elif reply.meaning == "wrong_number":
        if text.sender is not None and text.sender.patient_id is not None:
            ask_for_number(tx, text.sender.patient_id, text.sender.side, text.sender.site_id, zone, text.now)
    elif reply.meaning == "stop":
        _stop(tx, text)
    elif reply.meaning == "start":
        if not was_stopped_since(tx, text.line_id, text.written_at):  # the last word counts, not the last to arrive
            start_texts_of_line(tx, text.line_id, text.now)
    elif reply.meaning == "help":
        return answer(tx, text, "help")
    elif reply.meaning == "ask_again":
        answer(tx, text, "stop_hint")
    return False


def _unsealed(tx: Session, row: Row[*tuple[Any, ...]], now: datetime) -> Text:
    vault = vault_of(tx)
    number = open_line_number(vault, row.line_ref, row.number)
    body = vault.open("inbound_messages.body", row.ref, row.body) or ""
    written_at = row.written_at or row.received_at
    at = min(row.received_at, written_at + CLOCKS_DIFFER)
    asked = questions_of(tx, row.line_id, at) if row.kind == "text" else []
    question = question_meant(asked, digit_of(body))
    sender = sender_of(tx, row.line_id, number, question)
    is_out = row.opted_out_at is not None
    return Text(row.id, row.kind, row.line_id, number, is_out, body, question, sender, written_at, now)


def _read(tx: Session, text: Text) -> Reply:
    question = text.question
    if text.kind == "missed_call":
        return Reply("missed_call")
    if question is not None and question.answer is not None:
        return Reply("repeated", QUESTIONS[question.question][digit_of(text.body) or ""])
    reply = read_reply(text.body, question.question if question is not None else None)
    if reply.meaning == "ask_again" and question is not None and (text.is_opted_out or _was_asked(tx, question.id)):
        return Reply("stop")  # asked once what was meant, and it comes again
    if reply.meaning == "crisis" and (not is_phone(text.number) or echoes_us(tx, text.line_id, text.body)):
        return Reply("other")  # an operator's advertisement; a machine that sends our own words back
    return reply


def _was_asked(tx: Session, question_id: int) -> bool:
    asked = select(InboundMessage.id).where(
        InboundMessage.question_id == question_id, InboundMessage.meaning == "ask_again"
    )
    return tx.execute(asked).first() is not None


def _take_answer(
    tx: Session, text: Text, question: Question, reply: Reply, zone: ZoneInfo, dice: random.Random
) -> tuple[Reply, bool]:
    """Record the answer on its question, once, and open the task that it asks for; gives whether nothing is left."""
    first = (
        update(OutboundMessage)
        .where(OutboundMessage.id == question.id, OutboundMessage.answered_at.is_(None))
        .values(answer=reply.answer, answered_at=text.now)
        .returning(OutboundMessage.id)
    )
    if tx.execute(first).first() is None:
        return Reply("repeated", reply.answer), False
    today, asks = station_day(text.now, zone), reply.answer in ASKS_FOR_A_CALL
    is_shut = asks and say_when(tx, text, zone)
    if question.patient_id is None:  # nobody's file can carry the task: the inbox does
        return reply, not asks
    if asks:
        who = (question.patient_id, question.side, question.site_id)
        ask_to_call_back(tx, *who, today=today, now=text.now, zone=zone, dice=dice)
    if question.question in ASKING_HOW_THEY_ARE and question.side == SUPPORT:
        note_check_in(tx, question.patient_id, station_day(text.written_at, zone))
    return reply, not is_shut


def _meet_danger(tx: Session, text: Text, zone: ZoneInfo) -> None:
    """Somebody may be in danger: answer at once, whatever else is known of the number, and call who is on duty."""
    if text.sender is None:
        return
    raise_alert(tx, text.id, text.line_id, text.sender.side, text.sender.site_id, text.now)
    sent = select(func.count()).where(
        OutboundMessage.line_id == text.line_id,
        OutboundMessage.wording.in_(CRISIS),
        OutboundMessage.queued_at > text.now - timedelta(hours=1),
    )
    if tx.execute(sent).scalar_one() < MOST_CRISIS_ANSWERS_AN_HOUR:
        marks, where = spelling_for(tx, text).has_marks, (text.sender.side, text.sender.site_id)
        wording, values = words_for_crisis(tx, *where, text.now, zone, has_marks=marks)
        answer(tx, text, wording, **values)


def _call_back(tx: Session, text: Text, zone: ZoneInfo, dice: random.Random) -> bool:
    """Somebody rang and hung up, which costs nothing and needs no reading: call me back."""
    if text.sender is None or text.sender.patient_id is None:
        return False
    who = (text.sender.patient_id, text.sender.side, text.sender.site_id)
    ask_to_call_back(tx, *who, today=station_day(text.now, zone), now=text.now, zone=zone, dice=dice)
    return not say_when(tx, text, zone)


def _stop(tx: Session, text: Text) -> None:
    if stop_texts_of_line(tx, text.line_id, text.now):  # a second stop was confirmed at the first
        answer(tx, text, "stopped")


def _noted(tx: Session, text: Text, reply: Reply, is_settled: bool) -> dict[str, Any]:
    """What was made of the text, after its entry in the chain of the site that reads it."""
    sender, question = text.sender, text.question
    if sender is not None:
        details = {"meaning": reply.meaning}
        chain = audit.site_chain(sender.site_id)
        audit.append(tx, chain, ACTOR, "text.read", f"text:{text.id}", details, text.now)
    return {
        "of_text": text.id,
        "read_at": text.now,
        "meaning": reply.meaning,
        "answer": reply.answer,
        "question_id": question.id if question is not None else None,
        "patient_id": sender.patient_id if sender else None,
        "side": sender.side if sender else None,
        "site_id": sender.site_id if sender else None,
        "handled_at": text.now if is_settled else None,
    }
