"""Texts that came in: how staff handle those that are for people, and the rows of all of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from counseling.demo import words
from counseling.demo.book import Book
from counseling.demo.dice import Dice
from counseling.demo.phones import Line, Phone, day_of
from counseling.demo.plan import A_DAY
from counseling.demo.texts import GATEWAY, Text
from counseling.demo.told import Reply, Told
from counseling.domain.audit_chain import site_chain
from counseling.models.texts import InboundMessage
from counseling.services.inbound_reading import ACTOR
from counseling.services.inbox import DIES_AFTER, TYPED
from counseling.services.sms_consents import BY_TEXT
from counseling.sms.segments import segments_of
from counseling.treatment_rows import TREATMENT

# Minutes of the day: when the people of a side last look into the inbox, and when they do so in the morning.
LAST_LOOK = {TREATMENT: 10 * 60 + 5, "support": 16 * 60 + 20}
FIRST_LOOK = {TREATMENT: (7 * 60 + 10, 8 * 60 + 20), "support": (8 * 60 + 30, 9 * 60 + 45)}
ANSWERED = 0.6  # of the free words; the rest needs nothing more


def handle(book: Book, told: Told, reply: Reply, phone: Phone, dice: Dice) -> None:
    """Somebody of ours reads it when they next look, and often answers; what came too late for that stays unread."""
    at = when_somebody_looks(book, phone.side, reply.received_at, dice)
    if at >= book.frame.now - timedelta(minutes=10):
        return
    reply.handled_at, reply.handled_by_id = at, who_is_there(book, phone, at)
    if reply.meaning == "other" and dice.chance(ANSWERED):
        text = Text(phone, TYPED, dice.one_of(words.STAFF_ANSWERS), at, at + DIES_AFTER, is_automatic=False)
        text.written_by_id, text.request_key = reply.handled_by_id, dice.request_key()
        text.sent_at = at + timedelta(seconds=dice.between(1, 29))
        text.arrive(text.sent_at)
        told.texts.sent.append(text)
        reply.answered_with = text


def when_somebody_looks(book: Book, side: str, since: datetime, dice: Dice) -> datetime:
    """The next moment of the desk's hours; the morning after for what comes late."""
    day = day_of(since, book)
    soon = since + timedelta(minutes=dice.between(9, 55))
    first, last = FIRST_LOOK[side], book.frame.at(day, LAST_LOOK[side])
    if book.frame.at(day, first[0]) <= soon <= last:
        return soon
    if soon < last:
        return book.frame.at(day, dice.between(*first))
    return book.frame.at(day + A_DAY, dice.between(*first))


def who_is_there(book: Book, phone: Phone, at: datetime) -> int:
    """The dispenser of the day on the treatment side, the point's counselor on the other."""
    station = next(code for code, site_id in book.places.sites.items() if site_id == phone.site_id)
    if phone.side == TREATMENT:
        return book.dispenser(station, day_of(at, book))
    return book.counselor(station)


def write_inbox(book: Book, told: Told, dice: Dice) -> None:
    """Rows of what came in, in the order of time, and what the audit tells of it."""
    told.replies.sort(key=lambda reply: reply.received_at)
    rows = [_row(book, reply, dice) for reply in told.replies]
    for reply, inbound_id in zip(told.replies, book.add(InboundMessage, rows), strict=True):
        reply.id = inbound_id
        chain, subject = site_chain(reply.site_id), f"text:{reply.id}"
        book.chains.add(reply.read_at, chain, ACTOR, "text.read", subject, {"meaning": reply.meaning})
        if reply.handled_at is None or reply.handled_by_id is None:
            continue
        if reply.answered_with is None:
            book.note(reply.handled_at, reply.site_id, reply.handled_by_id, "text.handled", subject, {"texts": 1})
        else:
            facts = {"message": reply.answered_with.id, "segments": segments_of(reply.answered_with.body)}
            book.note(reply.handled_at, reply.site_id, reply.handled_by_id, "text.answered", subject, facts)


def note_stops(book: Book, told: Told) -> None:
    """A number that stopped or began again is told of at every site that has it in a file."""
    for line in {id(phone.line): phone.line for phone in told.phones if phone.line}.values():
        chains = sorted({site_chain(phone.site_id) for phone in told.phones if phone.line is line})
        for action, moments in (("line.stopped", line.stopped), ("line.started", line.started)):
            for at in moments:
                for chain in chains:
                    book.chains.add(at, chain, BY_TEXT, action, f"line:{line.id}")


def leave_unread(
    told: Told, line: Line, body: str, at: datetime, side: str, site_id: int, patient_id: int | None = None
) -> None:
    """Words that wait for whoever opens the inbox; without a patient: a number that nobody has, or several people."""
    told.replies.append(Reply(line, body, at, at + timedelta(seconds=9), "other", side, site_id, patient_id))


def _row(book: Book, reply: Reply, dice: Dice) -> dict[str, Any]:
    ref = dice.ref()
    return {
        "ref": ref,
        "event_key": f"{GATEWAY}:{dice.request_key()}",
        "gateway": GATEWAY,
        "kind": reply.kind,
        "line_id": reply.line.id,
        "body": book.vault.seal("inbound_messages.body", ref, reply.body),
        "received_at": reply.received_at,
        "read_at": reply.read_at,
        "meaning": reply.meaning,
        "patient_id": reply.patient_id,
        "side": reply.side,
        "site_id": reply.site_id,
        "question_id": reply.question.id if reply.question else None,
        "answer": reply.answer,
        "handled_at": reply.handled_at,
        "handled_by_id": reply.handled_by_id,
    }
