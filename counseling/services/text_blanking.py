"""The words of a text are kept for a time and then blanked, ours and theirs; nothing else of the row goes.

Each batch is one transaction with the row that says so: whatever ends the process, no body is gone without its count.
A body does not come back, so a clock that jumps ahead is not believed before the work has run by it for days.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from counseling.database import AnySession, writing
from counseling.domain.message_states import MessageState
from counseling.models.installation import Installation
from counseling.models.text_keeping import TextBlanking
from counseling.models.texts import InboundMessage, OutboundMessage
from counseling.queries.worker_beats import TICK, find_beat
from counseling.services import audit
from counseling.services.worker_beats import beat

ACTOR = "job:blanking"
BATCH = 500
# Since when the work has run by this clock without a gap. A machine whose battery is empty, or that a wrong time server
# has reached, is put right within days; one that was off for weeks only begins later.
STEADY = "steady"
A_JUMP, BELIEVED_AFTER = timedelta(days=7), timedelta(days=3)
MOST_BATCHES = 4  # of one run, so that the other work of a tick is not kept waiting

TO_GO = (MessageState.QUEUED.value, MessageState.CLAIMED.value)

Table = type[OutboundMessage] | type[InboundMessage]


def blank_old_bodies(session: AnySession, now: datetime) -> int:
    """Blank what is older than the installation keeps; gives how many texts. Most of the time there is nothing.

    Texts that are still to go keep their words, and so does what no person of its inbox has looked at. Nothing is
    blanked within BELIEVED_AFTER of the clock's jump, or of a gap in the work that looks like one.
    """
    kept_days = session.execute(select(Installation.bodies_kept_days)).scalar()
    if not _is_believed(session, now) or kept_days is None:
        return 0
    older_than, blanked = now - timedelta(days=kept_days), 0
    for _ in range(MOST_BATCHES):
        if not _waits(session, older_than):
            break
        with writing(session) as tx:
            blanked += _blank(tx, older_than, kept_days, now)
    return blanked


def _is_believed(session: AnySession, now: datetime) -> bool:
    """By the beats of this work alone: what pages write carries the wrong hour as soon as the clock is wrong."""
    last, since = find_beat(session, TICK), find_beat(session, STEADY)
    if last is None or since is None or now - last > A_JUMP or since > now:
        beat(session, now, STEADY)
        return False
    return now - since >= BELIEVED_AFTER


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
    return table.body.is_not(None) & (_kept_since(table) < older_than) & _needed_no_more(table)


def _needed_no_more(table: Table) -> ColumnElement[bool]:
    """The words of danger are a net with holes: what nobody has looked at may be a cry for help, wherever it stands."""
    if table is OutboundMessage:
        return OutboundMessage.state.not_in(TO_GO)
    return InboundMessage.handled_at.is_not(None)


def _kept_since(table: Table) -> InstrumentedAttribute[Any]:
    """By our own clock: a provider's word on when a text was written may lie in the future."""
    return table.queued_at if table is OutboundMessage else table.read_at  # type: ignore[union-attr]  # the one or the other
