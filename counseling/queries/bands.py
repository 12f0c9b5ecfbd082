"""The bands of missed days that hold on a day, as rows."""

from __future__ import annotations

from datetime import date

from sqlalchemy import bindparam, or_, select

from counseling.database import Reader
from counseling.domain.missed_doses import GapBand, GapResponse
from counseling.models.orders import GapBandRow

_rows = GapBandRow.__table__.c
BANDS = (
    select(_rows.id, _rows.from_days, _rows.to_days, _rows.response, _rows.source, _rows.approved_on)
    .where(
        _rows.effective_from <= bindparam("on"),
        or_(_rows.effective_until.is_(None), _rows.effective_until >= bindparam("on")),
    )
    .order_by(_rows.from_days, _rows.id)
)


def list_bands(reader: Reader, on: date) -> list[GapBand]:
    """Bands effective on the day, both ends counted in, from the shortest gap to the longest."""
    return [
        GapBand(row.from_days, row.to_days, GapResponse(row.response), row.source, row.approved_on, row.id)
        for row in reader.execute(BANDS, {"on": on})
    ]
