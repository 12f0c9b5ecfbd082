"""One dose that a paper tells of and that the sheet leaves out: entered as what it is, and shown to the doctor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.late_entry import OF_THE_ORDER, ensure_enterable, part_drunk, why_not
from counseling.domain.refusal import Refusal
from counseling.domain.sending_hours import instant
from counseling.models.doses import DoseIncident
from counseling.queries.bands import list_bands
from counseling.queries.paper_days import PaperRow, find_paper_day
from counseling.services import adherence, audit
from counseling.services.late_entries import Late, Paper, enter_doses, entered_before, name_paper
from counseling.services.tasks import open_task

REVIEW = "paper_dose_review"


@dataclass(frozen=True)
class PaperDose:
    """Where the dose stands: in the ledger, or beside it as an incident. `reason`: the rule that it went against."""

    is_in_ledger: bool
    reason: str | None


def enter_paper_dose(
    session: AnySession,
    *,
    patient_id: int,
    mg_tenths: int,
    site_id: int,
    day: date,
    paper: Paper,
    by: int,
    actor: str,
    request_key: str,
    today: date,
    now: datetime,
    zone: ZoneInfo,
) -> PaperDose:
    """Keep one dose that was drunk, whatever the rules say of it. A repeat of `request_key` gives the first result.

    The order's amount, also where missed days would have stopped it, stands in the ledger and covers the day; what no
    order allowed, a second dose and another amount become a `DoseIncident`. Whatever went against a rule opens a
    doctor's task of today. Refusals: late_entry_in_future, late_entry_too_old, before_registration, paper_missing,
    writer_missing, not_at_this_station, request_key_taken.
    """
    ensure_enterable(day, today)
    named = name_paper(session, paper)
    with writing(session) as tx:
        adherence.lock_summary(tx, patient_id)
        earlier = _kept_before(tx, request_key, patient_id, site_id)
        if earlier is not None:
            return earlier
        row = find_paper_day(tx, site_id, patient_id, day, zone)
        if row is None:
            raise Refusal("not_at_this_station")
        code = why_not(row.facts, list_bands(tx, day, site_id))
        if code == "before_registration":
            raise Refusal(code)
        part = part_drunk(row.facts, mg_tenths, code)
        if part is None and code in OF_THE_ORDER:
            code = "other_amount"
        if code is not None:
            _tell_the_doctor(tx, row, by, today, day, now)
        if part is None:
            # A paper of another day tells no hour: the day's first moment stands for "that day".
            given_at = now if day == today else instant(day, time(0), zone)
            values = {"mg_tenths": mg_tenths, "site_id": site_id, "reason": code, "paper": named, "given_at": given_at}
            values |= {"recorded_by_id": by, "recorded_at": now, "request_key": request_key}
            _keep_beside(tx, row, values, actor)
        else:
            order_id = row.facts.order.id if row.facts.order else 0
            late = Late(row, order_id, part, mg_tenths, row.facts.gap)
            entry: dict[str, Any] = {"not_given": 0, "left_out": 0, "writer_id": paper.writer_id, "recorded_by_id": by}
            entry |= {"recorded_at": now, "request_key": request_key}
            enter_doses(tx, [late], entry, site_id=site_id, day=day, paper=named, actor=actor)
        return PaperDose(part is not None, code)


def _kept_before(tx: Session, request_key: str, patient_id: int, site_id: int) -> PaperDose | None:
    query = select(DoseIncident.patient_id, DoseIncident.reason).where(DoseIncident.request_key == request_key)
    incident = tx.execute(query).first()
    if incident is not None:
        if incident.patient_id != patient_id:
            raise Refusal("request_key_taken")
        return PaperDose(False, incident.reason)
    return None if entered_before(tx, request_key, site_id) is None else PaperDose(True, None)


def _keep_beside(tx: Session, row: PaperRow, values: dict[str, Any], actor: str) -> None:
    day = row.facts.day
    parts = [part for part, _ in row.facts.missing_parts()] or sorted(row.facts.given) or [1]
    what = {"patient_id": row.patient_id, "dose_on": day, "part": parts[0]}
    collided = row.live_dose(parts[0])
    added = insert(DoseIncident).values(**values, **what, collided_with_id=collided)
    incident_id = tx.execute(added.returning(DoseIncident.id)).scalar_one()
    details = {"patient": row.patient_id, "mg_tenths": values["mg_tenths"], "reason": values["reason"], "on": day}
    details |= {"collided_with": collided}
    chain, subject = audit.site_chain(values["site_id"]), f"incident:{incident_id}"
    audit.append(tx, chain, actor, "dose.kept_beside", subject, details, values["recorded_at"])


def _tell_the_doctor(tx: Session, row: PaperRow, by: int, today: date, day: date, now: datetime) -> None:
    open_task(
        tx,
        side="treatment",
        kind=REVIEW,
        patient_id=row.patient_id,
        site_id=row.facility_id,
        due_on=today,
        # Entered again on a later day is another matter for the doctor.
        dedupe_key=f"{REVIEW}:{row.patient_id}:{day.isoformat()}:{today.isoformat()}",
        opened_by_id=by,
        at=now,
    )
