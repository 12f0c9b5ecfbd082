"""What the page of rules shows: what holds at a facility, who signed it, what begins tomorrow, what was before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from counseling.database import AnySession
from counseling.domain.missed_doses import GapBand
from counseling.domain.order_limits import OrderLimit
from counseling.models.orders import RuleChange
from counseling.models.people import Staff
from counseling.queries.bands import list_bands, list_limits

A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Change:
    """A signed set: by whom, from when."""

    id: int
    as_shipped: bool
    is_looser: bool
    effective_from: date
    written_at: datetime
    approved_by: str
    second: str | None


@dataclass(frozen=True)
class RuleSet:
    """One kind of rules at a facility. `current` None: shipped rows, approved by nobody; `coming`: from tomorrow."""

    rows: Sequence[Any]
    current: Change | None
    coming: Change | None
    coming_rows: Sequence[Any]
    history: Sequence[Change]

    @property
    def newest_id(self) -> int:
        return self.history[0].id if self.history else 0

    @property
    def is_approved(self) -> bool:
        return self.current is not None


def find_bands(session: AnySession, facility_id: int, today: date) -> RuleSet:
    rows: list[Sequence[GapBand]] = [list_bands(session, day, facility_id) for day in (today, today + A_DAY)]
    return _rule_set(session, "bands", facility_id, today, *rows)


def find_limits(session: AnySession, facility_id: int, today: date) -> RuleSet:
    rows: list[Sequence[OrderLimit]] = [list_limits(session, day, facility_id) for day in (today, today + A_DAY)]
    return _rule_set(session, "limits", facility_id, today, *rows)


def _rule_set(
    session: AnySession, kind: str, facility_id: int, today: date, rows: Sequence[Any], next_rows: Sequence[Any]
) -> RuleSet:
    """A change closes all earlier ones from its own first day on, so of those that have begun the newest holds."""
    history = _changes(session, kind, facility_id)
    current = next((change for change in history if change.effective_from <= today), None)
    newest = history[0] if history else None
    coming = newest if newest is not None and newest.effective_from > today else None
    return RuleSet(rows, current, coming, next_rows if coming else (), history)


def _changes(session: AnySession, kind: str, facility_id: int) -> list[Change]:
    """The newest first."""
    second = aliased(Staff)
    query = (
        select(
            RuleChange.id,
            RuleChange.as_shipped,
            RuleChange.is_looser,
            RuleChange.effective_from,
            RuleChange.written_at,
            Staff.display_name,
            second.display_name,
        )
        .join(Staff, Staff.id == RuleChange.approved_by_id)
        .outerjoin(second, second.id == RuleChange.second_approved_by_id)
        .where(RuleChange.facility_id == facility_id, RuleChange.kind == kind)
        .order_by(RuleChange.id.desc())
    )
    return [Change(*row) for row in session.execute(query)]
