"""Holds stop the dose until they are lifted; alerts are read before a cup is poured. Both name who set them and why."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Row, exists, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.database import AnySession, vault_of, writing
from counseling.domain.holds import ensure_may_lift, ensure_words
from counseling.domain.refusal import Refusal
from counseling.models.patients import TreatmentFile
from counseling.models.window import HOLD_KINDS, AlertReading, PatientHold
from counseling.refs import new_ref
from counseling.services import audit
from counseling.services.adherence import lock_summary
from counseling.services.treatment_files import By


def set_hold(
    session: AnySession,
    patient_id: int,
    kind: str,
    words: str,
    *,
    by_doctor: bool,
    by: By,
    request_key: str,
    now: datetime,
) -> None:
    """Put a hold or an alert on somebody. A repeat of `request_key` does nothing.

    The patient is locked first: of a dose and a hold of the same second one comes first, and the dose knows it.
    Refuses hold_kind_unknown, hold_words_missing, hold_words_too_long.
    """
    if kind not in HOLD_KINDS:
        raise Refusal("hold_kind_unknown")
    plain, vault, ref = ensure_words(words), vault_of(session), new_ref()
    try:
        with writing(session) as tx:
            lock_summary(tx, patient_id)
            if tx.execute(select(exists().where(PatientHold.request_key == request_key))).scalar_one():
                return
            row = {
                "ref": ref, "patient_id": patient_id, "kind": kind, "by_doctor": by_doctor, "set_by_id": by.staff_id,
                "set_at": now, "request_key": request_key, "words": vault.seal("patient_holds.words", ref, plain),
            }  # fmt: skip
            hold_id = tx.execute(insert(PatientHold).values(**row).returning(PatientHold.id)).scalar_one()
            _note(tx, patient_id, hold_id, f"{kind}.set", by, now)
    except IntegrityError:
        if not session.execute(select(exists().where(PatientHold.request_key == request_key))).scalar_one():
            raise


def lift_hold(
    session: AnySession, patient_id: int, ref: str, words: str, *, is_doctor: bool, by: By, now: datetime
) -> bool:
    """End a hold or an alert, with why; False when it was ended before.

    Refuses hold_unknown, hold_of_a_doctor (what a doctor holds only a doctor lifts), hold_words_missing and
    hold_words_too_long.
    """
    plain, vault = ensure_words(words), vault_of(session)
    with writing(session) as tx:
        lock_summary(tx, patient_id)
        hold = _find(tx, patient_id, ref)
        if hold.lifted_at is not None:
            return False
        ensure_may_lift(hold.kind, by_doctor=hold.by_doctor, is_doctor=is_doctor)
        sealed = vault.seal("patient_holds.lifted_words", ref, plain)
        lifted = update(PatientHold).where(PatientHold.id == hold.id)
        tx.execute(lifted.values(lifted_at=now, lifted_by_id=by.staff_id, lifted_words=sealed))
        _note(tx, patient_id, hold.id, f"{hold.kind}.lifted", by, now)
        return True


def keep_alert(session: AnySession, patient_id: int, ref: str, *, by: By, today: date, now: datetime) -> None:
    """Say that an alert was read at the window today and stays. Twice on a day is once. Refuses hold_unknown."""
    with writing(session) as tx:
        lock_summary(tx, patient_id)
        hold = _find(tx, patient_id, ref)
        is_read = exists().where(AlertReading.hold_id == hold.id, AlertReading.read_on == today)
        if hold.lifted_at is not None or hold.kind != "alert" or tx.execute(select(is_read)).scalar_one():
            return
        row = {"hold_id": hold.id, "read_on": today, "read_by_id": by.staff_id, "read_at": now}
        tx.execute(insert(AlertReading).values(**row))
        _note(tx, patient_id, hold.id, "alert.read", by, now)


def _find(tx: Session, patient_id: int, ref: str) -> Row[int, str, bool, datetime | None]:
    columns = (PatientHold.id, PatientHold.kind, PatientHold.by_doctor, PatientHold.lifted_at)
    hold = tx.execute(select(*columns).where(PatientHold.ref == ref, PatientHold.patient_id == patient_id)).first()
    if hold is None:
        raise Refusal("hold_unknown")
    return hold


def _note(tx: Session, patient_id: int, hold_id: int, action: str, by: By, now: datetime) -> None:
    station = select(TreatmentFile.station_id).where(TreatmentFile.patient_id == patient_id)
    chain = audit.site_chain(tx.execute(station).scalar_one())
    audit.append(tx, chain, by.actor, action, f"patient:{patient_id}", {"hold": hold_id}, now)
