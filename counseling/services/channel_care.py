"""What channels need beside texts: to be told where to report to, and to be asked for what came in meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update

from counseling import logs
from counseling.database import AnySession, writing
from counseling.models.channels import SmsChannel
from counseling.queries.worker_beats import find_beat
from counseling.services.channels import MISSES_AFTER, lock_channel, note_stopped
from counseling.sms.gateway import Attachable, Fault, SmsMisconfigured, SmsOutcomeUnknown, SmsRejected
from counseling.sms.gateways import Gateways

# A text that came in a moment before the last sign of life may not have been reported any more.
BEFORE = timedelta(minutes=5)
LONGEST_AWAY = timedelta(days=7)


def care_for_channels(session: AnySession, gateways: Gateways, now: datetime) -> int:
    """Attach who waits for it, and have reported again what may have been lost; gives how much was done."""
    _note_abilities(session, gateways)
    _note_own_absence(session, gateways, now)
    done = 0
    waiting = or_(SmsChannel.attach_asked_at.is_not(None), SmsChannel.missed_since.is_not(None))
    rows = session.execute(select(SmsChannel.__table__).where(waiting)).all()
    session.rollback()
    for row in rows:
        gateway = gateways.find(row.gateway)
        if not isinstance(gateway, Attachable):
            continue
        if row.attach_asked_at is not None:
            done += _attach(session, gateway, row.gateway, now)
        elif row.attached_at is not None:
            done += _report_again(session, gateway, row, now)
    return done


def _note_own_absence(session: AnySession, gateways: Gateways, now: datetime) -> None:
    """Nobody ticked for long: whoever reported to us meanwhile may have found nobody, and given up."""
    last = find_beat(session)
    if last is None or now - last <= MISSES_AFTER:
        return
    names = [name for name, gateway in gateways.by_name.items() if isinstance(gateway, Attachable)]
    missed = update(SmsChannel).where(SmsChannel.gateway.in_(names), SmsChannel.missed_since.is_(None))
    with writing(session) as tx:
        tx.execute(missed.values(missed_since=max(last, now - LONGEST_AWAY)))


def _note_abilities(session: AnySession, gateways: Gateways) -> None:
    """Keep what each gateway can do; one of which nothing is kept is two-way and reports."""
    columns = SmsChannel.gateway, SmsChannel.is_one_way, SmsChannel.is_without_receipts
    kept = {name: can for name, *can in session.execute(select(*columns))}
    session.rollback()
    for name, gateway in gateways.by_name.items():
        can = [not gateway.abilities.two_way, not gateway.abilities.receipts]
        if can != kept.get(name, [False, False]):
            _set(session, name, is_one_way=can[0], is_without_receipts=can[1])


def _attach(session: AnySession, gateway: Attachable, name: str, now: datetime) -> int:
    try:
        gateway.attach()
    except (SmsRejected, SmsOutcomeUnknown, SmsMisconfigured) as error:
        if _is_away(error):
            return 0  # again with the next tick
        _stop_unattached(session, name, error.fault if isinstance(error, SmsMisconfigured) else Fault.REPORTS, now)
        return 0
    _set(session, name, attach_asked_at=None, attached_at=now)
    return 1


def _stop_unattached(session: AnySession, name: str, fault: Fault, now: datetime) -> None:
    """Somebody has just asked for it, and reads why in vain: also where the channel stands for something else."""
    with writing(session) as tx:
        since = lock_channel(tx, name).stopped_at or now
        stopped = {"attach_asked_at": None, "stopped_at": since, "stopped_why": fault.value}
        tx.execute(update(SmsChannel).where(SmsChannel.gateway == name).values(**stopped))
    note_stopped(session, name, fault, now)


def _report_again(session: AnySession, gateway: Attachable, channel: Any, now: datetime) -> int:
    """Who will not, as a version that cannot, is not asked for ever: somebody looks at the phone itself.

    So does somebody where it was away for longer than may be asked for: what is older is read by hand.
    """
    since = max(channel.missed_since - BEFORE, now - LONGEST_AWAY)
    left = {"unreported_since": channel.unreported_since or channel.missed_since}
    on_the_phone = left if channel.missed_since < since else {}
    try:
        gateway.report_again(since, now)
    except (SmsRejected, SmsOutcomeUnknown, SmsMisconfigured) as error:
        if _is_away(error):
            return 0
        logs.logger().error("texts of an outage were not reported again", job="care", code=channel.gateway)
        on_the_phone = left
    _set(session, channel.gateway, missed_since=None, **on_the_phone)
    return 1


def _is_away(error: SmsRejected | SmsOutcomeUnknown | SmsMisconfigured) -> bool:
    """Whether asking again may help."""
    return isinstance(error, SmsOutcomeUnknown) or (isinstance(error, SmsRejected) and not error.permanent)


def _set(session: AnySession, name: str, **values: object) -> None:
    with writing(session) as tx:
        lock_channel(tx, name)
        tx.execute(update(SmsChannel).where(SmsChannel.gateway == name).values(**values))
