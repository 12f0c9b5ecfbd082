"""The ready-made answers that a site offers."""

from __future__ import annotations

from sqlalchemy import select

from counseling.database import AnySession
from counseling.models.duty import CannedAnswer
from counseling.permissions import Viewer


def list_canned(session: AnySession, viewer: Viewer) -> list[tuple[int, str]]:
    """Id and words of each, as they were written."""
    query = select(CannedAnswer.id, CannedAnswer.body).where(
        CannedAnswer.site_id == viewer.site_id,
        CannedAnswer.side == str(viewer.side),
        CannedAnswer.removed_at.is_(None),
    )
    return [(row.id, row.body) for row in session.execute(query.order_by(CannedAnswer.id))]
