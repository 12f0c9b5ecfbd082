"""Finding treatment files: by code, card, phone, number of a paper, or words of a name without marks.

Names are sealed, so a search compares keyed digests, under every key in use while keys are being rotated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select
from sqlalchemy.sql import Select

from counseling.database import AnySession, vault_of
from counseling.domain.card_codes import read_card_code, seems_card_code
from counseling.domain.names import words
from counseling.domain.register_codes import is_same_code, number_of
from counseling.models.patients import Card, SearchKey, TreatmentFile
from counseling.models.places import Site
from counseling.permissions import Viewer
from counseling.registers.bad_cell import BadCell
from counseling.registers.phones import parse_phone
from counseling.scopes import treatment_files_visible_to
from counseling.treatment_rows import TREATMENT, open_text, search_value, token_kind
from counseling.vault import Vault

PAGE_ROWS = 50
FEWEST_PHONE_DIGITS = 8


@dataclass(frozen=True)
class FoundPerson:
    ref: str
    patient_id: int
    register_code: str
    full_name: str
    birth_year: int
    status: str
    status_since: date
    station_name: str


@dataclass(frozen=True)
class RevokedCard:
    """The typed card is no longer valid; the person is found all the same, the page says so."""

    revoked_at: datetime
    reason: str | None


@dataclass(frozen=True)
class Found:
    """One page of a list; `total` counts all of it."""

    people: list[FoundPerson]
    total: int
    page: int
    revoked_card: RevokedCard | None = None
    card: str | None = None  # "valid", "revoked", "unknown", "misread"; None: no card was typed or read

    @property
    def pages(self) -> int:
        return max((self.total + PAGE_ROWS - 1) // PAGE_ROWS, 1)


def list_people(session: AnySession, viewer: Viewer, page: int = 1) -> Found:
    """Everybody within the reader's scope, those in treatment first, by register code."""
    return _page(session, treatment_files_visible_to(viewer), page)


def find_people(session: AnySession, viewer: Viewer, typed: str, page: int = 1) -> Found:
    """Who may be meant by what was typed, in any of its readings. Nothing typed finds nobody."""
    vault, scope = vault_of(session), treatment_files_visible_to(viewer)
    card = _find_card(session, vault, scope, typed)
    readings = [*_by_token(vault, typed), *_by_code(session, scope, typed)]
    if card is not None:
        readings.append(TreatmentFile.patient_id == card.patient_id)
    found = _page(session, and_(scope, or_(*readings)), page) if readings else Found([], 0, 1)
    if card is None:
        return replace(found, card=_not_a_card(typed))
    if card.revoked_at is None:
        return replace(found, card="valid")
    return replace(found, card="revoked", revoked_card=RevokedCard(card.revoked_at, card.revoke_reason))


def _not_a_card(typed: str) -> str | None:
    """What is wrong with a code that opens nobody here; of whose card it is elsewhere nothing is said."""
    if read_card_code(typed) is not None:
        return "unknown"
    return "misread" if seems_card_code(typed) else None


def has_keys(vault: Vault, side: str, column: Any, kind: str, value: str) -> ColumnElement[bool]:
    """Whether the patient in `column` has this value in the blind index of one side."""
    tokens = vault.tokens(token_kind(side, kind), value)
    keys = select(SearchKey.patient_id).where(
        SearchKey.side == side, SearchKey.kind == kind, SearchKey.token.in_(tokens)
    )
    found: ColumnElement[bool] = column.in_(keys)
    return found


def name_condition(vault: Vault, side: str, column: Any, typed: str) -> ColumnElement[bool] | None:
    """All typed words stand in the name, or the whole is the alias; None where nothing can be read as a name."""
    typed_words = dict.fromkeys(words(typed))
    if not typed_words:
        return None
    name = and_(*(has_keys(vault, side, column, "word", word) for word in typed_words))
    return or_(name, has_keys(vault, side, column, "alias", search_value("alias", typed)))


def name_of(session: AnySession, row: Any) -> str:
    """The full name of a row that has `ref` and the sealed `full_name`."""
    return open_text(vault_of(session), row.ref, "full_name", row.full_name) or ""


def _by_token(vault: Vault, typed: str) -> list[ColumnElement[bool]]:
    column = TreatmentFile.patient_id
    number = search_value("identity", typed)
    conditions = [has_keys(vault, TREATMENT, column, kind, number) for kind in ("identity", "national_code") if number]
    phone = read_phone(typed)
    if phone:
        conditions.append(has_keys(vault, TREATMENT, column, "phone", phone))
    name = name_condition(vault, TREATMENT, column, typed)
    return conditions if name is None else [*conditions, name]


def read_phone(typed: str) -> str | None:
    """The number in E.164 where somebody typed one, in any spelling."""
    if sum(char.isdigit() for char in typed) < FEWEST_PHONE_DIGITS:
        return None
    try:
        return parse_phone(typed).e164
    except BadCell:
        return None


def _by_code(session: AnySession, scope: ColumnElement[bool], typed: str) -> list[ColumnElement[bool]]:
    """Codes are short and not sealed: the database narrows by the ending, the rule of domain/register_codes decides."""
    ending = number_of(typed)
    narrow = (
        func.lower(TreatmentFile.register_code) == typed.strip().lower()
        if ending is None
        else TreatmentFile.register_code.endswith(ending, autoescape=True)
    )
    rows = session.execute(select(TreatmentFile.patient_id, TreatmentFile.register_code).where(scope, narrow))
    ids = [patient_id for patient_id, code in rows if is_same_code(typed, code)]
    return [TreatmentFile.patient_id.in_(ids)] if ids else []


def _find_card(
    session: AnySession, vault: Vault, scope: ColumnElement[bool], typed: str
) -> Row[*tuple[Any, ...]] | None:
    code = read_card_code(typed)
    if code is None:
        return None
    return session.execute(
        select(Card.patient_id, Card.revoked_at, Card.revoke_reason)
        .join(TreatmentFile, TreatmentFile.patient_id == Card.patient_id)
        .where(scope, Card.token.in_(vault.tokens(token_kind(TREATMENT, "card"), code)))
    ).first()


def _page(session: AnySession, condition: ColumnElement[bool], page: int) -> Found:
    vault = vault_of(session)
    total = session.execute(select(func.count()).select_from(TreatmentFile).where(condition)).scalar_one()
    page = min(max(page, 1), max((total + PAGE_ROWS - 1) // PAGE_ROWS, 1))
    rows = session.execute(_people(condition).limit(PAGE_ROWS).offset((page - 1) * PAGE_ROWS))
    people = [
        FoundPerson(
            row.ref,
            row.patient_id,
            row.register_code,
            open_text(vault, row.ref, "full_name", row.full_name) or "",
            row.birth_year,
            row.status,
            row.status_since,
            row.station_name,
        )
        for row in rows
    ]
    return Found(people, total, page)


def _people(condition: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    file = TreatmentFile
    return (
        select(
            file.ref,
            file.patient_id,
            file.register_code,
            file.full_name,
            file.birth_year,
            file.status,
            file.status_since,
            Site.name.label("station_name"),
        )
        .join(Site, Site.id == file.station_id)
        .where(condition)
        .order_by(file.status != "active", file.register_code, file.patient_id)
    )
