"""After a stop somebody calls the doctor: that it was tried, when, and whether the doctor was reached."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import insert, select

from counseling.database import AnySession, writing
from counseling.models.doctor_calls import DoctorCall
from counseling.models.doses import StationVisit
from counseling.services import audit
from counseling.services.adherence import lock_summary


def record_doctor_call(
    session: AnySession,
    patient_id: int,
    *,
    is_reached: bool,
    site_id: int,
    by: int,
    actor: str,
    request_key: str,
    today: date,
    now: datetime,
) -> None:
    """Keep one call, about the person's last visit of today at this station where there is one. A repeat of
    `request_key` does nothing. The caller has checked the scope.
    """
    with writing(session) as tx:
        lock_summary(tx, patient_id)
        if tx.execute(select(DoctorCall.id).where(DoctorCall.request_key == request_key)).first():
            return
        visits = select(StationVisit.id).where(
            StationVisit.patient_id == patient_id, StationVisit.site_id == site_id, StationVisit.visit_on == today
        )
        visit_id = tx.execute(visits.order_by(StationVisit.id.desc()).limit(1)).scalar_one_or_none()
        row = {
            "patient_id": patient_id, "site_id": site_id, "visit_id": visit_id, "is_reached": is_reached,
            "called_by_id": by, "called_at": now, "request_key": request_key,
        }  # fmt: skip
        tx.execute(insert(DoctorCall).values(**row))
        details = {"visit": visit_id, "reached": is_reached}
        audit.append(tx, audit.site_chain(site_id), actor, "doctor.called", f"patient:{patient_id}", details, now)
