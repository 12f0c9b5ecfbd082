"""What became of a queue whose sender was killed again and again: three promises, counted text by text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from chaos.providers import HANDED, TOOK, Book
from counseling.models.audit import AuditEntry
from counseling.models.texts import MOST_AUTOMATIC_A_DAY, DeliveryReceipt, OutboundMessage, SimulatedText
from counseling.services.audit_verification import verify

TWICE, UNACCOUNTED, TOO_MANY = "twice", "unaccounted", "too many"
# What a queue may end in, by the provider that it was handed to; every text has time until long after the campaign.
ENDS = {
    "simulator": {"delivered", "refused"},
    "mindful": {"accepted", "refused"},
    "forgetful": {"accepted", "unknown", "refused"},
}


def judge(session: Session, kind: str, book: Book) -> dict[str, list[str]]:
    """For each promise the references of the texts that broke it."""
    messages = session.execute(select(OutboundMessage.__table__)).all()
    entries = _entries(session)
    taken = _taken(session, kind, book)
    handed = Counter(ref for word, ref in book.lines() if word == (HANDED if kind == "simulator" else TOOK))
    broken = {
        TWICE: [ref for ref in {m.ref for m in messages} if _is_twice(ref, taken, book.lines())],
        UNACCOUNTED: [
            m.ref
            for m in messages
            if not _is_accounted_for(m, kind, taken[m.ref], entries.get(m.id, []), handed[m.ref])
        ],
        TOO_MANY: list(_too_many(messages, taken)),
    }
    if kind == "simulator":
        broken[UNACCOUNTED] += _without_one_receipt(session, messages)
    if verify(session).broken:
        broken[UNACCOUNTED].append("the audit chain")
    return broken


def _taken(session: Session, kind: str, book: Book) -> Counter[str]:
    """How often the provider has each text, from its own memory."""
    if kind == "simulator":
        return Counter(session.execute(select(SimulatedText.message_ref)).scalars())
    return Counter(ref for word, ref in book.lines() if word == TOOK)


def _is_twice(ref: str, taken: Counter[str], lines: Iterable[tuple[str, str]]) -> bool:
    """The provider has it more than once, or was handed again what it had certainly taken."""
    of_text = [word for word, own in lines if own == ref]
    handed_again = TOOK in of_text and HANDED in of_text[of_text.index(TOOK) :]
    return taken[ref] > 1 or handed_again


def _is_accounted_for(message: Row[Any], kind: str, taken: int, words: list[str], handed: int) -> bool:
    """One end, which says what the provider knows too; and of each attempt an entry that says what came of it.

    `words` are the text's entries in the audit: of an attempt that is begun again, "message.queued".
    """
    ends = [word for word in words if word != "message.queued"]
    refused = message.state == "refused"
    sent = {0, 1} if message.state == "unknown" else {0} if refused else {1}
    return (
        message.state in ENDS[kind]
        and ends == words[-1:] == [f"message.{message.state}"]
        and taken in sent
        and message.attempts == len(words) - refused
        and handed <= message.attempts
    )


def _too_many(messages: Sequence[Row[Any]], taken: Counter[str]) -> Iterable[str]:
    """Texts beyond the third of a person; the whole campaign lies within one day."""
    seen: Counter[int] = Counter()
    for message in messages:
        for _ in range(min(taken[message.ref], 1)):
            seen[message.patient_id] += 1
            if seen[message.patient_id] > MOST_AUTOMATIC_A_DAY:
                yield message.ref


def _without_one_receipt(session: Session, messages: Sequence[Row[Any]]) -> list[str]:
    receipts = Counter(session.execute(select(DeliveryReceipt.message_id)).scalars())
    return [m.ref for m in messages if receipts[m.id] != (1 if m.state == "delivered" else 0)]


def _entries(session: Session) -> dict[int, list[str]]:
    query = select(AuditEntry.subject, AuditEntry.action).where(AuditEntry.subject.like("message:%"))
    found: dict[int, list[str]] = {}
    for subject, action in session.execute(query.order_by(AuditEntry.id)):
        found.setdefault(int(subject.removeprefix("message:")), []).append(action)
    return found
