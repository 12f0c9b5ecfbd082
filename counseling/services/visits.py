"""Somebody came and no dose was drunk, or it did not stay down. A stop is never the end: others go on with it.

The doctor gets a task of today where a doctor must decide; the station keeps one until the person is dosed or reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from counseling.database import AnySession, vault_of, writing
from counseling.domain.refusal import Refusal
from counseling.domain.window import ensure_may_dose
from counseling.models.doses import FIRST_REPLACEMENT_PART, DayDose, DoseVoid, StationVisit
from counseling.models.patients import TreatmentFile
from counseling.models.tasks import FOLLOW_UP
from counseling.queries.attendance import find_attendance
from counseling.queries.bands import list_bands
from counseling.services import audit
from counseling.services.adherence import lock_summary
from counseling.services.tasks import open_task

# Outcome → the task that it opens on the doctor's list. Who refuses is free to: only the station goes on with it.
TASK_AFTER = {"withheld": "withheld_review", "stopped": "order_review", "vomited": "vomited_review"}
LONGEST_AFTER = 24 * 60  # minutes between a dose and vomiting it
STOPS = ("gap_stops_dose", "no_order", "not_active", "on_hold")  # reasons of a stopped visit


@dataclass(frozen=True)
class NewVisit:
    """`reason`: the refusal's code where a rule stopped the dose; the last two are of a vomited dose."""

    patient_id: int
    site_id: int
    outcome: str
    reason: str | None = None
    observations: str | None = None
    day_dose_id: int | None = None
    minutes_after: int | None = None


def record_visit(
    session: AnySession, visit: NewVisit, *, by: int, actor: str, request_key: str, today: date, now: datetime
) -> None:
    """Record a visit without a dose ("withheld", "stopped", "refused") and open the tasks that follow from it.

    A repeat of `request_key` does nothing. Refuses not_at_this_station, and of "stopped" stop_is_over or what stops the
    dose instead: an order may have come, or a hold gone, while the stop stood on the screen.
    """
    with writing(session) as tx:
        lock_summary(tx, visit.patient_id)
        if visit.outcome == "stopped" and not _is_recorded(tx, request_key):
            _ensure_stopped(tx, visit, today)
        add_visit(tx, visit, by=by, actor=actor, request_key=request_key, today=today, now=now)


def record_vomiting(
    session: AnySession,
    patient_id: int,
    *,
    site_id: int,
    minutes_after: int | None,
    observations: str | None,
    by: int,
    actor: str,
    request_key: str,
    today: date,
    now: datetime,
) -> None:
    """Record that today's last dose did not stay down; only a doctor decides whether anything replaces it.

    `minutes_after`: whole minutes since the dose, 0 to LONGEST_AFTER. A repeat of `request_key`, or of the same dose,
    does nothing. Refuses minutes_unclear, nothing_to_vomit, not_at_this_station.
    """
    if minutes_after is None or not 0 <= minutes_after <= LONGEST_AFTER:
        raise Refusal("minutes_unclear", most=LONGEST_AFTER)
    with writing(session) as tx:
        lock_summary(tx, patient_id)
        dose_id = _last_dose(tx, patient_id, today)
        if dose_id is None:
            raise Refusal("nothing_to_vomit")
        vomited = select(StationVisit.id).where(StationVisit.day_dose_id == dose_id)
        if tx.execute(vomited).first() is None:
            visit = NewVisit(
                patient_id, site_id, "vomited", None, observations, day_dose_id=dose_id, minutes_after=minutes_after
            )
            add_visit(tx, visit, by=by, actor=actor, request_key=request_key, today=today, now=now)


def add_visit(
    tx: Session, visit: NewVisit, *, by: int, actor: str, request_key: str, today: date, now: datetime
) -> None:
    """`record_visit` inside the caller's transaction."""
    if _is_recorded(tx, request_key):
        return
    patient_id, facility_id = visit.patient_id, _facility_of(tx, visit.patient_id, visit.site_id)
    row = {
        "patient_id": patient_id,
        "site_id": visit.site_id,
        "visit_on": today,
        "outcome": visit.outcome,
        "reason": visit.reason,
        "day_dose_id": visit.day_dose_id,
        "minutes_after": visit.minutes_after,
        "observations": vault_of(tx).seal("station_visits.observations", request_key, visit.observations),
        "recorded_by_id": by,
        "recorded_at": now,
        "request_key": request_key,
    }
    tx.execute(insert(StationVisit).values(**row))
    follows = [(FOLLOW_UP, visit.site_id)]
    if visit.outcome in TASK_AFTER:
        follows.append((TASK_AFTER[visit.outcome], facility_id))
    for kind, list_of in follows:
        open_task(
            tx,
            side="treatment",
            kind=kind,
            patient_id=patient_id,
            site_id=list_of,
            due_on=today,
            dedupe_key=f"{kind}:{patient_id}:{today.isoformat()}",
            opened_by_id=by,
            at=now,
        )
    details = {"patient": patient_id, "outcome": visit.outcome, "reason": visit.reason, "on": today}
    audit.append(tx, audit.site_chain(visit.site_id), actor, "visit.recorded", f"patient:{patient_id}", details, now)


def _is_recorded(tx: Session, request_key: str) -> bool:
    return tx.execute(select(StationVisit.id).where(StationVisit.request_key == request_key)).first() is not None


def _ensure_stopped(tx: Session, visit: NewVisit, today: date) -> None:
    """Nobody is sent away by a stop that is over."""
    loaded = find_attendance(tx, visit.patient_id, visit.site_id, today)
    if loaded is None:
        raise Refusal("day_not_open", state=None)
    try:
        ensure_may_dose(loaded.attendance, list_bands(tx, today, visit.site_id))
    except Refusal as stop:
        if stop.code in STOPS:
            return
        raise
    raise Refusal("stop_is_over")


def _last_dose(tx: Session, patient_id: int, today: date) -> int | None:
    """Today's last dose that counts and replaces none."""
    counts = DayDose.part < FIRST_REPLACEMENT_PART, DoseVoid.id.is_(None)
    query = (
        select(DayDose.id)
        .outerjoin(DoseVoid, DoseVoid.day_dose_id == DayDose.id)
        .where(DayDose.patient_id == patient_id, DayDose.dose_on == today, *counts)
        .order_by(DayDose.recorded_at.desc(), DayDose.id.desc())
        .limit(1)
    )
    return tx.execute(query).scalar_one_or_none()


def _facility_of(tx: Session, patient_id: int, site_id: int) -> int:
    """The facility whose doctor decides about a patient of this station. Refuses not_at_this_station."""
    query = select(TreatmentFile.facility_id).where(
        TreatmentFile.patient_id == patient_id, TreatmentFile.station_id == site_id
    )
    facility_id = tx.execute(query).scalar_one_or_none()
    if facility_id is None:
        raise Refusal("not_at_this_station")
    return facility_id
