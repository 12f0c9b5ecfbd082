"""A dose that was recorded by mistake is reversed by two people: one asks, another signs. Rows are only ever added."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from counseling.database import AnySession, vault_of, violated, writing
from counseling.domain.refusal import Refusal
from counseling.domain.reversals import VoidReason, ensure_another_person, ensure_may_be_asked, ensure_reversible
from counseling.models.doses import DayDose, DoseVoid, DoseVoidRequest, DoseVoidWithdrawal
from counseling.models.patients import TreatmentFile
from counseling.models.people import Staff, StaffRole
from counseling.models.tasks import FOLLOW_UP, Task
from counseling.queries.dose_reversals import find_state
from counseling.services import adherence, audit

# What either database calls it when somebody else was faster than our look.
SAME_REQUEST = ("uq_dose_void_requests_dose_number", "dose_void_requests.number", "dose_void_requests_never_replaced")
_SINCE, _SINCE_VOID = aliased(DayDose), aliased(DoseVoid)


def ask_reversal(
    session: AnySession,
    *,
    patient_id: int,
    dose_id: int,
    reason: VoidReason,
    note: str | None,
    by: int,
    actor: str,
    request_key: str,
    now: datetime,
) -> int:
    """Say that a dose was recorded by mistake; gives the request's id. The dose counts until another person signs.

    A repeat of `request_key` gives the first request. Refusals: the codes of domain.reversals, and
    dose_of_another_person, not_of_the_team, request_key_taken.
    """
    note = (note or "").strip() or None
    try:
        with writing(session) as tx:
            adherence.lock_summary(tx, patient_id)
            earlier = _asked_before(tx, request_key, dose_id)
            if earlier is not None:
                return earlier
            dose = _dose(tx, patient_id, dose_id)
            _ensure_of_the_team(tx, by, dose)
            ensure_may_be_asked(find_state(tx, dose_id), reason, note)
            numbers = select(func.max(DoseVoidRequest.number)).where(DoseVoidRequest.day_dose_id == dose_id)
            values = {
                "day_dose_id": dose_id,
                "number": (tx.execute(numbers).scalar() or 0) + 1,
                "reason": reason.value,
                "note": vault_of(tx).seal("dose_void_requests.note", request_key, note),
                "requested_by_id": by,
                "requested_at": now,
                "request_key": request_key,
                "site_id": dose.site_id,
            }
            request_id: int = tx.execute(
                insert(DoseVoidRequest).values(**values).returning(DoseVoidRequest.id)
            ).scalar_one()
            details = {"patient": patient_id, "request": request_id, "reason": reason.value}
            _note(tx, dose, actor, "dose.reversal_asked", details, now)
            return request_id
    except IntegrityError as error:
        if any(name in violated(error) for name in SAME_REQUEST):
            raise Refusal("reversal_waiting") from None
        raise


def sign_reversal(
    session: AnySession, *, patient_id: int, request_id: int, signer: int, actor: str, now: datetime
) -> None:
    """Sign as the second person: the dose no longer counts, and its part can be given again.

    Commits the reversal, the recounted summary and the audit entry together; the same signature again changes nothing.
    What the station followed up until this dose stands on its list again, unless the person was dosed since.
    `signer`: who has just proved to be that person; `actor` whose screen it is. Refusals: reversal_not_waiting,
    signature_is_own, not_of_the_team, and the codes of domain.reversals.ensure_reversible.
    """
    with writing(session) as tx:
        adherence.lock_summary(tx, patient_id)
        asked = _request(tx, patient_id, request_id)
        if asked.confirmed_by_id == signer:
            return
        dose = _dose(tx, patient_id, asked.day_dose_id)
        ensure_another_person(asked.requested_by_id, signer)
        _ensure_of_the_team(tx, signer, dose)
        ensure_reversible(find_state(tx, dose.id))
        if asked.withdrawn_by_id is not None:
            raise Refusal("reversal_not_waiting")
        void = {
            "request_id": request_id,
            "day_dose_id": dose.id,
            "patient_id": patient_id,
            "dose_on": dose.dose_on,
            "part": dose.part,
            "attempt": dose.attempt,
            "requested_by_id": asked.requested_by_id,
            "confirmed_by_id": signer,
            "confirmed_at": now,
        }
        tx.execute(insert(DoseVoid).values(**void))
        adherence.save_summary(tx, patient_id, adherence.recount_from_rows(tx, patient_id))
        details = {
            "patient": patient_id,
            "request": request_id,
            "reopens": _follow_up_again(tx, patient_id),
            "asked_by": asked.requested_by_id,
            "signed_by": signer,
            "part": dose.part,
            "attempt": dose.attempt,
            "on": dose.dose_on,
        }
        _note(tx, dose, actor, "dose.reversed", details, now)


def withdraw_reversal(
    session: AnySession, *, patient_id: int, request_id: int, by: int, actor: str, now: datetime
) -> None:
    """The dose was right after all: whoever asked takes it back, or a colleague says so. Nothing when done before.

    Refusals: reversal_not_waiting (also for one that is signed), not_of_the_team.
    """
    with writing(session) as tx:
        adherence.lock_summary(tx, patient_id)
        asked = _request(tx, patient_id, request_id)
        dose = _dose(tx, patient_id, asked.day_dose_id)
        _ensure_of_the_team(tx, by, dose)
        if asked.withdrawn_by_id is not None:
            return
        if asked.confirmed_by_id is not None:
            raise Refusal("reversal_not_waiting")
        values = {"request_id": request_id, "withdrawn_by_id": by, "withdrawn_at": now}
        tx.execute(insert(DoseVoidWithdrawal).values(**values))
        details = {"patient": patient_id, "request": request_id, "own": by == asked.requested_by_id}
        _note(tx, dose, actor, "dose.reversal_withdrawn", details, now)


def _asked_before(tx: Session, request_key: str, dose_id: int) -> int | None:
    query = select(DoseVoidRequest.id, DoseVoidRequest.day_dose_id).where(DoseVoidRequest.request_key == request_key)
    row = tx.execute(query).first()
    if row is not None and row.day_dose_id != dose_id:
        raise Refusal("request_key_taken")
    return None if row is None else row.id


def _dose(tx: Session, patient_id: int, dose_id: int) -> Any:
    """The dose with the places whose people may speak about it."""
    row = tx.execute(
        select(
            DayDose.id,
            DayDose.site_id,
            DayDose.dose_on,
            DayDose.part,
            DayDose.attempt,
            TreatmentFile.facility_id,
            TreatmentFile.station_id,
        )
        .join(TreatmentFile, TreatmentFile.patient_id == DayDose.patient_id)
        .where(DayDose.id == dose_id, DayDose.patient_id == patient_id)
    ).first()
    if row is None:
        raise Refusal("dose_of_another_person")
    return row


def _follow_up_again(tx: Session, patient_id: int) -> list[int]:
    """Open again what a dose that was a mistake had closed, unless one that counts was recorded since; gives the ids.

    A dose closes at the instant at which it was recorded. A task that somebody closed by hand, because the person was
    met, stays closed.
    """
    mistaken = exists().where(
        DayDose.patient_id == Task.patient_id,
        DayDose.recorded_at == Task.closed_at,
        DayDose.recorded_by_id == Task.closed_by_id,
        DayDose.id == DoseVoid.day_dose_id,
    )
    counts = exists().where(
        _SINCE.patient_id == Task.patient_id,
        _SINCE.recorded_at >= Task.closed_at,
        ~exists().where(_SINCE_VOID.day_dose_id == _SINCE.id),
    )
    again = update(Task).where(
        Task.patient_id == patient_id, Task.kind == FOLLOW_UP, Task.outcome.is_(None), mistaken, ~counts
    )
    return sorted(tx.execute(again.values(closed_at=None, closed_by_id=None).returning(Task.id)).scalars())


def _request(tx: Session, patient_id: int, request_id: int) -> Any:
    row = tx.execute(
        select(
            DoseVoidRequest.day_dose_id,
            DoseVoidRequest.requested_by_id,
            DoseVoid.confirmed_by_id,
            DoseVoidWithdrawal.withdrawn_by_id,
        )
        .join(DayDose, DayDose.id == DoseVoidRequest.day_dose_id)
        .outerjoin(DoseVoid, DoseVoid.request_id == DoseVoidRequest.id)
        .outerjoin(DoseVoidWithdrawal, DoseVoidWithdrawal.request_id == DoseVoidRequest.id)
        .where(DoseVoidRequest.id == request_id, DayDose.patient_id == patient_id)
    ).first()
    if row is None:
        raise Refusal("reversal_not_waiting")
    return row


def _ensure_of_the_team(tx: Session, staff_id: int, dose: Any) -> None:
    """Somebody of the window where the dose was recorded, or a doctor of the person's facility or station."""
    at_the_window = and_(StaffRole.kind == "dispenser", StaffRole.site_id == dose.site_id)
    doctor = and_(StaffRole.kind == "doctor", StaffRole.site_id.in_((dose.facility_id, dose.station_id)))
    role = (
        select(StaffRole.id)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .where(
            Staff.id == staff_id, Staff.disabled_at.is_(None), StaffRole.ended_at.is_(None), or_(at_the_window, doctor)
        )
    )
    if tx.execute(role).first() is None:
        raise Refusal("not_of_the_team")


def _note(tx: Session, dose: Any, actor: str, action: str, details: Mapping[str, object], now: datetime) -> None:
    audit.append(tx, audit.site_chain(dose.site_id), actor, action, f"dose:{dose.id}", details, now)
