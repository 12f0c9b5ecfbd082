"""What a sender left behind when it was killed, or its machine slept: claims that ran out, attempts without an end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from counseling.database import AnySession, writing
from counseling.domain.message_states import FailureReason, MessageState, after_lost_attempt
from counseling.models.texts import OutboundMessage
from counseling.services.message_attempts import open_words
from counseling.services.message_moves import UNTOUCHED, back_to_queue, lock_message, move
from counseling.services.work_time import MayGoOn, as_long_as_it_takes
from counseling.sms.gateway import AttemptedText, SmsGateway, SmsOutcomeUnknown
from counseling.sms.gateways import Gateways

# Far longer than any gateway's time-out: who has not written the end by then is not going to.
LEASE = timedelta(minutes=5)
# A call that we have given up may still be worked on over there: a "no" in that moment would be none.
SETTLES = timedelta(minutes=1)
MOST_AT_ONCE = 50  # questions to the gateway in one sweep
MOST_EXPIRED_AT_ONCE = 1000


def sweep(
    session: AnySession,
    gateway: SmsGateway | Gateways,
    now: datetime,
    zone: ZoneInfo,
    may_go_on: MayGoOn = as_long_as_it_takes,
) -> None:
    """Let claimed texts go again that nobody attempted, settle attempts without an end, expire what came too late.

    Safe to run beside senders and other sweeps. `zone` is part of what every part of a tick is given. `may_go_on` is
    asked before each question to a gateway: one that is silent takes ten seconds to say nothing.
    """
    _release(session, now)
    gateways = Gateways.of(gateway)
    for message in (*_list_lost(session, now), *_list_unknown(session, now)):
        if not may_go_on():
            break  # the next sweep asks
        _settle_lost(session, gateways, message, now)
    for message_id in _list_late(session, now):
        _expire(session, message_id, now)


def _release(session: AnySession, now: datetime) -> None:
    """Never attempted: the provider cannot have it."""
    left = (
        select(OutboundMessage.id)
        .where(
            OutboundMessage.state == MessageState.CLAIMED.value,
            OutboundMessage.attempt_started_at.is_(None),
            _ran_out(OutboundMessage.claimed_at, now),
        )
        .with_for_update(skip_locked=True)
    )
    released = update(OutboundMessage).where(OutboundMessage.id.in_(left))
    with writing(session) as tx:
        tx.execute(released.values(state=MessageState.QUEUED.value, **UNTOUCHED))


def _ran_out(
    since: InstrumentedAttribute[datetime | None], now: datetime, lasts: timedelta = LEASE
) -> ColumnElement[bool]:
    """A claim of the future was made before somebody set the clock back: nobody is going to finish it either."""
    return or_(since <= now - lasts, since > now + lasts)


def _list_lost(session: AnySession, now: datetime) -> Sequence[Row[*tuple[Any, ...]]]:
    return _list(
        session,
        OutboundMessage.state == MessageState.CLAIMED.value,
        _ran_out(OutboundMessage.attempt_started_at, now),
    )


def _list_unknown(session: AnySession, now: datetime) -> Sequence[Row[*tuple[Any, ...]]]:
    """Asked about as long as it would be in time; then it stays unknown, unless a late receipt comes."""
    return _list(
        session,
        OutboundMessage.state == MessageState.UNKNOWN.value,
        OutboundMessage.expires_at > now,
        _ran_out(OutboundMessage.attempt_started_at, now, SETTLES),
    )


def _list(session: AnySession, *which: ColumnElement[bool]) -> Sequence[Row[*tuple[Any, ...]]]:
    newest_first = select(OutboundMessage.__table__).where(*which).order_by(OutboundMessage.id.desc())
    rows = session.execute(newest_first.limit(MOST_AT_ONCE)).all()
    session.rollback()  # nothing stays open while the gateway is asked
    return rows


def _settle_lost(session: AnySession, gateways: Gateways, lost: Row[*tuple[Any, ...]], now: datetime) -> None:
    gateway = gateways.find(lost.gateway)  # None: its settings are gone, and nobody can be asked
    known = None if gateway is None else _ask(session, gateway, lost)
    to = after_lost_attempt(known, repeat_safe=gateway is not None and gateway.abilities.repeat_safe)
    if to == lost.state:
        return
    same = (OutboundMessage.id == lost.id) & (OutboundMessage.attempts == lost.attempts)
    with writing(session) as tx:
        message = lock_message(tx, same, OutboundMessage.state == lost.state)
        if message is None:
            return  # a receipt came, or the sender that we believed dead
        if to is MessageState.QUEUED:
            back_to_queue(tx, message, now, now, pinned_to=lost.gateway)
        else:
            move(tx, message, to, now)


def _ask(session: AnySession, gateway: SmsGateway, lost: Row[*tuple[Any, ...]]) -> bool | None:
    opened = open_words(session, lost)
    session.rollback()
    number, body = opened or ("", "")
    text = AttemptedText(ref=lost.ref, number=number, body=body, attempted_at=lost.attempt_started_at)
    try:
        return gateway.resolve_unknown(text) if opened or gateway.abilities.repeat_safe else None
    except SmsOutcomeUnknown:
        return None


def _list_late(session: AnySession, now: datetime) -> Sequence[int]:
    late = select(OutboundMessage.id).where(
        OutboundMessage.state == MessageState.QUEUED.value, OutboundMessage.expires_at <= now
    )
    return session.execute(late.order_by(OutboundMessage.id).limit(MOST_EXPIRED_AT_ONCE)).scalars().all()


def _expire(session: AnySession, message_id: int, now: datetime) -> None:
    """One text each: two at once would lock the chains of two sites, in an order of their own."""
    with writing(session) as tx:
        message = lock_message(tx, OutboundMessage.id == message_id, OutboundMessage.state == MessageState.QUEUED.value)
        if message is not None:
            tried = FailureReason.TEMPORARY.value if message.attempts else None
            move(tx, message, MessageState.EXPIRED, now, reason=tried)
