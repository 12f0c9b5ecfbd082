"""When the newest record was written, as far as a cheap look can tell."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from counseling.database import AnySession
from counseling.models.audit import AuditEntry
from counseling.models.doses import DayDose
from counseling.models.texts import InboundMessage, OutboundMessage, WorkerBeat

# Rows are numbered as they are written, but a batch of page views may stand after a dose that is newer than it.
LOOKED_AT = 200
WRITTEN = (
    (AuditEntry.at, AuditEntry.id),
    (DayDose.recorded_at, DayDose.id),
    (OutboundMessage.queued_at, OutboundMessage.id),
    (InboundMessage.received_at, InboundMessage.id),
)


def latest_instant(session: AnySession) -> datetime | None:
    """The newest instant among the last entries of the audit, the last doses and texts, and the clock-driven work.

    None when there is nothing of all that.
    """
    newest = [select(column).order_by(key.desc()).limit(LOOKED_AT).subquery() for column, key in WRITTEN]
    found = [session.execute(select(func.max(rows.c[0]))).scalar() for rows in newest]
    found.append(session.execute(select(func.max(WorkerBeat.beat_at))).scalar())
    return max(filter(None, found), default=None)
