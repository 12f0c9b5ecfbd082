"""What a segment of our texts costs, as somebody has said for this installation."""

from __future__ import annotations

from sqlalchemy import select

from counseling.database import AnySession
from counseling.models.installation import Installation


def find_price(session: AnySession) -> int | None:
    """Whole đồng for each segment; None: nobody has said."""
    return session.execute(select(Installation.price_per_segment)).scalar_one_or_none()
