"""Texts that went out, and the reminders behind them: collected while the history is told, then written as rows.

Each stands as the services would have left it: reminder_rows.py, outbox.py, message_moves.py and the simulator.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from counseling.demo.book import Book
from counseling.demo.dice import Dice
from counseling.demo.phones import Phone, day_of
from counseling.domain.audit_chain import site_chain
from counseling.models.texts import DeliveryReceipt, OutboundMessage, Reminder, SimulatedText
from counseling.services.message_moves import ACTOR
from counseling.sms.segments import segments_of
from counseling.sms.wording import ANSWERS, QUESTION_OF

GATEWAY = "simulator"


@dataclass
class Occurrence:
    """A row of `reminders`."""

    phone: Phone
    kind: str
    on_date: date
    due_at: datetime
    expires_at: datetime
    planned_at: datetime
    state: str = "planned"
    reason: str | None = None
    appointment: Any = None  # sessions.Booked; its `id` is known when the reminders are written
    id: int = 0


@dataclass
class Text:
    """A row of `outbound_messages`, and what the simulator took of it. Moves are what the audit tells of it."""

    phone: Phone
    wording: str
    body: str
    queued_at: datetime
    expires_at: datetime
    occurrence: Occurrence | None = None
    is_automatic: bool = True
    question_until: datetime | None = None
    answer_hour: str | None = None
    written_by_id: int | None = None
    request_key: str | None = None
    nameless: bool = False  # an answer to a number that several people have
    state: str = "queued"
    reason: str | None = None
    sent_at: datetime | None = None
    finished_at: datetime | None = None
    taken: bool = False
    shown_at: datetime | None = None
    counted: bool = False
    moves: list[tuple[str, str | None, datetime]] = field(default_factory=list)
    receipts: list[tuple[str, str | None, datetime]] = field(default_factory=list)
    answer: str | None = None
    answered_at: datetime | None = None
    id: int = 0

    def arrive(self, at: datetime) -> None:
        """Taken by the simulator, and shown on the phone at that moment."""
        self.taken, self.shown_at = True, at
        self.receipts.append(("delivered", None, at))
        self.end("delivered", None, at)

    def end(self, state: str, reason: str | None, at: datetime) -> None:
        self.state, self.reason, self.finished_at = state, reason, at
        self.moves.append((state, reason, at))

    @property
    def question(self) -> str | None:
        return QUESTION_OF.get(self.wording)

    @property
    def is_counted(self) -> bool:
        """As services/message_attempts.py counts towards the three of a day."""
        return self.counted and self.is_automatic and not self.nameless and self.wording not in ANSWERS


class Texts:
    def __init__(self) -> None:
        self.occurrences: list[Occurrence] = []
        self.sent: list[Text] = []

    def write(self, book: Book, dice: Dice) -> None:
        """Reminders, messages, receipts and what lies on the simulator's phones, each in the order of time."""
        self.occurrences.sort(key=lambda one: one.planned_at)
        reminders = book.add(Reminder, [_reminder_row(one) for one in self.occurrences])
        for occurrence, reminder_id in zip(self.occurrences, reminders, strict=True):
            occurrence.id = reminder_id
        self.sent.sort(key=lambda text: text.queued_at)
        refs, slots = [dice.ref() for _ in self.sent], Counter[tuple[int, date]]()
        rows = [_message_row(book, text, ref, slots) for text, ref in zip(self.sent, refs, strict=True)]
        for text, message_id in zip(self.sent, book.add(OutboundMessage, rows), strict=True):
            text.id = message_id
            for state, reason, at in text.moves:
                chain, details = site_chain(text.phone.site_id), {"reason": reason} if reason else {}
                book.chains.add(at, chain, ACTOR, f"message.{state}", f"message:{text.id}", details)
        named = list(zip(self.sent, refs, strict=True))
        book.put(DeliveryReceipt, _receipt_rows(named))
        book.put(SimulatedText, _simulated_rows(book, named))


def _reminder_row(one: Occurrence) -> dict[str, Any]:
    return {
        "patient_id": one.phone.patient_id,
        "side": one.phone.side,
        "site_id": one.phone.site_id,
        "kind": one.kind,
        "rule_version": 1,
        "on_date": one.on_date,
        "slot": 1,
        "appointment_id": one.appointment.id if one.appointment else None,
        "due_at": one.due_at,
        "expires_at": one.expires_at,
        "state": one.state,
        "reason": one.reason,
        "planned_at": one.planned_at,
    }


def _message_row(book: Book, text: Text, ref: str, slots: Counter[tuple[int, date]]) -> dict[str, Any]:
    phone, counted_on, slot = text.phone, None, None
    if text.is_counted and text.sent_at is not None:
        counted_on = day_of(text.sent_at, book)
        slots[phone.patient_id, counted_on] += 1
        slot = slots[phone.patient_id, counted_on]
    return {
        "ref": ref,
        "reminder_id": text.occurrence.id if text.occurrence else None,
        "patient_id": None if text.nameless else phone.patient_id,
        "side": phone.side,
        "site_id": phone.site_id,
        "line_id": phone.own_line.id,
        "wording": text.wording,
        "body": book.vault.seal("outbound_messages.body", ref, text.body),
        "is_automatic": text.is_automatic,
        "state": text.state,
        "reason": text.reason,
        "queued_at": text.queued_at,
        "send_after": text.queued_at,
        "expires_at": text.expires_at,
        "claimed_at": text.sent_at,
        "attempts": 1 if text.sent_at else 0,
        "attempt_started_at": text.sent_at,
        "finished_at": text.finished_at,
        "gateway": GATEWAY if text.sent_at else None,
        "segments": segments_of(text.body),
        "counted_on": counted_on,
        "count_slot": slot,
        "answer_hour": text.answer_hour,
        "question": text.question,
        "question_until": text.question_until,
        "answer": text.answer,
        "answered_at": text.answered_at,
        "written_by_id": text.written_by_id,
        "request_key": text.request_key,
    }


def _receipt_rows(texts: list[tuple[Text, str]]) -> list[dict[str, Any]]:
    rows = [
        {
            "event_key": f"{GATEWAY}:{ref}:{reported}",
            "message_id": text.id,
            "reported": reported,
            "reason": reason,
            "received_at": at,
        }
        for text, ref in texts
        for reported, reason, at in text.receipts
    ]
    return sorted(rows, key=lambda row: row["received_at"])


def _simulated_rows(book: Book, texts: list[tuple[Text, str]]) -> list[dict[str, Any]]:
    rows = [
        {
            "message_ref": ref,
            "line_id": text.phone.own_line.id,
            "body": book.vault.seal("simulated_texts.body", ref, text.body),
            "taken_at": text.sent_at,
            "shown_at": text.shown_at,
        }
        for text, ref in texts
        if text.taken
    ]
    return sorted(rows, key=lambda row: row["taken_at"])
