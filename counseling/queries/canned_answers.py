"""The ready-made answers that a site offers."""

from __future__ import annotations

from sqlalchemy import select

from counseling.database import AnySession
from counseling.domain.shipped_answers import SHIPPED_ANSWERS
from counseling.models.duty import CannedAnswer
from counseling.permissions import Viewer


def list_canned(session: AnySession, viewer: Viewer) -> list[tuple[int, str]]:
    """Id and words of each, as they were written; of a site that has changed nothing yet the shipped ones, by ids
    below zero."""
    own = CannedAnswer.site_id == viewer.site_id, CannedAnswer.side == str(viewer.side)
    query = select(CannedAnswer.id, CannedAnswer.body, CannedAnswer.removed_at).where(*own).order_by(CannedAnswer.id)
    rows = session.execute(query).all()
    if not rows:
        return [(-number, body) for number, body in enumerate(SHIPPED_ANSWERS, 1)]
    return [(row.id, row.body) for row in rows if row.removed_at is None]
