"""What stories of a facility's rules share: who signs, and what holds afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from counseling.domain.band_sets import bands_from_starts
from counseling.domain.missed_doses import GapBand, GapResponse
from counseling.domain.order_limits import SHIPPED_VALUES, LimitName
from counseling.models.orders import RuleChange
from counseling.queries.bands import list_bands
from counseling.refs import new_request_key
from counseling.services.rules import Signing, approve_rules, change_bands, change_limits
from tests.support.cast import DONG_KINH, FACILITY, Cast
from tests.support.settings import MORNING
from tests.support.treatment import TODAY

R = GapResponse
SHIPPED_STARTS = {R.CHECK: 2, R.SUSPEND: 4, R.END: 6, R.CONSIDER_ENDING: 30}
STRICTER = {**SHIPPED_STARTS, R.SUSPEND: 3}
LOOSER = {**SHIPPED_STARTS, R.SUSPEND: 5}


def signing(session: Session, cast: Cast, kind: str = "bands", **changes: Any) -> Signing:
    """The doctor of the facility, who has seen what stands there now."""
    session.rollback()
    facility_id = changes.get("facility_id", FACILITY)
    newest = select(func.max(RuleChange.id)).where(RuleChange.kind == kind, RuleChange.facility_id == facility_id)
    usual = Signing(
        facility_id=FACILITY,
        by=cast.staff["doctor"],
        actor=cast.viewer_of("doctor").actor,
        seen=session.execute(newest).scalar() or 0,
        request_key=new_request_key(),
        now=MORNING,
        today=TODAY,
    )
    return replace(usual, **changes)


def approve(session: Session, cast: Cast, kind: str = "bands", **changes: Any) -> int:
    return approve_rules(session, kind, signing(session, cast, kind, **changes))


def set_bands(session: Session, cast: Cast, starts: Mapping[GapResponse, int | None] = STRICTER, **changes: Any) -> int:
    return change_bands(session, bands_from_starts(starts, "quyết định 12"), signing(session, cast, **changes))


def set_limits(session: Session, cast: Cast, limits: Mapping[LimitName, int | None], **changes: Any) -> int:
    values = {**SHIPPED_VALUES, **limits}
    return change_limits(session, values, "quyết định 12", signing(session, cast, "limits", **changes))


def in_force(session: Session, day: date = TODAY, site: int = DONG_KINH) -> list[GapBand]:
    session.rollback()
    return list_bands(session, day, site)


def starts_of(bands: list[GapBand]) -> dict[GapResponse, int]:
    return {band.response: band.from_days for band in bands if band.response is not R.DOSE}
