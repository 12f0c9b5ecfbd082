"""Appointments at a counseling point. Whoever changes one takes its planned reminders with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.clock import station_day
from counseling.database import AnySession, writing
from counseling.domain.appointments import (
    bounds_of,
    ensure_ahead,
    ensure_has_come,
    ensure_may_become,
    ensure_may_move,
    is_open_at,
)
from counseling.domain.refusal import Refusal
from counseling.domain.unsent import Unsent
from counseling.models.counseling import Appointment
from counseling.models.texts import Reminder
from counseling.queries.opening_hours import hours_on
from counseling.refs import new_ref
from counseling.services import audit
from counseling.services.support_files import ensure_supported, lock_of_point
from counseling.services.text_cancelling import cancel_unsent
from counseling.services.treatment_files import By, note_change


@dataclass(frozen=True)
class _Locked:
    """An appointment as it stands, locked until the transaction ends."""

    id: int
    patient_id: int
    site_id: int
    starts_at: datetime
    state: str


def book_appointment(
    session: AnySession,
    *,
    patient_id: int,
    site_id: int,
    starts_at: datetime,
    outside_hours: bool,
    by: By,
    request_key: str,
    now: datetime,
    zone: ZoneInfo,
) -> str:
    """Book somebody of this point for a day and time; gives the appointment's ref, the first one for a repeated key.

    Refuses not_at_this_point, support_ended, appointment_in_past, appointment_too_late, appointment_same_day (a person
    is booked once a day) and, unless `outside_hours` confirms it, outside_opening_hours with the day's hours.
    """
    try:
        with writing(session) as tx:
            status = lock_of_point(tx, patient_id, site_id)
            first = _find_booked(tx, request_key)
            if first is not None:
                return first
            ensure_supported(status)
            _ensure_free(tx, patient_id, site_id, starts_at, outside_hours, now, zone)
            ref = new_ref()
            row = {"ref": ref, "site_id": site_id, "patient_id": patient_id, "starts_at": starts_at, "booked_at": now}
            who = {"booked_by_id": by.staff_id, "request_key": request_key}
            made = tx.execute(insert(Appointment).values(**row, **who).returning(Appointment.id)).scalar_one()
            details = {"appointment": made, "at": audit.stamp(starts_at)}
            note_change(tx, site_id, by, "appointment.booked", patient_id, details, now)
            return ref
    except IntegrityError:
        first = _find_booked(session, request_key)
        if first is None:
            raise
        return first


def move_appointment(
    session: AnySession,
    appointment_id: int,
    *,
    site_id: int,
    starts_at: datetime,
    outside_hours: bool,
    by: By,
    now: datetime,
    zone: ZoneInfo,
) -> None:
    """Give a booked appointment another day or time. Its reminders are cancelled; new ones are planned from the row.

    Refuses as booking does (not_at_this_point: also an appointment of another one), appointment_is_settled and
    appointment_has_passed.
    """
    with writing(session) as tx:
        found = _lock_appointment(tx, appointment_id, site_id)
        if found.state != "booked":
            raise Refusal("appointment_is_settled", state=found.state)
        if found.starts_at == starts_at:
            return
        ensure_may_move(station_day(found.starts_at, zone), station_day(now, zone))
        _ensure_free(tx, found.patient_id, site_id, starts_at, outside_hours, now, zone, but=appointment_id)
        _change(tx, appointment_id, by, now, starts_at=starts_at)
        cancel_unsent(tx, Reminder.appointment_id == appointment_id, Unsent.APPOINTMENT_MOVED, now)
        # What went out, or was taken out, was about the old day: it stands for this appointment no more, or no other
        # would be planned.
        of_old_day = Reminder.appointment_id == appointment_id, Reminder.state.in_(("queued", "cancelled"))
        tx.execute(update(Reminder).where(*of_old_day).values(state="cancelled", reason=Unsent.APPOINTMENT_MOVED))
        details = {"appointment": appointment_id, "from": audit.stamp(found.starts_at), "at": audit.stamp(starts_at)}
        note_change(tx, site_id, by, "appointment.moved", found.patient_id, details, now)


def cancel_appointment(session: AnySession, appointment_id: int, *, site_id: int, by: By, now: datetime) -> None:
    """Call a booked appointment off, and its reminders with it; again does nothing. Refuses appointment_is_settled."""
    with writing(session) as tx:
        found = _lock_appointment(tx, appointment_id, site_id)
        if found.state == "cancelled":
            return
        ensure_may_become(found.state, "cancelled")
        _settle(tx, found, "cancelled", by, now)


def cancel_booked(tx: Session, patient_id: int, site_id: int, *, by: By, now: datetime) -> None:
    """Call off whatever is still booked with somebody, inside the caller's transaction, who holds the file."""
    own = Appointment.patient_id == patient_id, Appointment.site_id == site_id, Appointment.state == "booked"
    booked = select(Appointment.id, Appointment.starts_at).where(*own).order_by(Appointment.id).with_for_update()
    for row in tx.execute(booked).all():
        _settle(tx, _Locked(row.id, patient_id, site_id, row.starts_at, "booked"), "cancelled", by, now)


