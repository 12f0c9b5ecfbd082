"""The rules that hold at a place on a day, as rows: bands of missed days, and limits of orders.

A station follows the facility that treats for it; until that one has signed a set of its own, the shipped rows hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, or_, select

from counseling.database import Reader
from counseling.domain.missed_doses import GapBand, GapResponse
from counseling.domain.order_limits import LimitName, OrderLimit
from counseling.models.orders import GapBandRow, OrderLimitRow
from counseling.models.places import Site

# Core tables and statements built once: a dose after missed days asks for the bands.
_bands, _limits, _sites = GapBandRow.__table__.c, OrderLimitRow.__table__.c, Site.__table__.c
FACILITY = select(func.coalesce(_sites.treated_by_id, _sites.id)).where(_sites.id == bindparam("site_id"))


def _in_force(rows: Any) -> tuple[ColumnElement[bool], ...]:
    return (
        rows.effective_from <= bindparam("on"),
        or_(rows.effective_until.is_(None), rows.effective_until >= bindparam("on")),
        or_(rows.facility_id.is_(None), rows.facility_id == FACILITY.scalar_subquery()),
    )


BANDS = (
    select(
        _bands.id,
        _bands.from_days,
        _bands.to_days,
        _bands.response,
        _bands.source,
        _bands.approved_on,
        _bands.facility_id,
    )
    .where(*_in_force(_bands))
    .order_by(_bands.from_days, _bands.id)
)
LIMITS = (
    select(_limits.id, _limits.name, _limits.value, _limits.source, _limits.approved_on, _limits.facility_id)
    .where(*_in_force(_limits))
    .order_by(_limits.id)
)


def list_bands(reader: Reader, on: date, site_id: int) -> list[GapBand]:
    """Bands in force at a site on the day, both ends counted in, from the shortest gap to the longest."""
    return [
        GapBand(row.from_days, row.to_days, GapResponse(row.response), row.source, row.approved_on, row.id)
        for row in _own_or_shipped(reader.execute(BANDS, {"on": on, "site_id": site_id}).all())
    ]


def list_limits(reader: Reader, on: date, site_id: int) -> list[OrderLimit]:
    """Limits of orders in force at a site on the day."""
    return [
        OrderLimit(LimitName(row.name), row.value, row.source, row.approved_on, row.id)
        for row in _own_or_shipped(reader.execute(LIMITS, {"on": on, "site_id": site_id}).all())
    ]


def facility_of(reader: Reader, site_id: int) -> int | None:
    """Whose doctors decide about the rules of a site: the facility that treats for it, or the site itself."""
    found: int | None = reader.execute(FACILITY, {"site_id": site_id}).scalar()
    return found


def _own_or_shipped(rows: Sequence[Any]) -> Sequence[Any]:
    """A set is whole: a facility that has one reads no shipped row beside it."""
    return [row for row in rows if row.facility_id is not None] or rows
