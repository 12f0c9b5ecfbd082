"""Holds and alerts of one person, as the treatment team reads them. The caller has checked the scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from counseling.database import AnySession, vault_of
from counseling.models.people import Staff
from counseling.models.window import AlertReading, PatientHold

MOST_ENDED = 20


@dataclass(frozen=True)
class HoldLine:
    """`is_read`: an alert that somebody has read at the window today."""

    ref: str
    kind: str
    words: str
    by_doctor: bool
    set_by: str
    set_at: datetime
    is_read: bool
    lifted_by: str | None
    lifted_at: datetime | None
    lifted_words: str | None


def is_on_hold(session: AnySession, patient_id: int) -> bool:
    """Whether somebody has stopped this person's medicine, and nobody has lifted it."""
    own = PatientHold.patient_id == patient_id, PatientHold.kind == "hold", PatientHold.lifted_at.is_(None)
    return session.execute(select(PatientHold.id).where(*own).limit(1)).first() is not None


def list_holds(session: AnySession, patient_id: int, today: date) -> list[HoldLine]:
    """Those that stand, holds before alerts and the oldest first; then the last that were lifted."""
    setter, lifter, hold = aliased(Staff), aliased(Staff), PatientHold
    is_read = exists().where(AlertReading.hold_id == hold.id, AlertReading.read_on == today)
    query = (
        select(
            hold.ref, hold.kind, hold.words, hold.by_doctor, hold.set_at, hold.lifted_at, hold.lifted_words,
            setter.display_name.label("set_by"), lifter.display_name.label("lifted_by"), is_read.label("is_read"),
        )
        .join(setter, setter.id == hold.set_by_id)
        .outerjoin(lifter, lifter.id == hold.lifted_by_id)
        .where(hold.patient_id == patient_id)
    )  # fmt: skip
    standing = session.execute(query.where(hold.lifted_at.is_(None)).order_by(hold.kind.desc(), hold.id)).all()
    ended = session.execute(query.where(hold.lifted_at.is_not(None)).order_by(hold.lifted_at.desc()).limit(MOST_ENDED))
    vault = vault_of(session)
    return [
        HoldLine(
            row.ref,
            row.kind,
            vault.open("patient_holds.words", row.ref, row.words) or "",
            row.by_doctor,
            row.set_by,
            row.set_at,
            row.is_read,
            row.lifted_by,
            row.lifted_at,
            vault.open("patient_holds.lifted_words", row.ref, row.lifted_words),
        )
        for row in (*standing, *ended)
    ]
