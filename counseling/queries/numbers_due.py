"""Whose number is to be compared with its owner, of those who want texts: the desk's list, and one person's line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from counseling.database import AnySession
from counseling.domain.number_confirmation import ASK_AHEAD, good_since
from counseling.models.patients import PhoneNumber, SupportFile, TreatmentFile
from counseling.models.texts import PhoneLine
from counseling.permissions import Side, Viewer
from counseling.queries.reachable import MOST_PERMANENT_FAILURES, UNREACHED_AFTER, has_agreed_to_texts, is_alive
from counseling.queries.reader_names import Named, list_names
from counseling.queries.text_choices import wants_calls_only
from counseling.scopes import support_files_visible_to, treatment_files_visible_to
from counseling.treatment_rows import SUPPORT, TREATMENT

PAGE_LINES = 100


@dataclass(frozen=True)
class NumberDue:
    """`why`: "past" (nothing goes out any more), "soon", "unreached" (texts go on), "wrong", "fails", "never"
    (compared), "none" (no number)."""

    patient_id: int
    named: Named | None
    why: str
    confirmed_at: datetime | None


@dataclass(frozen=True)
class NumbersDue:
    lines: list[NumberDue]
    total: int
    page: int

    @property
    def pages(self) -> int:
        return max((self.total + PAGE_LINES - 1) // PAGE_LINES, 1)


def list_numbers_due(session: AnySession, viewer: Viewer, now: datetime, page: int = 1) -> NumbersDue:
    """People in the reader's scope, those first whose texts have stopped; named as the reader knows them."""
    if viewer.side is Side.TREATMENT:
        due = _due(TreatmentFile, TREATMENT, treatment_files_visible_to(viewer), now)
    else:
        due = _due(SupportFile, SUPPORT, support_files_visible_to(viewer), now)
    total = session.execute(select(func.count()).select_from(due.subquery())).scalar_one()
    page = min(max(page, 1), max((total + PAGE_LINES - 1) // PAGE_LINES, 1))
    rows = session.execute(_ordered(due, now).offset((page - 1) * PAGE_LINES).limit(PAGE_LINES)).all()
    names = list_names(session, viewer, [row.patient_id for row in rows])
    return NumbersDue([replace(_line(row, now), named=names.get(row.patient_id)) for row in rows], total, page)


def find_number_due(session: AnySession, patient_id: int, side: str, now: datetime) -> NumberDue | None:
    """The same of one person; None: nothing is to be done. The caller has checked the scope."""
    file = TreatmentFile if side == TREATMENT else SupportFile
    row = session.execute(_due(file, side, file.patient_id == patient_id, now)).first()
    return None if row is None else _line(row, now)


def _due(
    file: type[TreatmentFile] | type[SupportFile], side: str, scope: ColumnElement[bool], now: datetime
) -> Select[*tuple[Any, ...]]:
    """Who agreed to texts and has no number that stays good for a while, or one that nothing reaches; who stopped is
    left alone."""
    own = and_(PhoneNumber.patient_id == file.patient_id, PhoneNumber.side == side, PhoneNumber.removed_at.is_(None))
    texted = and_(own, PhoneNumber.calls_only.is_(False))
    unreached = PhoneLine.temporary_failures >= UNREACHED_AFTER
    fails = PhoneLine.permanent_failures >= MOST_PERMANENT_FAILURES
    stays_good = and_(PhoneNumber.confirmed_at > _until(now), is_alive())
    return (
        select(
            file.patient_id,
            func.count(PhoneNumber.id).label("numbers"),
            func.max(case((fails, None), else_=PhoneNumber.confirmed_at)).label("confirmed_at"),
            func.sum(case((PhoneNumber.wrong_at.is_not(None), 1), else_=0)).label("wrong"),
            func.sum(case((fails, 1), else_=0)).label("failing"),
            _count_if(unreached).label("unreached"),
        )
        .select_from(file)
        .outerjoin(PhoneNumber, texted)
        .outerjoin(PhoneLine, PhoneLine.id == PhoneNumber.line_id)
        .where(scope, file.status == "active", has_agreed_to_texts(file.patient_id, side))
        .where(~wants_calls_only(file.patient_id, side))
        .group_by(file.patient_id)
        .having(
            or_(_count_if(stays_good) == 0, _count_if(unreached) > 0),
            _count_if(PhoneLine.opted_out_at.is_not(None)) == 0,
        )
        .having(or_(func.count(PhoneNumber.id) > 0, ~_calls_only(file, side)))
    )


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _calls_only(file: type[TreatmentFile] | type[SupportFile], side: str) -> ColumnElement[bool]:
    """Where one of the numbers is only to be called, no other is asked for: no comparison for texts is needed."""
    number = aliased(PhoneNumber)
    own = number.patient_id == file.patient_id, number.side == side, number.removed_at.is_(None)
    return exists(select(number.id).where(*own, number.calls_only).correlate(file))


def _ordered(due: Select[*tuple[Any, ...]], now: datetime) -> Select[Any]:
    rows = due.subquery()
    columns = (rows.c.patient_id, rows.c.numbers, rows.c.confirmed_at, rows.c.wrong, rows.c.failing, rows.c.unreached)
    never = case((rows.c.confirmed_at.is_(None), 1), else_=0)
    return select(*columns).order_by(never, rows.c.confirmed_at, rows.c.patient_id)


def _until(now: datetime) -> datetime:
    return good_since(now) + ASK_AHEAD


def _line(row: Row[*tuple[Any, ...]], now: datetime) -> NumberDue:
    why = "never"
    if row.confirmed_at is not None:
        why = "unreached" if row.unreached else "soon"
        why = "past" if row.confirmed_at <= good_since(now) else why
    elif row.wrong:
        why = "wrong"
    elif row.failing:
        why = "fails"
    elif not row.numbers:
        why = "none"
    return NumberDue(row.patient_id, None, why, row.confirmed_at)
