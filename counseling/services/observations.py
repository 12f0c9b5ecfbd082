"""Noting how somebody is after the first dose of an induction order."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import insert, select

from counseling.database import AnySession, vault_of, writing
from counseling.domain.first_dose import Seen
from counseling.domain.refusal import Refusal
from counseling.models.observations import DoseObservation
from counseling.models.patients import TreatmentFile
from counseling.queries.observations import find_first_dose
from counseling.services import audit
from counseling.services.adherence import lock_summary
from counseling.services.tasks import open_task

REVIEW = "first_dose_review"


def record_observation(
    session: AnySession,
    patient_id: int,
    seen: Seen,
    *,
    site_id: int,
    note: str | None,
    by: int,
    actor: str,
    request_key: str,
    today: date,
    now: datetime,
) -> None:
    """Keep one look at somebody; whoever is not well, or has left, stands on the doctor's list of today.

    A repeat of `request_key` does nothing. Refuses no_first_dose: none of today at this station asks for it.
    """
    with writing(session) as tx:
        lock_summary(tx, patient_id)
        if tx.execute(select(DoseObservation.id).where(DoseObservation.request_key == request_key)).first():
            return
        dose = find_first_dose(tx, patient_id, site_id, today)
        if dose is None:
            raise Refusal("no_first_dose")
        tx.execute(
            insert(DoseObservation).values(
                day_dose_id=dose.dose_id,
                patient_id=patient_id,
                site_id=site_id,
                state=seen.value,
                note=vault_of(tx).seal("dose_observations.note", request_key, note or None),
                recorded_by_id=by,
                recorded_at=now,
                request_key=request_key,
            )
        )
        if seen.asks_for_a_doctor:
            query = select(TreatmentFile.facility_id).where(TreatmentFile.patient_id == patient_id)
            open_task(
                tx,
                side="treatment",
                kind=REVIEW,
                patient_id=patient_id,
                site_id=tx.execute(query).scalar_one(),
                due_on=today,
                dedupe_key=f"{REVIEW}:{patient_id}:{today.isoformat()}",
                opened_by_id=by,
                at=now,
            )
        details = {"patient": patient_id, "seen": seen.value}
        chain = audit.site_chain(site_id)
        audit.append(tx, chain, actor, "observation.recorded", f"dose:{dose.dose_id}", details, now)
