"""The way of one text up to its attempt: claimed by one sender, looked at again, worded anew, its attempt written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, and_, bindparam, case, false, not_, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.clock import station_day
from counseling.database import AnySession, vault_of, violated, writing
from counseling.domain.channels import TextKind
from counseling.domain.message_states import FailureReason, MessageState
from counseling.domain.sending_hours import end_of_sending
from counseling.domain.unsent import Unsent
from counseling.models.texts import MOST_AUTOMATIC_A_DAY, OutboundMessage, PhoneLine
from counseling.queries.first_texts import FIRST
from counseling.queries.remembering import remembering
from counseling.services.channels import Lane
from counseling.services.message_moves import back_to_queue, move
from counseling.services.phone_lines import open_line_number
from counseling.services.reminder_gates import is_exempt, read_reminders
from counseling.services.rewording import reword
from counseling.sms.gateway import SmsGateway, TextToSend
from counseling.sms.segments import segments_of
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


_Begun = Attempt | MessageState | NotNow
# One statement for all texts of a batch; built once.
WRITE_ATTEMPT = (
    update(OutboundMessage.__table__)  # type: ignore[arg-type]  # Core table behind the mapped class
    .where(OutboundMessage.__table__.c.id == bindparam("of_text"))
    .values(
        {name: bindparam(name) for name in ("attempt_started_at", "attempts", "gateway", "counted_on", "count_slot")}
    )
)


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
    begun: Mapping[Claim, _Begun] = {}
    if len(claims) > 1:
        try:
            with writing(session) as tx:
                begun = _begin(tx, claims, gateway, now, zone, look_again)
        except IntegrityError:  # one of them took a place of somebody's day that another sender took as well
            begun = {}
    # What does not go locks its site's chain, so it comes after, each by itself.
    done = {claim: one for claim, one in begun.items() if not isinstance(one, NotNow)}
    return [done[claim] if claim in done else begin(session, claim, gateway, now, zone, look_again) for claim in claims]


def begin(
    session: AnySession, claim: Claim, gateway: SmsGateway, now: datetime, zone: ZoneInfo, look_again: LookAgain
) -> Attempt | MessageState:
    """Look again and write down that an attempt begins; or give the state that the text has come to instead."""
    for _ in range(MOST_AUTOMATIC_A_DAY + 1):
        try:
            with writing(session) as tx:
                begun = _begin(tx, [claim], gateway, now, zone, look_again)[claim]
                return _leave_unsent(tx, begun.message, begun.verdict, now) if isinstance(begun, NotNow) else begun
        except IntegrityError as error:
            # Another sender took this place of the person's day at the same moment: there is a further one, or none.
            if "daily_cap" not in violated(error):
                raise
    return MessageState.CLAIMED  # left to the sweep


def _begin(
    tx: Session, claims: Sequence[Claim], gateway: SmsGateway, now: datetime, zone: ZoneInfo, look_again: LookAgain
) -> dict[Claim, _Begun]:
    """For each claim its attempt, written down, or what speaks against it. Few statements, however many texts."""
    rows = _lock_claimed(tx, claims)
    # So slow that the sweep has taken them back, and perhaps another has them.
    begun: dict[Claim, _Begun] = {claim: MessageState.CLAIMED for claim in claims if claim.message_id not in rows}
    today = station_day(now, zone)
    with remembering(tx):
        verdicts = _look_at_all(tx, rows.values(), now, zone, look_again)
        texts = _open_texts(tx, [m for m in rows.values() if verdicts[m.id] is None], end_of_sending(today, zone))
        by_now = reword(tx, [(rows[message_id], text.body) for message_id, text in texts.items()], now, zone)
    verdicts |= by_now.against
    going = [rows[message_id] for message_id in texts if verdicts[message_id] is None]
    places = _free_places(tx, [m for m in going if m.patient_id is not None and not is_exempt(m)], today)
    values = []
    for claim in claims:
        message = rows.get(claim.message_id)
        if message is None:
            continue
        full = message.id in places and places[message.id] is None
        text = texts.get(message.id)
        if verdicts[message.id] or full or text is None:
            why = verdicts[message.id] or (f"refused:{Unsent.DAILY_CAP}" if full else f"failed:{FailureReason.OURS}")
            begun[claim] = NotNow(message, why)
            continue
        place = places.get(message.id)
        counted = {"counted_on": today if place else None, "count_slot": place}
        values.append({"of_text": message.id, "attempts": message.attempts + 1, "gateway": gateway.name, **counted})
        begun[claim] = _attempt(message, text, by_now.bodies.get(message.id))
    if values:
        tx.connection().execute(WRITE_ATTEMPT, [{**one, "attempt_started_at": now} for one in values])
    return begun


def _look_at_all(
    tx: Session, messages: Collection[Row[Any]], now: datetime, zone: ZoneInfo, look_again: LookAgain
) -> dict[int, str | None]:
    """What speaks against each. Of two first texts for one number the second waits until the first has gone."""
    verdicts, told = dict[int, str | None](), set[int]()
    read_reminders(tx, messages)
    for message in messages:
        verdict = look_again(tx, message, now, zone)
        if verdict is None and message.wording == FIRST:
            verdict = "wait" if message.line_id in told else None
            told.add(message.line_id)
        verdicts[message.id] = verdict
    return verdicts


def _attempt(message: Row[Any], text: TextToSend, other_words: str | None) -> Attempt:
    if other_words is None:
        return Attempt(message.id, message.attempts + 1, message.segments, text)
    return Attempt(message.id, message.attempts + 1, segments_of(other_words), replace(text, body=other_words))


def _lock_claimed(tx: Session, claims: Sequence[Claim]) -> dict[int, Row[Any]]:
    """The texts that are still claimed as these claims say, locked in one order."""
    moments = {claim.message_id: claim.claimed_at for claim in claims}
    table = OutboundMessage.__table__
    claimed = OutboundMessage.id.in_(moments), OutboundMessage.state == MessageState.CLAIMED.value
    found = tx.execute(select(table).where(*claimed).order_by(OutboundMessage.id).with_for_update())
    return {row.id: row for row in found if row.claimed_at == moments[row.id]}


def _free_places(tx: Session, messages: Sequence[Row[Any]], today: date) -> dict[int, int | None]:
    """For each text the first free place of its person's day; None: the day is full.

    The unique constraint holds it against another sender.
    """
    people = {message.patient_id for message in messages}
    taken = select(OutboundMessage.patient_id, OutboundMessage.count_slot).where(
        OutboundMessage.patient_id.in_(people), OutboundMessage.counted_on == today
    )
    used = [tuple(row) for row in tx.execute(taken)] if people else []
    places: dict[int, int | None] = {}
    for message in messages:
        free = [n for n in range(1, MOST_AUTOMATIC_A_DAY + 1) if (message.patient_id, n) not in used]
        places[message.id] = free[0] if free else None
        used += [(message.patient_id, free[0])] if free else []
    return places


def _leave_unsent(tx: Session, message: Row[Any], verdict: str, now: datetime) -> MessageState:
    word, _, reason = verdict.partition(":")
    if word == "wait":
        back_to_queue(tx, message, now + WAIT, now)
        return MessageState.QUEUED
    move(tx, message, MessageState(word), now, reason=reason or None)
    return MessageState(word)


def _open_texts(tx: Session, messages: Sequence[Row[Any]], evening: datetime) -> dict[int, TextToSend]:
    """The texts as they are handed over; without those whose words are blanked or of which a key is gone.

    A phone without a signal sends what it holds as soon as it has one, so a provider lets die by the evening what must
    not go out at night, however long the text itself is good for.
    """
    lines = _lines_of(tx, messages)
    texts = {}
    for message in messages:
        words = _words_of(tx, message, lines)
        if words is not None:
            number, body = words
            dies = message.expires_at if is_exempt(message) else min(message.expires_at, evening)
            texts[message.id] = TextToSend(ref=message.ref, number=number, body=body, expires_at=dies)
    return texts


def open_words(session: AnySession, message: Row[Any]) -> tuple[str, str] | None:
    """Number and words of a text; None where its words are blanked or the key of one of the two is gone."""
    return _words_of(session, message, _lines_of(session, [message]))


def _lines_of(session: AnySession, messages: Sequence[Row[Any]]) -> dict[int, Row[Any]]:
    wanted = {message.line_id for message in messages}
    found = select(PhoneLine.id, PhoneLine.ref, PhoneLine.number).where(PhoneLine.id.in_(wanted))
    lines: dict[int, Any] = {row.id: row for row in session.execute(found)} if wanted else {}
    return lines


def _words_of(session: AnySession, message: Row[Any], lines: Mapping[int, Row[Any]]) -> tuple[str, str] | None:
    vault, line = vault_of(session), lines[message.line_id]
    try:
        number = open_line_number(vault, line.ref, line.number)
        body = vault.open("outbound_messages.body", message.ref, message.body)
    except CannotOpen:
        return None
    return None if body is None else (number, body)
