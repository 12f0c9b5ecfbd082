"""Whether today is a round number of good days in a row for somebody."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from counseling.database import AnySession
from counseling.domain.adherence import Adherence, bits_from_bytes
from counseling.domain.good_days import round_days
from counseling.models.doses import AdherenceSummary

COVERED = select(AdherenceSummary.anchor_on, AdherenceSummary.covered)


def find_round_days(session: AnySession, patient_id: int, today: date) -> int | None:
    """The number that today's dose completes, given or about to be given. The caller has checked the scope."""
    row = session.execute(COVERED.where(AdherenceSummary.patient_id == patient_id)).first()
    if row is None or row.anchor_on is None:
        return None
    return round_days(Adherence(row.anchor_on, bits_from_bytes(row.covered), 0), today)
