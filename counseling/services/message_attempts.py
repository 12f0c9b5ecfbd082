"""The way of one text up to its attempt: claimed by one sender, looked at again, its attempt written down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, and_, case, false, not_, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.clock import station_day
from counseling.database import AnySession, vault_of, violated, writing
from counseling.domain.channels import TextKind
from counseling.domain.message_states import FailureReason, MessageState
from counseling.models.texts import MOST_AUTOMATIC_A_DAY, OutboundMessage, PhoneLine
from counseling.services.channels import Lane
from counseling.services.message_moves import back_to_queue, lock_message, move
from counseling.services.phone_lines import open_line_number
from counseling.services.reminder_gates import is_exempt
from counseling.sms.gateway import SmsGateway, TextToSend
from counseling.sms.wording import ANSWERS
from counseling.vault import CannotOpen

# (transaction, the message's row, now, zone) → None, or why it does not go: "wait", "expired", "cleared:why",
# "refused:rule".
LookAgain = Callable[[Session, Any, datetime, ZoneInfo], str | None]
WAIT = timedelta(minutes=5)  # until a text that has to wait (night, a conversation) is looked at again
# Answers, and what people have typed, go before the morning's reminders.
_IS_ANSWER = or_(OutboundMessage.is_automatic.is_(False), OutboundMessage.wording.in_(ANSWERS))
_FIRST = case((_IS_ANSWER, 0), else_=1)
_OF_KIND = {TextKind.ANSWERS.value: _IS_ANSWER, TextKind.REMINDERS.value: not_(_IS_ANSWER)}


class Claim(NamedTuple):
    """The instant tells this claim from a later one of the same text."""

    message_id: int
    claimed_at: datetime


@dataclass(frozen=True)
class NotNow:
    """What spoke against a text when it was looked at again; its row is locked."""

    message: Row[Any]
    verdict: str


@dataclass(frozen=True)
class Attempt:
    """`number`: the how many-eth of this text. A later one makes the word of an earlier one void."""

    message_id: int
    number: int
    segments: int
    text: TextToSend


def claim_due(session: AnySession, lane: Lane, now: datetime, most: int) -> list[Claim]:
    """Claim the next texts of a lane that are due, at most so many; none when none is."""
    due = (
        select(OutboundMessage.id)
        .where(
            OutboundMessage.state == MessageState.QUEUED.value,
            OutboundMessage.send_after <= now,
            OutboundMessage.expires_at > now,
            _goes_through(lane),
        )
        .order_by(_FIRST, OutboundMessage.send_after, OutboundMessage.id)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("due")  # PostgreSQL might ask a subquery again for every row, and claim more
    )
    # The WHERE on state is the lock: of two senders, one gets the row and the other the next one.
    claim = (
        update(OutboundMessage)
        .where(OutboundMessage.id.in_(select(due.c.id)), OutboundMessage.state == MessageState.QUEUED.value)
        .values(state=MessageState.CLAIMED.value, claimed_at=now)
        .returning(OutboundMessage.id)
    )
    with writing(session) as tx:
        claimed = tx.execute(claim).scalars().all()
    return [Claim(message_id, now) for message_id in sorted(claimed)]


def _goes_through(lane: Lane) -> ColumnElement[bool]:
    """Of the lane's kinds; a text that is pinned to a gateway goes through that one or waits."""
    free = and_(OutboundMessage.pinned_gateway.is_(None), or_(false(), *(_OF_KIND[kind] for kind in lane.kinds)))
    return or_(OutboundMessage.pinned_gateway == lane.gateway.name, free)


def begin_all(
    session: AnySession,
    claims: Sequence[Claim],
    gateway: SmsGateway,
    now: datetime,
    zone: ZoneInfo,
    look_again: LookAgain,
) -> list[Attempt | MessageState]:
    """The same as `begin` for several, in one transaction as far as that goes."""
    begun: list[Attempt | MessageState | NotNow | None] = [None] * len(claims)
    if len(claims) > 1:
        try:
            with writing(session) as tx:
                begun = [_begin(tx, claim, gateway, now, zone, look_again) for claim in claims]
        except IntegrityError:  # one of them took a place of somebody's day that another sender took as well
            begun = [None] * len(claims)
    # What does not go locks its site's chain, so it comes after, each by itself.
    return [
        one if isinstance(one, Attempt | MessageState) else begin(session, claim, gateway, now, zone, look_again)
        for claim, one in zip(claims, begun, strict=True)
    ]


