"""The words of a text are kept for a time and then blanked, ours and theirs; nothing else of the row goes.

Each batch is one transaction with the row that says so: whatever ends the process, no body is gone without its count.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from counseling.database import AnySession, writing
from counseling.models.installation import Installation
from counseling.models.text_keeping import TextBlanking
from counseling.models.texts import InboundMessage, OutboundMessage
from counseling.services import audit

ACTOR = "job:blanking"
BATCH = 500
MOST_BATCHES = 4  # of one run, so that the other work of a tick is not kept waiting

Table = type[OutboundMessage] | type[InboundMessage]


def blank_old_bodies(session: AnySession, now: datetime) -> int:
    """Blank what is older than the installation keeps; gives how many texts. Most of the time there is nothing."""
    kept_days = session.execute(select(Installation.bodies_kept_days)).scalar()
    if kept_days is None:
        return 0
    older_than, blanked = now - timedelta(days=kept_days), 0
    for _ in range(MOST_BATCHES):
        if not _waits(session, older_than):
            break
        with writing(session) as tx:
            blanked += _blank(tx, older_than, kept_days, now)
    return blanked


def _waits(session: AnySession, older_than: datetime) -> bool:
    found = (select(table.id).where(_old(table, older_than)).limit(1) for table in (OutboundMessage, InboundMessage))
    return any(session.execute(query).first() is not None for query in found)


def _blank(tx: Session, older_than: datetime, kept_days: int, now: datetime) -> int:
    texts_out, texts_in = (_blank_some(tx, table, older_than) for table in (OutboundMessage, InboundMessage))
    if texts_out + texts_in == 0:
        return 0  # another run has just done it
    facts = {"older_than": older_than, "kept_days": kept_days, "texts_out": texts_out, "texts_in": texts_in}
    made = insert(TextBlanking).values(done_at=now, **facts).returning(TextBlanking.id)
    blanking_id = tx.execute(made).scalar_one()
    audit.append(tx, audit.HOUSE, ACTOR, "texts.blanked", f"blanking:{blanking_id}", facts, now)
    return texts_out + texts_in


def _blank_some(tx: Session, table: Table, older_than: datetime) -> int:
    some = select(table.id).where(_old(table, older_than)).order_by(_kept_since(table)).limit(BATCH)
    ids = list(tx.execute(some.with_for_update(skip_locked=True)).scalars())
    if ids:
        tx.execute(update(table).where(table.id.in_(ids)).values(body=None))
    return len(ids)


def _old(table: Table, older_than: datetime) -> ColumnElement[bool]:
    return table.body.is_not(None) & (_kept_since(table) < older_than)


def _kept_since(table: Table) -> InstrumentedAttribute[Any]:
    """By our own clock: a provider's word on when a text was written may lie in the future."""
    return table.queued_at if table is OutboundMessage else table.read_at  # type: ignore[union-attr]  # the one or the other
