"""A site's texts on their way: what goes out within a day, what is held and why, what did not arrive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select

from counseling.database import AnySession
from counseling.models.texts import InboundMessage, OutboundMessage, Reminder
from counseling.permissions import Viewer
from counseling.queries.reader_names import Named, list_names
from counseling.scopes import texts_visible_to

AHEAD = timedelta(hours=24)
LOOKED_BACK = timedelta(days=7)
MOST_LINES = 100  # of one list; its total is told
ON_ITS_WAY = ("queued", "claimed")
TROUBLED = ("unknown", "failed")


@dataclass(frozen=True)
class QueueLine:
    """One text, or the reminder that will become one. `what`: a kind of reminder, or a key of sms/wording.py.

    `ref` leads to the conversation, where the person has texted before.
    """

    patient_id: int | None
    named: Named | None
    what: str
    at: datetime
    state: str
    reason: str | None
    ref: str | None = None


@dataclass(frozen=True)
class HeldGroup:
    """Reminders of one kind that wait for one reason, in one line; `since` is when the first was to go out."""

    what: str
    reason: str | None
    count: int
    since: datetime


@dataclass(frozen=True)
class Queue:
    coming: list[QueueLine]
    coming_total: int
    held: list[HeldGroup]
    troubled: list[QueueLine]
    troubled_total: int

    @property
    def patient_ids(self) -> list[int]:
        """Everybody who is named, for the note of who saw whom."""
        return [line.patient_id for line in (*self.coming, *self.troubled) if line.named and line.patient_id]


def list_queue(session: AnySession, viewer: Viewer, now: datetime) -> Queue:
    """What the reader's site sends on the reader's side; named as far as the reader may know the name."""
    planned, waiting = _planned(session, viewer, now), _on_their_way(session, viewer)
    coming = sorted([*planned, *waiting], key=lambda line: line.at)[:MOST_LINES]
    troubled = _troubled(session, viewer, now)
    return Queue(
        coming=_named(session, viewer, coming),
        coming_total=_count(session, Reminder, _is_planned(viewer, now))
        + _count(session, OutboundMessage, _is_on_its_way(viewer)),
        held=_held(session, viewer, now),
        troubled=_named(session, viewer, troubled),
        troubled_total=_count(session, OutboundMessage, _is_troubled(viewer, now)),
    )


def _is_planned(viewer: Viewer, now: datetime) -> ColumnElement[bool]:
    soon = and_(Reminder.state == "planned", Reminder.due_at <= now + AHEAD, Reminder.expires_at > now)
    return and_(texts_visible_to(viewer, Reminder), soon)


def _is_on_its_way(viewer: Viewer) -> ColumnElement[bool]:
    return and_(texts_visible_to(viewer, OutboundMessage), OutboundMessage.state.in_(ON_ITS_WAY))


def _is_troubled(viewer: Viewer, now: datetime) -> ColumnElement[bool]:
    text = OutboundMessage
    return and_(texts_visible_to(viewer, text), text.state.in_(TROUBLED), text.queued_at > now - LOOKED_BACK)


def _planned(session: AnySession, viewer: Viewer, now: datetime) -> list[QueueLine]:
    row = Reminder
    query = select(row.patient_id, row.kind, row.due_at, row.state, row.reason).where(_is_planned(viewer, now))
    rows = session.execute(query.order_by(row.due_at, row.id).limit(MOST_LINES))
    return [QueueLine(patient_id, None, kind, due, state, reason) for patient_id, kind, due, state, reason in rows]


def _on_their_way(session: AnySession, viewer: Viewer) -> list[QueueLine]:
    text = OutboundMessage
    query = select(text.patient_id, text.wording, text.send_after, text.state, text.reason)
    rows = session.execute(query.where(_is_on_its_way(viewer)).order_by(text.send_after, text.id).limit(MOST_LINES))
    return [QueueLine(patient_id, None, what, at, state, reason) for patient_id, what, at, state, reason in rows]


def _troubled(session: AnySession, viewer: Viewer, now: datetime) -> list[QueueLine]:
    text, answer = OutboundMessage, InboundMessage
    latest = (
        select(func.max(answer.ref))
        .where(texts_visible_to(viewer, answer), answer.read_at.is_not(None))
        .where(answer.line_id == text.line_id, answer.patient_id.is_not_distinct_from(text.patient_id))
        .correlate(text)
        .scalar_subquery()
    )
    at = func.coalesce(text.finished_at, text.attempt_started_at, text.queued_at)
    query = select(text.patient_id, text.wording, at, text.state, text.reason, latest)
    rows = session.execute(query.where(_is_troubled(viewer, now)).order_by(text.id.desc()).limit(MOST_LINES))
    return [QueueLine(who, None, what, when, state, reason, ref) for who, what, when, state, reason, ref in rows]


def _held(session: AnySession, viewer: Viewer, now: datetime) -> list[HeldGroup]:
    row = Reminder
    query = (
        select(row.kind, row.reason, func.count(), func.min(row.due_at))
        .where(texts_visible_to(viewer, row), row.state == "held", row.expires_at > now)
        .group_by(row.kind, row.reason)
        .order_by(row.kind, row.reason)
    )
    return [HeldGroup(what, reason, count, since) for what, reason, count, since in session.execute(query)]


def _named(session: AnySession, viewer: Viewer, lines: list[QueueLine]) -> list[QueueLine]:
    names = list_names(session, viewer, [line.patient_id for line in lines])
    return [
        QueueLine(line.patient_id, names.get(line.patient_id), line.what, line.at, line.state, line.reason, line.ref)
        if line.patient_id is not None
        else line
        for line in lines
    ]


def _count(session: AnySession, table: type[Reminder] | type[OutboundMessage], which: ColumnElement[bool]) -> int:
    return int(session.execute(select(func.count()).select_from(table).where(which)).scalar_one())
