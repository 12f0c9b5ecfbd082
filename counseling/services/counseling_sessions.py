"""Writing down a talk with a counselor. Whoever gives no name stays nobody: no patient, only the sex is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.database import AnySession, vault_of, writing
from counseling.domain.sessions import ensure_held_on, ensure_minutes, topics_text
from counseling.models.counseling import CounselingSession
from counseling.refs import new_ref
from counseling.services import audit
from counseling.services.aftercare import note_check_in
from counseling.services.appointments import keep_appointment_of_day
from counseling.services.contact_summary import summarise_contacts
from counseling.services.support_files import lock_of_point
from counseling.services.treatment_files import By


@dataclass(frozen=True, kw_only=True)
class SessionDetails:
    """What the counselor writes down. `sex` is kept of an anonymous person only; `agreed` is sealed."""

    kind: str
    form: str
    minutes: int
    held_on: date
    topics: tuple[str, ...] = ()
    agreed: str | None = None
    sex: str = "unknown"


def log_session(
    session: AnySession,
    details: SessionDetails,
    *,
    site_id: int,
    patient_id: int | None,
    by: By,
    request_key: str,
    today: date,
    now: datetime,
    zone: ZoneInfo,
) -> str:
    """Record a session and give its ref; a repeated `request_key` gives the first one's. `patient_id` None: anonymous.

    Of a known person it is a contact: in the same transaction the file's last contact and the next check-in move on,
    and an appointment of that day is kept. Refuses session_in_future, session_too_old, minutes_out_of_range,
    topic_unknown and not_at_this_point.
    """
    ensure_held_on(details.held_on, today)
    ensure_minutes(details.minutes)
    ref = new_ref()
    row = {
        "ref": ref,
        "site_id": site_id,
        "patient_id": patient_id,
        "sex": details.sex if patient_id is None else "unknown",
        "kind": details.kind,
        "form": details.form,
        "topics": topics_text(details.topics),
        "minutes": details.minutes,
        "agreed": vault_of(session).seal("counseling_sessions.agreed", ref, details.agreed or None),
        "held_on": details.held_on,
        "counselor_id": by.staff_id,
        "recorded_at": now,
        "request_key": request_key,
    }
    try:
        with writing(session) as tx:
            if patient_id is not None:  # supported still or not: whoever comes back is talked with first
                lock_of_point(tx, patient_id, site_id)
            first = _find_logged(tx, request_key)
            if first is not None:
                return first
            made = tx.execute(insert(CounselingSession).values(**row).returning(CounselingSession.id)).scalar_one()
            kept = None
            if patient_id is not None:
                summarise_contacts(tx, patient_id)
                note_check_in(tx, patient_id, details.held_on)
                kept = keep_appointment_of_day(tx, patient_id, site_id, details.held_on, by=by, now=now, zone=zone)
            _note(tx, row, made, kept, by, now)
            return ref
    except IntegrityError:
        first = _find_logged(session, request_key)
        if first is None:
            raise
        return first


def _find_logged(session: AnySession, request_key: str) -> str | None:
    query = select(CounselingSession.ref).where(CounselingSession.request_key == request_key)
    return session.execute(query).scalar_one_or_none()


def _note(tx: Session, row: dict[str, object], made: int, kept: int | None, by: By, now: datetime) -> None:
    details = {"session": made, "kind": row["kind"], "on": row["held_on"], "appointment": kept}
    subject = f"session:{made}" if row["patient_id"] is None else f"patient:{row['patient_id']}"
    chain = audit.site_chain(int(str(row["site_id"])))
    audit.append(tx, chain, by.actor, "session.logged", subject, details, now)
