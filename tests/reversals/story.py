"""What stories of reversals share: a dose that stands, who asks, who signs, and what the rows say afterwards."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.reversals import VoidReason
from counseling.models.doses import AdherenceSummary
from counseling.models.people import StaffRole
from counseling.refs import new_request_key
from counseling.services.adherence import from_columns, recount_from_rows
from counseling.services.dose_reversals import ask_reversal, sign_reversal, withdraw_reversal
from tests.support.cast import DONG_KINH, Cast
from tests.support.settings import MORNING
from tests.support.treatment import Person


def ask(
    session: Session,
    cast: Cast,
    person: Person,
    dose_id: int,
    username: str = "dispenser",
    *,
    reason: VoidReason = VoidReason.NOT_DRUNK,
    note: str | None = None,
    key: str | None = None,
) -> int:
    return ask_reversal(
        session,
        patient_id=person.id,
        dose_id=dose_id,
        reason=reason,
        note=note,
        request_key=key or new_request_key(),
        **who(cast, username),
    )


def sign(session: Session, cast: Cast, person: Person, request_id: int, username: str = "doctor") -> None:
    viewer = cast.viewer_of(username)
    sign_reversal(
        session,
        patient_id=person.id,
        request_id=request_id,
        signer=viewer.staff_id,
        actor=viewer.actor,
        now=MORNING,
    )


def withdraw(session: Session, cast: Cast, person: Person, request_id: int, username: str = "dispenser") -> None:
    withdraw_reversal(session, patient_id=person.id, request_id=request_id, **who(cast, username))


def reverse(session: Session, cast: Cast, person: Person, dose_id: int) -> None:
    """Both signatures."""
    sign(session, cast, person, ask(session, cast, person, dose_id))


def who(cast: Cast, username: str) -> dict[str, Any]:
    viewer = cast.viewer_of(username)
    return {"by": viewer.staff_id, "actor": viewer.actor, "now": MORNING}


def colleague(session: Session, cast: Cast, username: str = "counselor", site_id: int = DONG_KINH) -> str:
    """Somebody of the cast gets a second desk: at the station's window."""
    role = {"kind": "dispenser", "side": "treatment", "site_id": site_id, "given_at": MORNING}
    with writing(session) as tx:
        tx.execute(insert(StaffRole).values(staff_id=cast.staff[username], **role))
    return username


def is_recounted(session: Session, person: Person) -> bool:
    """Whether the kept summary says what the rows say."""
    session.rollback()
    query = select(AdherenceSummary.anchor_on, AdherenceSummary.covered, AdherenceSummary.complete)
    kept = from_columns(*session.execute(query.where(AdherenceSummary.patient_id == person.id)).one())
    same = recount_from_rows(session, person.id) == kept
    session.rollback()
    return same
