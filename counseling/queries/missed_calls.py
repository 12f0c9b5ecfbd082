"""Whose number ends in these digits, among the reader's own people; and how people of a desk can be reached at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, exists, func, select

from counseling.database import AnySession, vault_of
from counseling.models.patients import PhoneNumber, SupportFile, TreatmentFile
from counseling.permissions import Side, Viewer
from counseling.queries.reachable import may_be_texted
from counseling.queries.reader_names import Named, list_names
from counseling.queries.text_choices import wants_calls_only
from counseling.scopes import support_files_visible_to, treatment_files_visible_to
from counseling.treatment_rows import open_phone

FEWEST_DIGITS, MOST_DIGITS = 3, 12
MOST_MATCHES = 20


@dataclass(frozen=True)
class Match:
    """Somebody with a number that ends so. `number` is whole (E.164) and is shown to nobody."""

    patient_id: int
    named: Named
    number: str


@dataclass(frozen=True)
class Reach:
    """How many people of a desk are reached by texts, by calls only, and by no phone; together they are everybody."""

    texts: int
    calls: int
    no_phone: int


def find_by_digits(session: AnySession, viewer: Viewer, digits: str) -> list[Match]:
    """People of the reader's own site whose number ends in these digits; numbers are sealed, so each is opened."""
    file, scope = _own_people(viewer)
    vault, number = vault_of(session), PhoneNumber
    query = (
        select(number.patient_id, number.ref, number.number)
        .join(file, file.patient_id == number.patient_id)
        .where(scope, number.side == str(viewer.side), number.removed_at.is_(None))
        .order_by(number.patient_id, number.id)
    )
    opened = ((row.patient_id, open_phone(vault, row.ref, row.number)) for row in session.execute(query))
    ends_so = {patient_id: whole for patient_id, whole in opened if whole.endswith(digits)}
    names = list_names(session, viewer, list(ends_so)[:MOST_MATCHES])
    return [Match(patient_id, names[patient_id], ends_so[patient_id]) for patient_id in ends_so if patient_id in names]


def count_reach(session: AnySession, viewer: Viewer, today: date) -> Reach:
    """Of the reader's people who are in care now."""
    file, scope = _own_people(viewer)
    side = str(viewer.side)
    has_phone = exists().where(
        PhoneNumber.patient_id == file.patient_id, PhoneNumber.side == side, PhoneNumber.removed_at.is_(None)
    )
    texts = and_(may_be_texted(file.patient_id, side, None, today), ~wants_calls_only(file.patient_id, side))
    columns = func.count(), func.count().filter(has_phone), func.count().filter(texts)
    everybody, with_phone, texted = session.execute(
        select(*columns).select_from(file).where(scope, file.status == "active")
    ).one()
    return Reach(texts=texted, calls=with_phone - texted, no_phone=everybody - with_phone)


def _own_people(viewer: Viewer) -> tuple[type[TreatmentFile] | type[SupportFile], ColumnElement[bool]]:
    if viewer.side is Side.TREATMENT:
        return TreatmentFile, treatment_files_visible_to(viewer)
    return SupportFile, support_files_visible_to(viewer)
