"""What became of a week's texts: the database's word on each beside what the phone and the second gateway know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from counseling.clock import station_day
from counseling.config import VIETNAM
from counseling.domain.message_states import MessageState
from counseling.domain.sending_hours import is_quiet
from counseling.models.audit import AuditEntry
from counseling.models.texts import MOST_AUTOMATIC_A_DAY, OutboundMessage
from counseling.services.audit_verification import verify
from counseling.services.reminder_gates import is_exempt
from tests.support.fake_phone import FakePhone

ONE_END, IN_TIME, CAP, GONE = "one end", "in time", "cap", "gone"
S = MessageState
# `accepted` ends a text only where nobody reports back. Cleared: one more first text of a number that was told.
ENDS = {S.DELIVERED, S.FAILED, S.UNKNOWN, S.EXPIRED, S.REFUSED, S.CANCELLED, S.CLEARED}
NOT_SENT = {S.EXPIRED, S.REFUSED, S.CLEARED, S.CANCELLED}


def judge(
    session: Session, phone: FakePhone, abroad: Sequence[tuple[str, datetime]], tried: Mapping[int, Mapping[int, int]]
) -> dict[str, list[str]]:
    """For each promise the stories of the texts that broke it. `tried`: see `gateway_people.Leaving`."""
    session.rollback()
    messages = session.execute(select(OutboundMessage.__table__)).all()
    reminders = [message for message in messages if not is_exempt(message)]
    sent = [(kept.ref, kept.sent_at) for kept in phone.kept.values() for _ in range(kept.times_sent) if kept.sent_at]
    sent += abroad
    times, ends = Counter(ref for ref, _ in sent), _ends(session)
    broken = {
        ONE_END: [m.ref for m in messages if not _ends_once(m, times[m.ref], ends[m.id])],
        IN_TIME: list(_out_of_time(reminders, sent)),
        CAP: list(_too_many(reminders, sent)),
        GONE: [m.ref for m in reminders if m.attempts > tried.get(m.patient_id, {}).get(m.id, m.attempts)],
    }
    by_ref = {message.ref: message for message in messages}
    told = {
        promise: [_story_of(by_ref[ref], sent, ends[by_ref[ref].id]) for ref in refs]
        for promise, refs in broken.items()
    }
    if verify(session).broken:
        told[ONE_END].append("the audit chain")
    return told


def _story_of(message: Row[Any], sent: Iterable[tuple[str, datetime]], ends: int) -> str:
    """What the database says of a text that broke a promise, and when it was on the air."""
    words = ("wording", "state", "reason", "gateway", "pinned_gateway", "attempts", "send_after", "expires_at")
    said = ", ".join(f"{word} {getattr(message, word)}" for word in words)
    air = ", ".join(f"{moment:%d %H:%M}" for ref, moment in sent if ref == message.ref)
    return f"{said}; {ends} ends; on the air {air or 'never'}"


def _ends_once(message: Row[Any], times: int, ends: int) -> bool:
    """At most once on the air, one state at the end, and one that is true."""
    state = S(message.state)
    if times > 1 or ends > 1 or not (state in ENDS or (state is S.ACCEPTED and message.gateway == "abroad")):
        return False
    if state in (S.DELIVERED, S.ACCEPTED):
        return times == 1
    return times == 0 if state in NOT_SENT else True


def _out_of_time(messages: Sequence[Row[Any]], sent: Iterable[tuple[str, datetime]]) -> Iterable[str]:
    """On the air at night, or after what it says had lost its sense."""
    dies = {message.ref: message.expires_at for message in messages}
    for ref, moment in sent:
        if ref in dies and (is_quiet(moment, VIETNAM) or moment > dies[ref]):
            yield ref


def _too_many(messages: Sequence[Row[Any]], sent: Iterable[tuple[str, datetime]]) -> Iterable[str]:
    person = {message.ref: message.patient_id for message in messages}
    seen: Counter[tuple[int, Any]] = Counter()
    for ref, moment in sent:
        if ref not in person:
            continue
        key = person[ref], station_day(moment, VIETNAM)
        seen[key] += 1
        if seen[key] > MOST_AUTOMATIC_A_DAY:
            yield ref


def _ends(session: Session) -> Counter[int]:
    """How often the audit says that a text came to a final state; `unknown` may learn better."""
    final = [f"message.{state.value}" for state in (*NOT_SENT, S.DELIVERED, S.FAILED)]
    found = select(AuditEntry.subject).where(AuditEntry.action.in_(final))
    return Counter(int(subject.removeprefix("message:")) for subject in session.execute(found).scalars())