def record_outcome(
    session: AnySession, appointment_id: int, state: str, *, site_id: int, by: By, now: datetime, zone: ZoneInfo
) -> None:
    """Say that somebody came ("kept") or did not ("missed"); either corrects the other. Again does nothing.

    Refuses appointment_is_settled and appointment_not_yet.
    """
    with writing(session) as tx:
        found = _lock_appointment(tx, appointment_id, site_id)
        if found.state == state:
            return
        ensure_may_become(found.state, state)
        on, today = station_day(found.starts_at, zone), station_day(now, zone)
        ensure_has_come(state, on, found.starts_at, today, now)
        _settle(tx, found, state, by, now)


def keep_appointment_of_day(
    tx: Session, patient_id: int, site_id: int, day: date, *, by: By, now: datetime, zone: ZoneInfo
) -> int | None:
    """Who has had a session on a day has kept that day's appointment; gives its id. The file is locked already."""
    since, until = bounds_of(day, zone)
    query = select(Appointment.id).where(
        Appointment.patient_id == patient_id,
        Appointment.site_id == site_id,
        Appointment.state == "booked",
        Appointment.starts_at >= since,
        Appointment.starts_at < until,
    )
    appointment_id = tx.execute(query.with_for_update()).scalar()
    if appointment_id is not None:
        _change(tx, appointment_id, by, now, state="kept")
        cancel_unsent(tx, Reminder.appointment_id == appointment_id, Unsent.APPOINTMENT_KEPT, now)
    return appointment_id


def _find_booked(session: AnySession, request_key: str) -> str | None:
    return session.execute(select(Appointment.ref).where(Appointment.request_key == request_key)).scalar_one_or_none()


def _lock_appointment(tx: Session, appointment_id: int, site_id: int) -> _Locked:
    """The person first, then the appointment: booking another for the same day waits for the same lock."""
    own = Appointment.id == appointment_id, Appointment.site_id == site_id
    patient_id = tx.execute(select(Appointment.patient_id).where(*own)).scalar()
    if patient_id is None:
        raise Refusal("not_at_this_point")
    lock_of_point(tx, patient_id, site_id)
    row = tx.execute(select(Appointment.starts_at, Appointment.state).where(*own).with_for_update()).one()
    return _Locked(appointment_id, patient_id, site_id, row.starts_at, row.state)


def _ensure_free(
    tx: Session,
    patient_id: int,
    site_id: int,
    starts_at: datetime,
    outside_hours: bool,
    now: datetime,
    zone: ZoneInfo,
    but: int | None = None,
) -> None:
    """Refuse a moment at which this person cannot be booked; `but`: the appointment that is being moved."""
    ensure_ahead(starts_at, now)
    local = starts_at.astimezone(zone)
    since, until = bounds_of(local.date(), zone)
    query = select(Appointment.id, Appointment.starts_at).where(
        Appointment.patient_id == patient_id,
        Appointment.state == "booked",
        Appointment.starts_at >= since,
        Appointment.starts_at < until,
    )
    for booked_id, at in tx.execute(query):
        if booked_id != but:
            raise Refusal("appointment_same_day", at=at)
    spans = hours_on(tx, site_id, [local.date()])[local.date()]
    if spans is not None and not outside_hours and not is_open_at(local.time(), spans):
        raise Refusal("outside_opening_hours", spans=spans, on=local.date())


def _settle(tx: Session, found: _Locked, state: str, by: By, now: datetime) -> None:
    _change(tx, found.id, by, now, state=state)
    cancel_unsent(tx, Reminder.appointment_id == found.id, Unsent(f"appointment_{state}"), now)
    note_change(tx, found.site_id, by, f"appointment.{state}", found.patient_id, {"appointment": found.id}, now)


def _change(tx: Session, appointment_id: int, by: By, now: datetime, **values: object) -> None:
    changed = {**values, "changed_at": now, "changed_by_id": by.staff_id}
    tx.execute(update(Appointment).where(Appointment.id == appointment_id).values(**changed))
