"""What gateways report, its signature checked: kept, believed as far as the rules go, and never done twice."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from counseling.database import AnySession, writing
from counseling.models.texts import DeliveryReceipt, OutboundMessage, PhoneLine
from counseling.services.channels import note_heard, stop_channel
from counseling.services.inbound import store_inbound
from counseling.services.receipts import note_receipt
from counseling.services.sms_consents import stop_texts_of_line
from counseling.sms.reports import Came, Fate

# A phone retries for two days, and what was missed within seven is asked of it again; somebody who looks at it may have
# it report older ones. Older than this is a clock that is wrong.
LATEST_REPORT = timedelta(days=30)


def take_report(session: AnySession, gateway: str, report: Came | Fate | None, now: datetime) -> None:
    """Keep one report. None: something that we did not ask for; the gateway is alive all the same."""
    note_heard(session, gateway, now)
    if isinstance(report, Came):
        _take_text(session, gateway, report, now)
    elif isinstance(report, Fate):
        _take_fate(session, gateway, report, now)


def _take_text(session: AnySession, gateway: str, came: Came, now: datetime) -> None:
    """When it came is when we heard of it. What it is about is what had been asked when it was written."""
    store_inbound(
        session,
        gateway=gateway,
        event_key=came.event_key,
        content=came.content,
        kind=came.kind.value,
        number=came.number,
        body=came.body,
        received_at=now,
        written_at=_written(came.at, now),
    )


def _written(at: datetime | None, now: datetime) -> datetime | None:
    """None where it says nothing that we did not know, or nothing that can be true."""
    return at if at is not None and timedelta() < now - at <= LATEST_REPORT else None


def _take_fate(session: AnySession, gateway: str, fate: Fate, now: datetime) -> None:
    """What it asks for is done before it is kept: cut off in between, the next call does it. Never once it is kept, or
    an old call would stop somebody who has started again."""
    key, reason = f"{gateway}:{fate.event_key}", fate.reason.value if fate.reason else None
    if (fate.opted_out or fate.fault is not None) and not _is_known(session, key):
        if fate.opted_out:
            note_opt_out(session, fate.message_ref, now)
        if fate.fault is not None and _is_ours(session, gateway, fate.message_ref):
            stop_channel(session, gateway, fate.fault, now)
    with writing(session) as tx:
        note_receipt(tx, key, fate.message_ref, fate.state.value, reason, now)


def _is_known(session: AnySession, event_key: str) -> bool:
    found = session.execute(select(DeliveryReceipt.id).where(DeliveryReceipt.event_key == event_key)).first()
    session.rollback()
    return found is not None


def _is_ours(session: AnySession, gateway: str, message_ref: str) -> bool:
    found = select(OutboundMessage.id).where(OutboundMessage.ref == message_ref, OutboundMessage.gateway == gateway)
    return session.execute(found).first() is not None


def note_opt_out(session: AnySession, message_ref: str, now: datetime) -> None:
    """The person to whom this text was going has told the provider to stop: as if they had told us."""
    with writing(session) as tx:
        line = select(OutboundMessage.line_id).where(OutboundMessage.ref == message_ref)
        line_id = tx.execute(select(PhoneLine.id).where(PhoneLine.id == line.scalar_subquery())).scalar()
        if line_id is not None:
            stop_texts_of_line(tx, line_id, now)
