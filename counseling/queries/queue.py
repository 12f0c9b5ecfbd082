"""A site's texts on their way: what goes out within a day, what is held and why, what did not arrive."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NoReturn

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal, select, union_all

from counseling.database import AnySession, vault_of
from counseling.models.texts import InboundMessage, OutboundMessage, Reminder
from counseling.permissions import Viewer
from counseling.queries.patients import NotFound
from counseling.queries.reader_names import Named, list_names
from counseling.scopes import texts_visible_to

AHEAD = timedelta(hours=24)
LOOKED_BACK = timedelta(days=7)
MOST_LINES = 180  # of one page: a morning of a whole station; what is beyond stands on the next
REMINDER, TEXT = "reminder", "text"
HELD = "held"
ON_ITS_WAY = ("queued", "claimed")
TROUBLED = ("unknown", "failed")
LOST = ("refused", "expired")
NEVER_SENT = ("refused", "expired", "cancelled")


@dataclass(frozen=True)
class QueueLine:
    """One text, or the reminder that will become one. `what`: a kind of reminder, or a key of sms/wording.py.

    `source` and `id` name the row; `ref` leads to the conversation, where the person has texted before.
    """

    source: str
    id: int
    patient_id: int | None
    named: Named | None
    what: str
    at: datetime
    state: str
    reason: str | None
    ref: str | None = None
    is_automatic: bool = True  # nobody of ours has typed it

    @property
    def is_lost(self) -> bool:
        """It never went out, and there is no reminder that would say why."""
        return self.source == TEXT and self.state in LOST

    @property
    def may_be_taken_back(self) -> bool:
        """As long as no sender has taken it."""
        return self.has_an_hour or self.state == HELD

    @property
    def has_an_hour(self) -> bool:
        """What is held goes when it is let go, whatever the clock says."""
        return self.state in ("planned", "queued")


@dataclass(frozen=True)
class HeldGroup:
    """Reminders of one kind that wait for one reason, in one line; `since` is when the first was to go out."""

    what: str
    reason: str | None
    count: int
    since: datetime


@dataclass(frozen=True)
class EndedGroup:
    """Reminders of one kind that did not go out, and why."""

    what: str
    state: str
    reason: str | None
    count: int


@dataclass(frozen=True)
class HeldPage:
    """Those of one group, one by one: whoever must not be texted is taken out before the others are let go."""

    group: HeldGroup
    lines: list[QueueLine]
    page: int

    @property
    def pages(self) -> int:
        return pages_of(self.group.count)

    @property
    def patient_ids(self) -> list[int]:
        """Everybody who is named, for the note of who saw whom."""
        return [line.patient_id for line in self.lines if line.named and line.patient_id]


@dataclass(frozen=True)
class Queue:
    coming: list[QueueLine]
    coming_total: int
    page: int
    held: list[HeldGroup]
    troubled: list[QueueLine]
    troubled_total: int
    ended: list[EndedGroup]

    @property
    def pages(self) -> int:
        return pages_of(self.coming_total)

    @property
    def patient_ids(self) -> list[int]:
        """Everybody who is named, for the note of who saw whom."""
        return [line.patient_id for line in (*self.coming, *self.troubled) if line.named and line.patient_id]


def list_queue(session: AnySession, viewer: Viewer, now: datetime, page: int = 1) -> Queue:
    """What the reader's site sends on the reader's side; named as far as the reader may know the name."""
    total = _count(session, Reminder, _is_planned(viewer, now)) + _count(
        session, OutboundMessage, _is_on_its_way(viewer)
    )
    page = min(max(page, 1), pages_of(total))
    troubled = _troubled(session, viewer, now)
    return Queue(
        coming=_named(session, viewer, _coming(session, viewer, now, page)),
        coming_total=total,
        page=page,
        held=_held(session, viewer, now),
        troubled=_named(session, viewer, troubled),
        troubled_total=_count(session, OutboundMessage, _is_troubled(viewer, now)),
        ended=_ended(session, viewer, now),
    )


def get_held(session: AnySession, viewer: Viewer, kind: str, reason: str, now: datetime, page: int = 1) -> HeldPage:
    """The reminders of one kind that are held for one reason. Raises NotFound where there are none."""
    held = _held(session, viewer, now)
    group = next((one for one in held if (one.what, one.reason) == (kind, reason)), None) or not_found()
    page = min(max(page, 1), pages_of(group.count))
    own = _is_held(viewer, now), Reminder.kind == kind, Reminder.reason == reason
    query = _planned_lines().where(*own).order_by(Reminder.due_at, Reminder.id)
    rows = session.execute(query.offset((page - 1) * MOST_LINES).limit(MOST_LINES))
    return HeldPage(group, _named(session, viewer, [_line(row) for row in rows]), page)


def get_line(session: AnySession, viewer: Viewer, source: str, row_id: int) -> tuple[QueueLine, str | None]:
    """One line and, of a text that is made already, its words. Raises NotFound outside the reader's scope."""
    if source == REMINDER:
        row = session.execute(_planned_lines().where(texts_visible_to(viewer, Reminder), Reminder.id == row_id)).first()
        return _named(session, viewer, [_line(row or not_found())])[0], None
    text = OutboundMessage
    own = texts_visible_to(viewer, text), text.id == row_id
    row, sealed = session.execute(_waiting_lines().where(*own)).first(), select(text.ref, text.body).where(*own)
    line = _named(session, viewer, [_line(row or not_found())])[0]
    ref, body = session.execute(sealed).one()
    return line, vault_of(session).open("outbound_messages.body", ref, body)


