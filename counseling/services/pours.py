"""A cup is poured. If it is not drunk (services/doses.py), it becomes a spill, and perhaps a visit without a dose.

One cup stands at a time for a person and day; the database holds that.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.database import AnySession, violated, writing
from counseling.domain.refusal import Refusal
from counseling.domain.window import ensure_as_seen, ensure_checked, ensure_may_pour, needs_check
from counseling.models.window import SPILL_REASONS, DosePour, Spill
from counseling.queries.attendance import lock_attendance
from counseling.queries.bands import list_bands
from counseling.services import audit
from counseling.services.adherence import lock_summary
from counseling.services.doses import SeenDose, why_nothing_was_found
from counseling.services.visits import NewVisit, add_visit

__all__ = ["SPILL_REASONS", "VISIT_AFTER", "pour_dose", "spill_pour"]

INSERT_POUR = insert(DosePour.__table__).returning(DosePour.id)  # type: ignore[arg-type]  # Core table behind the class
# Why a cup was not drunk → what became of the visit, where that ends it.
VISIT_AFTER = {"refused": "refused", "withheld": "withheld"}
ONE_CUP = ("uq_dose_pours_open", "dose_pours.patient_id")  # as either database calls it


def pour_dose(
    session: AnySession,
    ref: str,
    seen: SeenDose,
    *,
    site_id: int,
    by: int,
    actor: str,
    request_key: str,
    today: date,
    now: datetime,
) -> None:
    """Write down that the dose on the screen stands in a cup. A repeat of `request_key` changes nothing.

    `ref` is the reference of the patient's treatment file. Refusals: the codes of domain.window, and day_changed,
    not_at_this_station.
    """
    try:
        with writing(session) as tx:
            _pour(tx.connection(), ref, seen, site_id, by, actor, request_key, today, now)
    except IntegrityError as error:
        if not any(name in violated(error) for name in ONE_CUP):
            raise
        raise Refusal("already_poured") from None  # at the other window, between our look and our insert


def _pour(
    tx: Connection,
    ref: str,
    seen: SeenDose,
    site_id: int,
    by: int,
    actor: str,
    key: str,
    today: date,
    now: datetime,
) -> None:
    loaded = lock_attendance(tx, ref, site_id, today)
    if tx.execute(select(DosePour.id).where(DosePour.request_key == key)).first() is not None:
        return
    if loaded is None:
        raise Refusal(why_nothing_was_found(tx, ref, site_id))
    attendance, patient_id = loaded.attendance, loaded.context.patient_id
    bands = list_bands(tx, today, site_id)
    ensure_may_pour(attendance, bands)
    if seen.dose_on != today:
        raise Refusal("day_changed", on=seen.dose_on)
    ensure_as_seen(attendance, seen.order_id, seen.part, seen.mg_tenths)
    ensure_checked(attendance, bands, is_checked=seen.gap_check)
    values = {
        "patient_id": patient_id,
        "site_id": site_id,
        "dose_on": today,
        "order_id": seen.order_id,
        "part": seen.part,
        "mg_tenths": seen.mg_tenths,
        "gap_check": "alert" if needs_check(attendance, bands) else None,
        "poured_by_id": by,
        "poured_at": now,
        "request_key": key,
    }
    pour_id = tx.execute(INSERT_POUR, values).scalar_one()
    details: dict[str, object] = {"patient": patient_id, "order": seen.order_id, "part": seen.part, "on": today}
    details["mg_tenths"] = seen.mg_tenths
    head = audit.Head(loaded.context.sequence, loaded.context.hash)
    audit.append_after(tx, head, audit.site_chain(site_id), actor, "dose.poured", f"pour:{pour_id}", details, now)


def spill_pour(
    session: AnySession,
    patient_id: int,
    pour_id: int,
    reason: str,
    *,
    site_id: int,
    observations: str | None,
    by: int,
    actor: str,
    request_key: str,
    today: date,
    now: datetime,
) -> None:
    """The cup is not drunk: it becomes a spill, and a visit where the person refused or was not given it.

    A repeat of `request_key`, and a cup that has become a spill already, change nothing. `reason` is a word of
    SPILL_REASONS. Refuses spill_reason_unknown, not_poured (never, or drunk meanwhile) and not_at_this_station.
    """
    if reason not in SPILL_REASONS:
        raise Refusal("spill_reason_unknown")
    with writing(session) as tx:
        lock_summary(tx, patient_id)
        pour = _end(tx, patient_id, pour_id, site_id, now)
        if pour is None:
            return
        spill = {
            "site_id": site_id, "spilled_on": today, "mg_tenths": pour.mg_tenths, "reason": reason, "pour_id": pour_id,
            "recorded_by_id": by, "recorded_at": now, "request_key": request_key,
        }  # fmt: skip
        spill_id = tx.execute(insert(Spill).values(**spill).returning(Spill.id)).scalar_one()
        details = {"patient": patient_id, "pour": pour_id, "mg_tenths": pour.mg_tenths, "reason": reason}
        chain = audit.site_chain(site_id)
        audit.append(tx, chain, actor, "dose.spilled", f"spill:{spill_id}", details, now)
        if reason in VISIT_AFTER:
            visit = NewVisit(patient_id, site_id, VISIT_AFTER[reason], observations=observations)
            add_visit(tx, visit, by=by, actor=actor, request_key=request_key, today=today, now=now)


def _end(tx: Session, patient_id: int, pour_id: int, site_id: int, now: datetime) -> Any:
    """End the cup and give it; None when it is a spill already."""
    own = DosePour.id == pour_id, DosePour.patient_id == patient_id, DosePour.site_id == site_id
    ended = update(DosePour).where(*own, DosePour.ended_at.is_(None)).values(ended_at=now, ended_by="spilled")
    pour = tx.execute(ended.returning(DosePour.mg_tenths)).first()
    if pour is None and tx.execute(select(DosePour.ended_by).where(*own)).scalar() != "spilled":
        raise Refusal("not_poured")
    return pour
