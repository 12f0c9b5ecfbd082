"""Is the world still as the check of an import saw it? Asked inside the transaction that applies it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, or_, select
from sqlalchemy.orm import Session

from counseling.database import vault_of
from counseling.domain.refusal import Refusal
from counseling.models.orders import DoseOrder
from counseling.models.patients import SearchKey
from counseling.queries.known_people import FILE, known_person
from counseling.services.register_staging import STAGED_KEYS, STAGED_ROWS
from counseling.treatment_rows import TREATMENT

S, K = STAGED_ROWS.c, STAGED_KEYS.c


def ensure_same_world(tx: Session, row: Any, changed: ColumnElement[bool]) -> None:
    """Refuse world_changed when anything that the check decided on is no longer so. `row` is the import's."""
    new_key = bytes(row.key_id or b"") != vault_of(tx).newest_id
    if new_key or _has_new_likeness(tx, row) or _has_new_order(tx, changed) or _has_changed_file(tx, changed):
        raise Refusal("world_changed")


def _has_new_likeness(tx: Session, row: Any) -> bool:
    """Somebody registered since who shares a name, a phone or a paper with a row, anywhere."""
    alike = (
        select(literal(1))
        .select_from(SearchKey)
        .join(STAGED_KEYS, and_(K.token == SearchKey.token, K.kind == SearchKey.kind))
        .where(
            SearchKey.patient_id > row.seen_patient_id,
            SearchKey.side == TREATMENT,
            SearchKey.kind.in_(("name", "phone", "identity", "national_code")),
            K.import_id == row.id,
        )
    )
    return tx.execute(alike.limit(1)).first() is not None


def _has_new_order(tx: Session, changed: ColumnElement[bool]) -> bool:
    newest = (
        select(func.coalesce(func.max(DoseOrder.id), 0))
        .where(DoseOrder.patient_id == S.patient_id, DoseOrder.phase != "one_time")
        .scalar_subquery()
    )
    lowered = select(DoseOrder.last_on).where(DoseOrder.id == S.lowers_order_id).scalar_subquery()
    moved = and_(S.lowers_order_id.is_not(None), lowered != S.lowers_from)
    differs = select(S.row_number).where(changed, S.order_key.is_not(None), or_(newest != S.seen_order_id, moved))
    return tx.execute(differs.limit(1)).first() is not None


def _has_changed_file(tx: Session, changed: ColumnElement[bool]) -> bool:
    files = tx.execute(
        select(S.seen_stamp, *FILE.c)
        .join(FILE, FILE.c.patient_id == S.patient_id)
        .where(changed, S.seen_stamp.is_not(None))
        .with_for_update(of=FILE)
    )
    return any(known_person(tx, file).stamp != file.seen_stamp for file in files)
