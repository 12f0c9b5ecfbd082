"""The demo's phones: whose they are, what is on them, and what was typed. Only where the database says it is a demo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select

from counseling.database import AnySession, vault_of
from counseling.domain.names import fold, words
from counseling.models.installation import Installation
from counseling.models.patients import PhoneNumber, SupportFile, TreatmentFile
from counseling.models.texts import InboundMessage, OutboundMessage, PhoneLine, SimulatedPhone, SimulatedText
from counseling.support_rows import open_community_name
from counseling.treatment_rows import open_text

PAGE_PHONES = 12
MOST_TEXTS = 30  # on one screen, the latest


@dataclass(frozen=True)
class ScreenText:
    """One text on a phone's screen; `is_typed`: typed on this phone."""

    is_typed: bool
    at: datetime
    body: str


@dataclass(frozen=True)
class Phone:
    """`ref` is the line's. `waiting`: texts that the network keeps while the phone is switched off."""

    line_id: int
    ref: str
    number: str
    names: tuple[str, ...]
    is_off: bool
    held_by_other: bool
    is_stopped: bool
    waiting: int
    texts: list[ScreenText]


@dataclass(frozen=True)
class Phones:
    phones: list[Phone]
    total: int
    page: int
    version: str

    @property
    def pages(self) -> int:
        return max((self.total + PAGE_PHONES - 1) // PAGE_PHONES, 1)

    @property
    def refs(self) -> str:
        """Which phones are shown, for an address that asks for the same ones again."""
        return "-".join(phone.ref for phone in self.phones)


def is_demo(session: AnySession) -> bool:
    """Whether this database was made for invented people; it never changes."""
    return bool(session.execute(select(Installation.is_demo)).scalar())


def list_phones(session: AnySession, typed: str = "", page: int = 1) -> Phones:
    """Phones of numbers that were confirmed or asked, those that texts went to last first; `typed`: words of a name."""
    version = phones_version(session)
    refs = [row.ref for row in session.execute(_lines(_has_owner()))]
    if typed:
        refs = _matching(session, refs, typed)
    total = len(refs)
    page = min(max(page, 1), max((total + PAGE_PHONES - 1) // PAGE_PHONES, 1))
    shown = get_phones(session, refs[(page - 1) * PAGE_PHONES : page * PAGE_PHONES])
    return Phones(shown, total, page, version)


def get_phones(session: AnySession, refs: Sequence[str]) -> list[Phone]:
    """These phones, in this order; a reference that is none is left out."""
    rows = {row.ref: row for row in session.execute(_lines(_has_owner(), PhoneLine.ref.in_(refs)))}
    names = _owners(session, [row.id for row in rows.values()])
    return [_phone(session, rows[ref], names) for ref in dict.fromkeys(refs) if ref in rows]


def phones_version(session: AnySession) -> str:
    """Changes whenever anything on any phone does."""
    shown = select(func.count()).select_from(SimulatedText).where(SimulatedText.shown_at.is_not(None))
    switched = select(func.count()).select_from(SimulatedPhone).where(SimulatedPhone.is_off)
    handed = select(func.count()).select_from(SimulatedPhone).where(SimulatedPhone.held_by_other)
    stopped = select(func.count()).select_from(PhoneLine).where(PhoneLine.opted_out_at.is_not(None))
    parts = [select(func.max(table.id)) for table in (SimulatedText, InboundMessage)] + [
        shown, switched, handed, stopped,
    ]  # fmt: skip
    row = session.execute(select(*(part.scalar_subquery() for part in parts))).one()
    return "-".join(str(value or 0) for value in row)


def _has_owner() -> ColumnElement[bool]:
    owned = select(PhoneNumber.id).where(
        PhoneNumber.line_id == PhoneLine.id,
        PhoneNumber.removed_at.is_(None),
        or_(PhoneNumber.confirmed_at.is_not(None), PhoneNumber.asked_at.is_not(None)),
    )
    return owned.correlate(PhoneLine).exists()


def _lines(*which: ColumnElement[bool]) -> Any:
    latest = select(func.max(OutboundMessage.id)).where(OutboundMessage.line_id == PhoneLine.id)
    line, phone = PhoneLine, SimulatedPhone
    return (
        select(line.id, line.ref, line.number, line.opted_out_at, phone.is_off, phone.held_by_other)
        .outerjoin(phone, phone.line_id == line.id)
        .where(*which)
        .order_by(func.coalesce(latest.correlate(PhoneLine).scalar_subquery(), 0).desc(), line.id)
    )


def _matching(session: AnySession, refs: Sequence[str], typed: str) -> list[str]:
    rows = {row.ref: row for row in session.execute(_lines(_has_owner()))}
    names = _owners(session, [row.id for row in rows.values()])
    vault = vault_of(session)
    found = []
    for ref in refs:
        number = vault.open("phone_lines.number", ref, rows[ref].number) or ""
        text = fold(" ".join((*names.get(rows[ref].id, ()), number)))
        if all(word in text for word in words(typed)):
            found.append(ref)
    return found


def _owners(session: AnySession, line_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """One name for each person of a line: that of their treatment file, else the one that they chose."""
    vault, number = vault_of(session), PhoneNumber
    query = (
        select(
            number.line_id, number.patient_id, TreatmentFile.ref, TreatmentFile.full_name,
            SupportFile.ref.label("support_ref"), SupportFile.community_name,
        )
        .outerjoin(TreatmentFile, (TreatmentFile.patient_id == number.patient_id) & (number.side == "treatment"))
        .outerjoin(SupportFile, (SupportFile.patient_id == number.patient_id) & (number.side == "support"))
        .where(number.line_id.in_(line_ids), number.removed_at.is_(None))
        .order_by(number.side.desc(), number.id)
    )  # fmt: skip
    names: dict[int, dict[int, str]] = {}
    for row in session.execute(query):
        if row.ref is not None:
            name = open_text(vault, row.ref, "full_name", row.full_name) or ""
        else:
            name = open_community_name(vault, row.support_ref, row.community_name)
        names.setdefault(row.line_id, {}).setdefault(row.patient_id, name)
    return {line_id: tuple(of_line.values()) for line_id, of_line in names.items()}


def _phone(session: AnySession, row: Row[*tuple[Any, ...]], names: dict[int, tuple[str, ...]]) -> Phone:
    vault = vault_of(session)
    texts = sorted([*_shown(session, row.id), *_typed(session, row.id)], key=lambda text: text.at)
    waiting = (
        select(func.count())
        .select_from(SimulatedText)
        .join(OutboundMessage, OutboundMessage.ref == SimulatedText.message_ref)
        .where(SimulatedText.line_id == row.id, SimulatedText.shown_at.is_(None), OutboundMessage.state == "accepted")
    )
    return Phone(
        line_id=row.id,
        ref=row.ref,
        number=vault.open("phone_lines.number", row.ref, row.number) or "",
        names=names.get(row.id, ()),
        is_off=bool(row.is_off),
        held_by_other=bool(row.held_by_other),
        is_stopped=row.opted_out_at is not None,
        waiting=session.execute(waiting).scalar_one(),
        texts=texts[-MOST_TEXTS:],
    )


def _shown(session: AnySession, line_id: int) -> list[ScreenText]:
    vault, text = vault_of(session), SimulatedText
    query = select(text.message_ref, text.body, text.shown_at).where(text.line_id == line_id)
    rows = session.execute(query.where(text.shown_at.is_not(None)).order_by(text.id.desc()).limit(MOST_TEXTS))
    return [
        ScreenText(False, at, vault.open("simulated_texts.body", ref, body) or "")
        for ref, body, at in rows
        if at is not None
    ]


def _typed(session: AnySession, line_id: int) -> list[ScreenText]:
    vault, text = vault_of(session), InboundMessage
    query = select(text.ref, text.body, text.received_at).where(text.line_id == line_id)
    rows = session.execute(query.order_by(text.id.desc()).limit(MOST_TEXTS))
    return [ScreenText(True, at, vault.open("inbound_messages.body", ref, body) or "") for ref, body, at in rows]
