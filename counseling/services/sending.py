"""Sending what is due, one text at a time: claim, look again, write down the attempt, let go, hand over, write the end.

At most once unless provably unsent: from the moment `attempt_started_at` is committed the provider may have the text.
A sender may be killed anywhere in between; `sweep` finds what it left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select

from counseling import logs
from counseling.database import AnySession, writing
from counseling.domain.message_states import NEXT_STATES, MessageState
from counseling.models.texts import OutboundMessage
from counseling.services.message_attempts import Attempt, LookAgain, begin, claim_next
from counseling.services.message_moves import back_to_queue, lock_message, move
from counseling.services.reminder_gates import why_not_now
from counseling.sms.gateway import SmsGateway, SmsOutcomeUnknown, SmsRejected

MOST_AT_ONCE = 200
PACE = timedelta(minutes=1)
FIRST_BACKOFF, LONGEST_BACKOFF = timedelta(minutes=1), timedelta(minutes=30)
# So many texts in a row that are to be tried again: the gateway is away, and the rest waits for the next run.
GATEWAY_IS_AWAY = 3
ATTEMPTED = ("claimed", "accepted", "delivered", "failed", "unknown")


@dataclass(frozen=True)
class Sent:
    """How many texts one run has moved, by the state they came to; QUEUED: back, to wait or to be tried again."""

    by_state: Mapping[MessageState, int]

    @property
    def accepted(self) -> int:
        return self.by_state.get(MessageState.ACCEPTED, 0)


def send_due(
    session: AnySession,
    gateway: SmsGateway,
    now: datetime,
    zone: ZoneInfo,
    most: int = MOST_AT_ONCE,
    *,
    look_again: LookAgain = why_not_now,
) -> Sent:
    """Send what is due, at most `most` texts and no faster than the gateway's pace. Three commits for each text.

    Several may run at once, in threads or processes: of two, one gets the text. What a gateway raises beyond its
    protocol ends the run; the text that it happened to is swept later.
    """
    moved: Counter[MessageState] = Counter()
    room, in_a_row = _room(session, gateway, now), 0
    while room > 0 and moved.total() < most and in_a_row < GATEWAY_IS_AWAY:
        claim = claim_next(session, now)
        if claim is None:
            break
        begun = begin(session, claim, gateway, now, zone, look_again)
        if isinstance(begun, MessageState):
            moved[begun] += 1
            continue
        room -= begun.segments
        state = _hand_over(session, gateway, begun, now)
        in_a_row = in_a_row + 1 if state is MessageState.QUEUED else 0
        moved[state] += 1
    if in_a_row >= GATEWAY_IS_AWAY:
        logs.logger().warning("the gateway takes nothing", job="send", count=in_a_row)
    return Sent(moved)


def _room(session: AnySession, gateway: SmsGateway, now: datetime) -> int:
    """Segments that the gateway takes in this minute still, counted in the database: several senders share a pace."""
    query = select(func.coalesce(func.sum(OutboundMessage.segments), 0)).where(
        OutboundMessage.attempt_started_at > now - PACE,
        OutboundMessage.attempt_started_at <= now,
        # For the index: what was attempted in the last minute had become due within the last days.
        OutboundMessage.state.in_(ATTEMPTED),
        OutboundMessage.send_after > now - timedelta(days=2),
    )
    return gateway.abilities.segments_per_minute - int(session.execute(query).scalar_one())


def _hand_over(session: AnySession, gateway: SmsGateway, attempt: Attempt, now: datetime) -> MessageState:
    """Call the gateway with no transaction open, and write down what it said."""
    try:
        gateway.send(attempt.text)
    except SmsRejected as rejection:
        return _take_back(session, attempt, rejection, now)
    except SmsOutcomeUnknown:
        return _finish(session, attempt, MessageState.UNKNOWN, now)
    return _finish(session, attempt, MessageState.ACCEPTED, now)


def _finish(session: AnySession, attempt: Attempt, to: MessageState, now: datetime) -> MessageState:
    with writing(session) as tx:
        message = lock_message(tx, _of(attempt))
        # A receipt may have been faster, or the sweep of somebody else: then theirs stands, unless ours says more.
        if message is not None and to in NEXT_STATES[MessageState(message.state)]:
            move(tx, message, to, now)
    return to


def _take_back(session: AnySession, attempt: Attempt, rejection: SmsRejected, now: datetime) -> MessageState:
    """The provider provably does not have it: try again while there is time and hope, else it has failed."""
    with writing(session) as tx:
        message = lock_message(tx, _of(attempt), OutboundMessage.state.in_(("claimed", "unknown")))
        if message is None:
            return MessageState.FAILED
        again_at = now + _backoff(attempt.number)
        if not rejection.permanent and again_at < message.expires_at:
            back_to_queue(tx, message, again_at, now)
            return MessageState.QUEUED
        uncounted = {"counted_on": None, "count_slot": None}
        move(tx, message, MessageState.FAILED, now, reason=rejection.reason.value, **uncounted)
        return MessageState.FAILED


def _of(attempt: Attempt) -> ColumnElement[bool]:
    return (OutboundMessage.id == attempt.message_id) & (OutboundMessage.attempts == attempt.number)


def _backoff(attempts: int) -> timedelta:
    return min(FIRST_BACKOFF * (1 << min(attempts - 1, 9)), LONGEST_BACKOFF)
