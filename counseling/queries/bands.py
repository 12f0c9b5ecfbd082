"""The bands of missed days that hold on a day, as rows."""

from __future__ import annotations

from datetime import date

from sqlalchemy import or_, select

from counseling.database import AnySession
from counseling.domain.missed_doses import GapBand, GapResponse
from counseling.models.orders import GapBandRow


def list_bands(session: AnySession, on: date) -> list[GapBand]:
    """Bands effective on the day, both ends counted in, from the shortest gap to the longest."""
    rows = session.execute(
        select(
            GapBandRow.id,
            GapBandRow.from_days,
            GapBandRow.to_days,
            GapBandRow.response,
            GapBandRow.source,
            GapBandRow.approved_on,
        )
        .where(
            GapBandRow.effective_from <= on,
            or_(GapBandRow.effective_until.is_(None), GapBandRow.effective_until >= on),
        )
        .order_by(GapBandRow.from_days, GapBandRow.id)
    )
    return [
        GapBand(row.from_days, row.to_days, GapResponse(row.response), row.source, row.approved_on, row.id)
        for row in rows
    ]
