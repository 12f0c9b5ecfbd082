"""What people have texted to a site, by conversation: one number and one person of it, both ways."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select
from sqlalchemy.sql import Select

from counseling.database import AnySession, vault_of
from counseling.domain.replies import ASKS_FOR_A_CALL
from counseling.models.people import Staff
from counseling.models.texts import InboundMessage, OutboundMessage, PhoneLine
from counseling.permissions import Viewer
from counseling.queries.patients import NotFound
from counseling.queries.reachable import MOST_PERMANENT_FAILURES
from counseling.queries.reader_names import Named, list_names
from counseling.scopes import texts_visible_to
from counseling.vault import Vault

PAGE_CONVERSATIONS = 50
SHOWN_FOR = timedelta(days=90)  # as long as bodies are kept; what nobody has handled is shown for ever
MOST_TEXTS = 100  # of one conversation, the latest
LATE = timedelta(minutes=10)  # between writing and arriving: then it is told
LAST_DIGITS = 3  # of a number: enough to tell two apart, not enough to ring


@dataclass(frozen=True)
class Conversation:
    """`ref` is that of the latest text that came in; `named` None: nobody we know, or several: then only `digits`."""

    ref: str
    patient_id: int | None
    named: Named | None
    digits: str
    body: str | None
    meaning: str
    answer: str | None
    received_at: datetime
    unhandled: int
    is_urgent: bool  # words of danger that nobody has dealt with
    wants_a_call: bool  # and nobody has dealt with it
    is_stopped: bool


@dataclass(frozen=True)
class Inbox:
    conversations: list[Conversation]
    total: int
    page: int

    @property
    def pages(self) -> int:
        return max((self.total + PAGE_CONVERSATIONS - 1) // PAGE_CONVERSATIONS, 1)


@dataclass(frozen=True)
class TextLine:
    """One text of a conversation. One from us has a `state`; one that came in a `meaning`, and who handled it."""

    is_ours: bool
    at: datetime
    body: str | None
    state: str | None = None
    reason: str | None = None
    written_by: str | None = None
    is_automatic: bool = False
    segments: int = 1
    meaning: str | None = None
    answer: str | None = None
    handled_at: datetime | None = None
    handled_by: str | None = None
    written_at: datetime | None = None  # where it came late


@dataclass(frozen=True)
class OpenConversation:
    """`asked_id` is the text that was asked for; `ref` is that of the latest shown: what is done next is about it."""

    asked_id: int
    ref: str
    patient_id: int | None
    named: Named | None
    digits: str
    is_stopped: bool
    fails: bool
    unhandled: int
    texts: list[TextLine]


def list_conversations(session: AnySession, viewer: Viewer, now: datetime, page: int = 1) -> Inbox:
    """A site's conversations: words of danger first, then who asks for a call, what nobody has handled, the latest."""
    text = InboundMessage
    unhandled = func.sum(case((text.handled_at.is_(None), 1), else_=0)).label("unhandled")
    is_urgent = text.handled_at.is_(None) & (text.meaning == "crisis")
    urgent = func.sum(case((is_urgent, 1), else_=0)).label("urgent")
    # What came in the hours of the roster is a task at once and handled; this came while nobody was there to call.
    wants_a_call = text.answer.in_(ASKS_FOR_A_CALL) | (text.meaning == "missed_call")
    to_call = func.sum(case((text.handled_at.is_(None) & wants_a_call, 1), else_=0)).label("to_call")
    grouped = (
        select(func.max(text.id).label("last_id"), unhandled, urgent, to_call)
        .where(_to_be_shown(viewer, now))
        .group_by(text.line_id, text.patient_id)
    ).subquery()
    total = session.execute(select(func.count()).select_from(grouped)).scalar_one()
    page = min(max(page, 1), max((total + PAGE_CONVERSATIONS - 1) // PAGE_CONVERSATIONS, 1))
    latest = (
        _latest_texts()
        .add_columns(grouped.c.unhandled, grouped.c.urgent, grouped.c.to_call)
        .join(grouped, grouped.c.last_id == text.id)
        .order_by(*((column > 0).desc() for column in (grouped.c.urgent, grouped.c.to_call, grouped.c.unhandled)))
        .order_by(text.id.desc())
        .offset((page - 1) * PAGE_CONVERSATIONS)
        .limit(PAGE_CONVERSATIONS)
    )
    rows = session.execute(latest).all()
    names = list_names(session, viewer, [row.patient_id for row in rows])
    vault = vault_of(session)
    return Inbox([_conversation(vault, row, names.get(row.patient_id)) for row in rows], total, page)


def count_unhandled(session: AnySession, viewer: Viewer) -> int:
    """Texts that wait for a person at the reader's desk."""
    waiting = select(func.count()).select_from(InboundMessage)
    return int(session.execute(waiting.where(_read(viewer), InboundMessage.handled_at.is_(None))).scalar_one())


def get_conversation(session: AnySession, viewer: Viewer, ref: str) -> OpenConversation:
    """The conversation that a text (any of it) belongs to, up to its latest. Raises NotFound outside the scope."""
    asked = session.execute(_latest_texts().where(_read(viewer), InboundMessage.ref == ref)).first()
    if asked is None:
        raise NotFound
    came_in, ours = _came_in(session, viewer, asked), _went_out(session, viewer, asked)
    latest = max(came_in, key=lambda row: row.id)
    vault = vault_of(session)
    texts = [*(_in_line(vault, row) for row in came_in), *(_out_line(vault, row) for row in ours)]
    return OpenConversation(
        asked_id=asked.id,
        ref=latest.ref,
        patient_id=asked.patient_id,
        named=list_names(session, viewer, [asked.patient_id]).get(asked.patient_id),
        digits=_digits(vault, asked),
        is_stopped=asked.opted_out_at is not None,
        fails=asked.permanent_failures >= MOST_PERMANENT_FAILURES,
        unhandled=sum(row.handled_at is None for row in came_in),
        texts=sorted(texts, key=lambda text: text.at)[-MOST_TEXTS:],
    )


def _read(viewer: Viewer) -> ColumnElement[bool]:
    return and_(texts_visible_to(viewer, InboundMessage), InboundMessage.read_at.is_not(None))


def _to_be_shown(viewer: Viewer, now: datetime) -> ColumnElement[bool]:
    recent = InboundMessage.received_at > now - SHOWN_FOR
    return and_(_read(viewer), or_(InboundMessage.handled_at.is_(None), recent))


def _latest_texts() -> Select[*tuple[Any, ...]]:
    text, line = InboundMessage, PhoneLine
    columns = (text.id, text.ref, text.line_id, text.patient_id, text.body, text.meaning, text.answer, text.received_at)
    of_line = (line.ref.label("line_ref"), line.number, line.opted_out_at, line.permanent_failures)
    return select(*columns, *of_line).join(line, line.id == text.line_id)


def _came_in(session: AnySession, viewer: Viewer, asked: Row[*tuple[Any, ...]]) -> list[Row[*tuple[Any, ...]]]:
    text = InboundMessage
    query = (
        select(
            text.id, text.ref, text.body, text.received_at, text.written_at, text.meaning, text.answer,
            text.handled_at, Staff.display_name.label("handled_by"),
        )
        .outerjoin(Staff, Staff.id == text.handled_by_id)
        .where(_read(viewer), text.line_id == asked.line_id)
        .where(text.patient_id.is_not_distinct_from(asked.patient_id))
        .order_by(text.id.desc())
        .limit(MOST_TEXTS)
    )  # fmt: skip
    return list(session.execute(query))


def _went_out(session: AnySession, viewer: Viewer, asked: Row[*tuple[Any, ...]]) -> list[Row[*tuple[Any, ...]]]:
    text = OutboundMessage
    query = (
        select(
            text.ref, text.body, text.state, text.reason, text.send_after, text.attempt_started_at, text.finished_at,
            text.is_automatic, text.segments, Staff.display_name.label("written_by"),
        )
        .outerjoin(Staff, Staff.id == text.written_by_id)
        .where(texts_visible_to(viewer, text), text.line_id == asked.line_id)
        .where(text.patient_id.is_not_distinct_from(asked.patient_id))
        .order_by(text.id.desc())
        .limit(MOST_TEXTS)
    )  # fmt: skip
    return list(session.execute(query))


def _conversation(vault: Vault, row: Row[*tuple[Any, ...]], named: Named | None) -> Conversation:
    return Conversation(
        ref=row.ref,
        patient_id=row.patient_id,
        named=named,
        digits=_digits(vault, row),
        body=vault.open("inbound_messages.body", row.ref, row.body),
        meaning=row.meaning,
        answer=row.answer,
        received_at=row.received_at,
        unhandled=row.unhandled,
        is_urgent=row.urgent > 0,
        wants_a_call=row.to_call > 0,
        is_stopped=row.opted_out_at is not None,
    )


def _in_line(vault: Vault, row: Row[*tuple[Any, ...]]) -> TextLine:
    return TextLine(
        is_ours=False,
        at=row.received_at,
        body=vault.open("inbound_messages.body", row.ref, row.body),
        meaning=row.meaning,
        answer=row.answer,
        handled_at=row.handled_at,
        handled_by=row.handled_by,
        written_at=row.written_at if row.written_at and row.received_at - row.written_at >= LATE else None,
    )


def _out_line(vault: Vault, row: Row[*tuple[Any, ...]]) -> TextLine:
    return TextLine(
        is_ours=True,
        at=row.attempt_started_at or row.finished_at or row.send_after,
        body=vault.open("outbound_messages.body", row.ref, row.body),
        state=row.state,
        reason=row.reason,
        written_by=row.written_by,
        is_automatic=row.is_automatic,
        segments=row.segments,
    )


def _digits(vault: Vault, row: Row[*tuple[Any, ...]]) -> str:
    """The end of a phone's number; of a sender with a name, nothing."""
    number = vault.open("phone_lines.number", row.line_ref, row.number) or ""
    return number[-LAST_DIGITS:] if number.startswith("+") else ""