def not_found() -> NoReturn:
    raise NotFound


def pages_of(total: int) -> int:
    return max((total + MOST_LINES - 1) // MOST_LINES, 1)


def _is_planned(viewer: Viewer, now: datetime) -> ColumnElement[bool]:
    soon = and_(Reminder.state == "planned", Reminder.due_at <= now + AHEAD, Reminder.expires_at > now)
    return and_(texts_visible_to(viewer, Reminder), soon)


def _is_held(viewer: Viewer, now: datetime) -> ColumnElement[bool]:
    return and_(texts_visible_to(viewer, Reminder), Reminder.state == HELD, Reminder.expires_at > now)


def _is_on_its_way(viewer: Viewer) -> ColumnElement[bool]:
    return and_(texts_visible_to(viewer, OutboundMessage), OutboundMessage.state.in_(ON_ITS_WAY))


def _is_troubled(viewer: Viewer, now: datetime) -> ColumnElement[bool]:
    """What a reminder's text comes to stands at its reminder; an answer has none, and somebody waits for it."""
    text = OutboundMessage
    lost = text.state.in_(LOST) & text.reminder_id.is_(None)
    recent = text.queued_at > now - LOOKED_BACK
    return and_(texts_visible_to(viewer, text), text.state.in_(TROUBLED) | lost, recent)


def _planned_lines() -> Select[*tuple[Any, ...]]:
    row = Reminder
    columns = (row.id, row.patient_id, row.kind.label("what"), row.due_at.label("at"), row.state, row.reason)
    return select(literal(REMINDER).label("source"), *columns)


def _waiting_lines() -> Select[*tuple[Any, ...]]:
    row = OutboundMessage
    columns = (row.id, row.patient_id, row.wording.label("what"), row.send_after.label("at"), row.state, row.reason)
    return select(literal(TEXT).label("source"), *columns)


def _coming(session: AnySession, viewer: Viewer, now: datetime, page: int) -> list[QueueLine]:
    """Both kinds of rows in the order in which they go."""
    both = union_all(
        _planned_lines().where(_is_planned(viewer, now)), _waiting_lines().where(_is_on_its_way(viewer))
    ).subquery()
    columns = (both.c.source, both.c.id, both.c.patient_id, both.c.what, both.c.at, both.c.state, both.c.reason)
    query = select(*columns).order_by(both.c.at, both.c.source, both.c.id)
    return [_line(row) for row in session.execute(query.offset((page - 1) * MOST_LINES).limit(MOST_LINES))]


def _line(row: Row[*tuple[Any, ...]]) -> QueueLine:
    return QueueLine(row.source, row.id, row.patient_id, None, row.what, row.at, row.state, row.reason)


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
    columns = text.id, text.patient_id, text.wording, at, text.state, text.reason, latest, text.is_automatic
    query = select(*columns)
    rows = session.execute(query.where(_is_troubled(viewer, now)).order_by(text.id.desc()).limit(MOST_LINES))
    return [
        QueueLine(TEXT, own, who, None, what, when, state, why, ref, by_itself)
        for own, who, what, when, state, why, ref, by_itself in rows
    ]


def _held(session: AnySession, viewer: Viewer, now: datetime) -> list[HeldGroup]:
    row = Reminder
    query = (
        select(row.kind, row.reason, func.count(), func.min(row.due_at))
        .where(_is_held(viewer, now))
        .group_by(row.kind, row.reason)
        .order_by(row.kind, row.reason)
    )
    return [HeldGroup(what, reason, count, since) for what, reason, count, since in session.execute(query)]


def _ended(session: AnySession, viewer: Viewer, now: datetime) -> list[EndedGroup]:
    """What was planned for the last days and never went out, the most frequent first."""
    row = Reminder
    recent = row.on_date > (now - LOOKED_BACK).date(), row.state.in_(NEVER_SENT)
    query = (
        select(row.kind, row.state, row.reason, func.count())
        .where(texts_visible_to(viewer, row), *recent)
        .group_by(row.kind, row.state, row.reason)
        .order_by(func.count().desc(), row.kind, row.reason)
    )
    return [EndedGroup(*found) for found in session.execute(query)]


def _named(session: AnySession, viewer: Viewer, lines: list[QueueLine]) -> list[QueueLine]:
    names = list_names(session, viewer, [line.patient_id for line in lines])
    return [replace(line, named=names.get(line.patient_id)) if line.patient_id is not None else line for line in lines]


def _count(session: AnySession, table: type[Reminder] | type[OutboundMessage], which: ColumnElement[bool]) -> int:
    return int(session.execute(select(func.count()).select_from(table).where(which)).scalar_one())