def begin(
    session: AnySession, claim: Claim, gateway: SmsGateway, now: datetime, zone: ZoneInfo, look_again: LookAgain
) -> Attempt | MessageState:
    """Look again and write down that an attempt begins; or give the state that the text has come to instead."""
    for _ in range(MOST_AUTOMATIC_A_DAY + 1):
        try:
            with writing(session) as tx:
                begun = _begin(tx, claim, gateway, now, zone, look_again)
                return _leave_unsent(tx, begun.message, begun.verdict, now) if isinstance(begun, NotNow) else begun
        except IntegrityError as error:
            # Another sender took this place of the person's day at the same moment: there is a further one, or none.
            if "daily_cap" not in violated(error):
                raise
    return MessageState.CLAIMED  # left to the sweep


def _begin(
    tx: Session, claim: Claim, gateway: SmsGateway, now: datetime, zone: ZoneInfo, look_again: LookAgain
) -> Attempt | MessageState | NotNow:
    """An attempt, written down; or what speaks against it."""
    claimed = (OutboundMessage.claimed_at == claim.claimed_at) & (OutboundMessage.state == MessageState.CLAIMED.value)
    message = lock_message(tx, OutboundMessage.id == claim.message_id, claimed)
    if message is None:
        return MessageState.CLAIMED  # so slow that the sweep has taken it back, and perhaps another has it
    verdict, place = look_again(tx, message, now, zone), None
    if verdict is None and message.patient_id is not None and not is_exempt(message):
        place = _free_place(tx, message.patient_id, station_day(now, zone))
        verdict = None if place else "refused:daily_cap"
    text = _open_text(tx, message) if verdict is None else None
    if text is None:
        return NotNow(message, verdict or f"failed:{FailureReason.OURS}")
    values = {"attempt_started_at": now, "attempts": message.attempts + 1, "gateway": gateway.name}
    if place is not None:
        values |= {"counted_on": station_day(now, zone), "count_slot": place}
    tx.execute(update(OutboundMessage).where(OutboundMessage.id == message.id).values(**values))
    return Attempt(message.id, message.attempts + 1, message.segments, text)


def _free_place(tx: Session, patient_id: int, today: date) -> int | None:
    """The first free place of the person's day; the unique constraint holds it against another sender."""
    taken = select(OutboundMessage.count_slot).where(
        OutboundMessage.patient_id == patient_id, OutboundMessage.counted_on == today
    )
    free = set(range(1, MOST_AUTOMATIC_A_DAY + 1)) - set(tx.execute(taken).scalars())
    return min(free, default=None)


def _leave_unsent(tx: Session, message: Row[Any], verdict: str, now: datetime) -> MessageState:
    word, _, reason = verdict.partition(":")
    if word == "wait":
        back_to_queue(tx, message, now + WAIT, now)
        return MessageState.QUEUED
    move(tx, message, MessageState(word), now, reason=reason or None)
    return MessageState(word)


def _open_text(tx: Session, message: Row[Any]) -> TextToSend | None:
    """The text as it is handed over; None where its words are blanked or the key of one of the two is gone."""
    opened = open_words(tx, message)
    if opened is None:
        return None
    number, body = opened
    return TextToSend(ref=message.ref, number=number, body=body, expires_at=message.expires_at)


def open_words(session: AnySession, message: Row[Any]) -> tuple[str, str] | None:
    """Number and words of a text; None where its words are blanked or the key of one of the two is gone."""
    vault = vault_of(session)
    line = session.execute(select(PhoneLine.ref, PhoneLine.number).where(PhoneLine.id == message.line_id)).one()
    try:
        number = open_line_number(vault, line.ref, line.number)
        body = vault.open("outbound_messages.body", message.ref, message.body)
    except CannotOpen:
        return None
    return None if body is None else (number, body)
