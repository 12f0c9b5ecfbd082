"""Somebody signs that they saw doses given: several with one button, at the window or from a phone of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, insert, select
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.domain.witnessing import Unsigned, WitnessedDose, why_not
from counseling.models.doses import AdherenceSummary, DayDose, DoseVoid
from counseling.models.patients import TreatmentFile
from counseling.models.people import Staff, StaffRole
from counseling.models.witnesses import DoseWitness, WitnessDuty
from counseling.queries.witnesses import WITHIN_A_DUTY
from counseling.services import audit


@dataclass(frozen=True)
class Witnessed:
    """What became of a form: ids of the doses that bear this person's signature, and of the others why not."""

    signed: tuple[int, ...]
    left: Mapping[int, Unsigned]


def sign_doses(
    session: AnySession,
    dose_ids: Collection[int],
    *,
    by: int,
    session_id: int | None,
    actor: str,
    request_key: str,
    now: datetime,
) -> Witnessed:
    """Sign those of the doses that may be signed, in one commit; the others are named with their reason.

    A repeat of `request_key` signs nothing more and gives the same answer. Refuses nothing_ticked, request_key_taken.
    """
    if not dose_ids:
        raise Refusal("nothing_ticked")
    with writing(session) as tx:
        _lock_patients(tx, dose_ids)
        earlier = _signed_before(tx, request_key, by)
        doses = _read(tx, dose_ids)
        places = _places_of(tx, by)
        left = dict.fromkeys(set(dose_ids) - doses.keys(), Unsigned.NOT_OF_THE_TEAM)
        signed, new = list[int](), list[Any]()
        for dose_id, row in doses.items():
            reason = why_not(_facts(row), by, is_of_the_team=_is_of_the_team(row, places))
            if reason is not None:
                left[dose_id] = reason
            elif row.witness_id is None and earlier:
                continue  # ticked in a form that was sent before without it
            else:
                signed.append(dose_id)
                if row.witness_id is None:
                    new.append(row)
        shared = {"witness_id": by, "session_id": session_id, "witnessed_at": now, "request_key": request_key}
        if new:
            tx.execute(insert(DoseWitness), [{"day_dose_id": row.id, **shared} for row in new])
            _note(tx, new, by, actor, now)
        return Witnessed(tuple(signed), left)


def _lock_patients(tx: Session, dose_ids: Collection[int]) -> None:
    """Whoever reverses one of these doses waits, or we do. Lowest first: two of us never wait for each other."""
    people = select(DayDose.patient_id).where(DayDose.id.in_(dose_ids))
    query = select(AdherenceSummary.patient_id).where(AdherenceSummary.patient_id.in_(people))
    tx.execute(query.order_by(AdherenceSummary.patient_id).with_for_update()).all()


def _signed_before(tx: Session, request_key: str, by: int) -> bool:
    query = select(DoseWitness.witness_id).where(DoseWitness.request_key == request_key).limit(1)
    witness = tx.execute(query).scalar_one_or_none()
    if witness is not None and witness != by:
        raise Refusal("request_key_taken")
    return witness is not None


def _read(tx: Session, dose_ids: Collection[int]) -> dict[int, Any]:
    rows = tx.execute(
        select(
            DayDose.id,
            DayDose.site_id,
            DayDose.recorded_by_id,
            TreatmentFile.facility_id,
            TreatmentFile.station_id,
            DoseVoid.id.label("void_id"),
            DoseWitness.witness_id,
            exists(select(WitnessDuty.id).where(WITHIN_A_DUTY).correlate(DayDose)).label("is_asked_for"),
        )
        .select_from(DayDose)
        .join(TreatmentFile, TreatmentFile.patient_id == DayDose.patient_id)
        .outerjoin(DoseVoid, DoseVoid.day_dose_id == DayDose.id)
        .outerjoin(DoseWitness, DoseWitness.day_dose_id == DayDose.id)
        .where(DayDose.id.in_(dose_ids))
        .order_by(DayDose.id)
    )
    return {row.id: row for row in rows}


def _facts(row: Any) -> WitnessedDose:
    return WitnessedDose(bool(row.is_asked_for), row.recorded_by_id, row.void_id is not None, row.witness_id)


def _places_of(tx: Session, staff_id: int) -> set[tuple[str, int | None]]:
    """Where this person works now, and as what."""
    query = (
        select(StaffRole.kind, StaffRole.site_id)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .where(Staff.id == staff_id, Staff.disabled_at.is_(None), StaffRole.ended_at.is_(None))
    )
    return {(kind, site_id) for kind, site_id in tx.execute(query)}


def _is_of_the_team(row: Any, places: set[tuple[str, int | None]]) -> bool:
    """Somebody of the window where the dose was given, or a doctor of the person's facility or station."""
    theirs = {("dispenser", row.site_id), ("doctor", row.facility_id), ("doctor", row.station_id)}
    return bool(theirs & places)


def _note(tx: Session, rows: Sequence[Any], by: int, actor: str, now: datetime) -> None:
    """One entry for each station, however many doses: the heads of chains are the last locks, lowest first."""
    doses: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        doses[row.site_id].append(row.id)
    for site_id, ids in sorted(doses.items()):
        details = {"doses": ids, "witness": by}
        audit.append(tx, audit.site_chain(site_id), actor, "dose.witnessed", f"site:{site_id}", details, now)
