"""Sending what is due: claim, look again, write down the attempt, let go, hand over, write the end.

At most once unless provably unsent: from the moment `attempt_started_at` is committed the provider may have the text.
A sender may be killed anywhere in between; `sweep` finds what it left. Where a gateway takes several calls side by
side, so many texts go these steps together; how many of them a kill leaves without an end is what that costs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from counseling import logs
from counseling.database import AnySession, writing
from counseling.domain.message_states import NEXT_STATES, FailureReason, MessageState
from counseling.models.texts import OutboundMessage
from counseling.services.channels import Lane, look_for_room, note_outcomes, note_stopped, open_lanes, outcomes_of
from counseling.services.gateway_reports import note_opt_out
from counseling.services.message_attempts import Attempt, LookAgain, begin_all, claim_due
from counseling.services.message_moves import Moved, change, change_back, change_to_accepted, note_moves
from counseling.services.reminder_gates import why_not_now
from counseling.services.work_time import MayGoOn, as_long_as_it_takes
from counseling.sms.gateway import Fault, SmsGateway, SmsMisconfigured, SmsOutcomeUnknown, SmsRejected, SmsTooLate
from counseling.sms.gateways import Gateways

MOST_AT_ONCE = 200  # of a run to which nobody gives a time
FIRST_BACKOFF, LONGEST_BACKOFF = timedelta(minutes=1), timedelta(minutes=30)
HandOver = Callable[[Sequence[Attempt]], list["Ended"]]


@dataclass(frozen=True)
class Sent:
    """How many texts one run has moved, by the state they came to; QUEUED: back, to wait or to be tried again.

    `is_cut_short`: it ended because it had sent its most or its time was over, so that more may be due.
    """

    by_state: Mapping[MessageState, int]
    is_cut_short: bool = False

    @property
    def accepted(self) -> int:
        return self.by_state.get(MessageState.ACCEPTED, 0)


@dataclass(frozen=True)
class Ended:
    """How the call for one attempt ended. `rejection`: the provider provably does not have it."""

    attempt: Attempt
    to: MessageState
    rejection: SmsRejected | None = None
    fault: Fault | None = None

    @property
    def is_too_late(self) -> bool:
        """Nobody was called: it says nothing of the gateway."""
        return isinstance(self.rejection, SmsTooLate)

    @property
    def came_through(self) -> bool:
        """Whether the gateway answered at all: a text that it refuses for good is an answer, too."""
        if self.to is MessageState.UNKNOWN or self.fault is not None:
            return False
        return self.rejection is None or self.rejection.permanent


def send_due(
    session: AnySession,
    gateway: SmsGateway | Gateways,
    now: datetime,
    zone: ZoneInfo,
    most: int = MOST_AT_ONCE,
    *,
    look_again: LookAgain = why_not_now,
    clock: Callable[[], datetime] | None = None,
    may_go_on: MayGoOn = as_long_as_it_takes,
) -> Sent:
    """Send what is due, at most `most` texts and no faster than the gateways' pace. Three commits for each batch.

    `clock` is asked before each batch and after it: a gateway may take ten seconds for a text, and 20:00 passes
    meanwhile. None: the whole run is at `now`. `may_go_on` is asked before each batch, too.

    Several may run at once, in threads or processes: of two, one gets the text. What a gateway raises beyond its
    protocol ends the run; the text that it happened to is swept later.
    """
    moved: Counter[MessageState] = Counter()
    gateways = Gateways.of(gateway)
    done: set[str] = set()  # gateways with nothing to do, no room, or a rest that has begun
    lanes = {lane.gateway.name: lane for lane in open_lanes(session, gateways, now)}
    while moved.total() < most and may_go_on():
        lane = next((lane for name, lane in lanes.items() if name not in done and lane.room > 0), None)
        if lane is None:
            break
        run = _Run(session, clock or (lambda: now), zone, look_again, len(gateways.by_name) > 1, may_go_on)
        states, is_away = _send_through(run, lane, most - moved.total())
        moved.update(states)
        done.add(lane.gateway.name)
        if is_away:  # what it carried may have another way
            lanes = {lane.gateway.name: lane for lane in open_lanes(session, gateways, run.clock())}
            done &= lanes.keys()
            done -= {name for name, lane in lanes.items() if lane.kinds}
    return Sent(moved, is_cut_short=moved.total() >= most or not may_go_on())


@dataclass(frozen=True)
class _Run:
    """What stays the same over one run. `has_others`: there are channels besides the one that is used."""

    session: AnySession
    clock: Callable[[], datetime]
    zone: ZoneInfo
    look_again: LookAgain
    has_others: bool
    may_go_on: MayGoOn


def _send_through(run: _Run, lane: Lane, most: int) -> tuple[Counter[MessageState], bool]:
    """Send what is due through one gateway until nothing is, its minute is full, or it rests or stands."""
    moved: Counter[MessageState] = Counter()
    with _handing_over(lane.gateway) as hand_over:
        while moved.total() < most and run.may_go_on():
            now = run.clock()
            look_for_room(run.session, lane, now)
            if lane.room <= 0:
                break
            wanted = min(lane.gateway.abilities.calls_at_once, most - moved.total(), lane.room)
            claims = claim_due(run.session, lane, now, wanted)
            if not claims:
                break
            begun = begin_all(run.session, claims, lane.gateway, now, run.zone, run.look_again)
            moved.update(one for one in begun if isinstance(one, MessageState))
            attempts = [one for one in begun if isinstance(one, Attempt)]
            lane.room -= sum(attempt.segments for attempt in attempts)
            if not attempts:
                continue
            ended = hand_over(attempts)
            states, is_away = _finish(run, lane.gateway, ended)
            moved.update(states)
            if is_away:
                logs.logger().warning("the gateway takes nothing", job="send", count=len(ended))
                return moved, True
    return moved, False


@contextmanager
def _handing_over(gateway: SmsGateway) -> Iterator[HandOver]:
    """Calls one after another in this thread; side by side where the gateway takes several."""
    if gateway.abilities.calls_at_once == 1:
        yield lambda attempts: [_hand_over(gateway, attempt) for attempt in attempts]
        return
    with ThreadPoolExecutor(gateway.abilities.calls_at_once) as pool:
        yield lambda attempts: list(pool.map(lambda attempt: _hand_over(gateway, attempt), attempts))


def _hand_over(gateway: SmsGateway, attempt: Attempt) -> Ended:
    """Call the gateway with no transaction open, and tell what it said."""
    try:
        gateway.send(attempt.text)
    except SmsRejected as rejection:
        return Ended(attempt, MessageState.FAILED if rejection.permanent else MessageState.QUEUED, rejection)
    except SmsMisconfigured as wrong:
        ours = SmsRejected(FailureReason.OURS, permanent=False)
        return Ended(attempt, MessageState.QUEUED, ours, wrong.fault)
    except SmsOutcomeUnknown:
        return Ended(attempt, MessageState.UNKNOWN)
    return Ended(attempt, MessageState.ACCEPTED)


def _finish(run: _Run, gateway: SmsGateway, ended: Sequence[Ended]) -> tuple[list[MessageState], bool]:
    """Write down what was said of each; gives the states, and whether the gateway rests or stands now."""
    said = [one for one in ended if not one.is_too_late]
    outcomes = outcomes_of((one.came_through, one.fault) for one in said)
    states, moves, now = [], list[Moved](), run.clock()
    with writing(run.session) as tx:
        rows = _lock(tx, ended)
        is_away = bool(said) and note_outcomes(tx, gateway.name, outcomes, now)
        taken = {one.attempt.message_id for one in ended if _is_taken(one, rows.get(one.attempt.message_id))}
        moves += change_to_accepted(tx, [rows[message_id] for message_id in sorted(taken)])
        for one in ended:
            row, state, moved = rows.get(one.attempt.message_id), one.to, None
            if one.attempt.message_id not in taken:
                state, moved = _take_word(tx, row, one, now, at_once=is_away and run.has_others)
            states.append(state)
            moves += [moved] if moved else []
        note_moves(tx, moves, now)
    if outcomes.fault is not None:
        note_stopped(run.session, gateway.name, outcomes.fault, now)
    for one in ended:
        if one.rejection is not None and one.rejection.opted_out:
            note_opt_out(run.session, one.attempt.text.ref, now)
    return states, is_away


def _is_taken(one: Ended, message: Row[Any] | None) -> bool:
    """Taken, and no receipt has been faster."""
    return (
        message is not None and one.to is MessageState.ACCEPTED and one.to in NEXT_STATES[MessageState(message.state)]
    )


def _lock(tx: Session, ended: Sequence[Ended]) -> dict[int, Row[Any]]:
    """The texts, all locked in one order; without those of which a later attempt has begun."""
    numbers = {one.attempt.message_id: one.attempt.number for one in ended}
    table = OutboundMessage.__table__
    found = select(table).where(OutboundMessage.id.in_(numbers)).order_by(OutboundMessage.id).with_for_update()
    return {row.id: row for row in tx.execute(found) if row.attempts == numbers[row.id]}


def _take_word(
    tx: Session, message: Row[Any] | None, one: Ended, now: datetime, *, at_once: bool
) -> tuple[MessageState, Moved | None]:
    if one.rejection is not None:
        # Where the channel stands, or rests while there are others, nothing is wrong with the text.
        again_at = now if at_once or one.fault is not None else now + _backoff(one.attempt.number)
        if one.is_too_late:  # for this day: what is good for longer goes in the morning
            again_at = one.attempt.text.expires_at
        return _take_back(tx, message, one.rejection, again_at, now)
    # A receipt may have been faster, or the sweep of somebody else: then theirs stands, unless ours says more.
    if message is not None and one.to in NEXT_STATES[MessageState(message.state)]:
        return one.to, change(tx, message, one.to, now)
    return one.to, None


def _take_back(
    tx: Session, message: Row[Any] | None, rejection: SmsRejected, again_at: datetime, now: datetime
) -> tuple[MessageState, Moved | None]:
    """The provider provably does not have it: try again while there is time and hope, else it has failed."""
    if message is None or message.state not in ("claimed", "unknown"):
        return MessageState.FAILED, None
    uncounted = {"counted_on": None, "count_slot": None}
    is_too_late = isinstance(rejection, SmsTooLate) and message.state == "claimed"
    if is_too_late and again_at >= message.expires_at:
        return MessageState.EXPIRED, change(tx, message, MessageState.EXPIRED, now, **uncounted)
    if (is_too_late or not rejection.permanent) and again_at < message.expires_at:
        return MessageState.QUEUED, change_back(tx, message, again_at)
    reason = rejection.reason.value
    return MessageState.FAILED, change(tx, message, MessageState.FAILED, now, reason=reason, **uncounted)


def _backoff(attempts: int) -> timedelta:
    return min(FIRST_BACKOFF * (1 << min(attempts - 1, 9)), LONGEST_BACKOFF)
