"""Doses that somebody calls a mistake: one dose and what became of it, and what waits for a second signature."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, select
from sqlalchemy.orm import aliased

from counseling.database import AnySession, vault_of
from counseling.domain.reversals import RecordedState
from counseling.models.doses import DayDose, DoseVoid, DoseVoidRequest, DoseVoidWithdrawal, StationVisit
from counseling.models.patients import TreatmentFile
from counseling.models.people import Staff
from counseling.models.places import Site
from counseling.permissions import RoleKind, Viewer
from counseling.scopes import treatment_files_visible_to

_RECORDER, _ASKER, _SIGNER = aliased(Staff), aliased(Staff), aliased(Staff)
_REPLACEMENT, _SIGNED = aliased(DayDose), aliased(DoseVoid)
# A request that is neither signed nor taken back; joined to the dose that it is about.
_STANDS = and_(
    DoseVoidRequest.day_dose_id == DayDose.id,
    ~exists().where(DoseVoidWithdrawal.request_id == DoseVoidRequest.id),
    ~exists().where(_SIGNED.request_id == DoseVoidRequest.id),
)


# Built once: the list of today asks for it every two seconds.
UNSIGNED = (
    select(DayDose.patient_id, DayDose.dose_on)
    .select_from(DoseVoidRequest)
    .join(DayDose, _STANDS)
    .join(TreatmentFile, TreatmentFile.patient_id == DayDose.patient_id)
    .where(DoseVoidRequest.site_id == bindparam("site_id"), TreatmentFile.station_id == bindparam("site_id"))
)


@dataclass(frozen=True)
class AskedReversal:
    """A request as people read it; `note` is what was written beside the reason."""

    id: int
    reason: str
    note: str | None
    asked_by_id: int
    asked_by: str
    asked_at: datetime
    signed_by: str | None = None
    signed_at: datetime | None = None


@dataclass(frozen=True)
class DoseFacts:
    """One dose, what happened to it since, and the request that waits or was signed."""

    id: int
    site_id: int
    site: str
    dose_on: date
    part: int
    mg_tenths: int
    source: str
    recorded_by: str
    recorded_at: datetime
    state: RecordedState
    request: AskedReversal | None


@dataclass(frozen=True)
class WaitingReversal:
    """One line of the list of those who wait for a second signature."""

    patient_id: int
    ref: str
    full_name: str
    birth_year: int
    dose_id: int
    dose_on: date
    mg_tenths: int
    reason: str
    asked_by_id: int
    asked_by: str
    asked_at: datetime


def find_state(reader: Any, dose_id: int) -> RecordedState:
    """What has happened to a dose; inside a transaction that has locked the patient it stays true."""
    vomited = exists().where(StationVisit.day_dose_id == DayDose.id, StationVisit.outcome == "vomited")
    replaced = exists().where(
        _REPLACEMENT.replaces_id == DayDose.id, ~exists().where(DoseVoid.day_dose_id == _REPLACEMENT.id)
    )
    row = reader.execute(
        select(DoseVoid.id.label("void_id"), DoseVoidRequest.id.label("waiting_id"), vomited, replaced)
        .select_from(DayDose)
        .outerjoin(DoseVoid, DoseVoid.day_dose_id == DayDose.id)
        .outerjoin(DoseVoidRequest, _STANDS)
        .where(DayDose.id == dose_id)
    ).one()
    return RecordedState(row.void_id is not None, row.waiting_id, *row[2:])


def find_dose(session: AnySession, patient_id: int, dose_id: int) -> DoseFacts | None:
    """One dose of one person, or None. The caller has checked the scope of the person."""
    row = session.execute(
        select(DayDose, Site.name.label("site"), _RECORDER.display_name.label("recorded_by"))
        .join(Site, Site.id == DayDose.site_id)
        .join(_RECORDER, _RECORDER.id == DayDose.recorded_by_id)
        .where(DayDose.id == dose_id, DayDose.patient_id == patient_id)
    ).first()
    if row is None:
        return None
    dose = row.DayDose
    return DoseFacts(
        id=dose.id,
        site_id=dose.site_id,
        site=row.site,
        dose_on=dose.dose_on,
        part=dose.part,
        mg_tenths=dose.mg_tenths,
        source=dose.source,
        recorded_by=row.recorded_by,
        recorded_at=dose.recorded_at,
        state=find_state(session, dose_id),
        request=_find_request(session, dose_id),
    )


def waiting_doses(session: AnySession, patient_ids: Collection[int]) -> set[int]:
    """Which doses of these people wait for a second signature, by the dose's id."""
    query = (
        select(DayDose.id)
        .select_from(DayDose)
        .join(DoseVoidRequest, _STANDS)
        .where(DayDose.patient_id.in_(patient_ids))
    )
    return set(session.execute(query).scalars())


@dataclass(frozen=True)
class RecordedToday:
    """A dose of one day as the window shows it below the button."""

    id: int
    mg_tenths: int
    recorded_at: datetime
    waits: bool
    is_reversed: bool


def list_of_the_day(session: AnySession, patient_id: int, day: date) -> list[RecordedToday]:
    """All doses of one person on one day, over all stations, reversed ones too, the oldest first."""
    rows = session.execute(
        select(DayDose.id, DayDose.mg_tenths, DayDose.recorded_at, DoseVoidRequest.id, DoseVoid.id)
        .select_from(DayDose)
        .outerjoin(DoseVoidRequest, _STANDS)
        .outerjoin(DoseVoid, DoseVoid.day_dose_id == DayDose.id)
        .where(DayDose.patient_id == patient_id, DayDose.dose_on == day)
        .order_by(DayDose.id)
    )
    return [RecordedToday(*row[:3], row[3] is not None, row[4] is not None) for row in rows]


def list_waiting(session: AnySession, viewer: Viewer) -> list[WaitingReversal]:
    """Everything that the reader's desk could sign, the oldest first; their own requests stand there too."""
    vault = vault_of(session)
    rows = session.execute(_waiting(viewer).order_by(DoseVoidRequest.id)).all()
    return [
        WaitingReversal(
            patient_id=row.patient_id,
            ref=row.ref,
            full_name=vault.open("treatment_files.full_name", row.ref, row.full_name) or "",
            birth_year=row.birth_year,
            dose_id=row.dose_id,
            dose_on=row.dose_on,
            mg_tenths=row.mg_tenths,
            reason=row.reason,
            asked_by_id=row.requested_by_id,
            asked_by=row.asked_by,
            asked_at=row.requested_at,
        )
        for row in rows
    ]


def count_waiting(session: AnySession, viewer: Viewer) -> int:
    """How many lines `list_waiting` has."""
    query = select(func.count()).select_from(_waiting(viewer).subquery())
    return int(session.execute(query).scalar_one())


def _waiting(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    return (
        select(
            TreatmentFile.patient_id,
            TreatmentFile.ref,
            TreatmentFile.full_name,
            TreatmentFile.birth_year,
            DayDose.id.label("dose_id"),
            DayDose.dose_on,
            DayDose.mg_tenths,
            DoseVoidRequest.reason,
            DoseVoidRequest.requested_by_id,
            DoseVoidRequest.requested_at,
            _ASKER.display_name.label("asked_by"),
        )
        .select_from(DoseVoidRequest)
        .join(DayDose, _STANDS)
        .join(TreatmentFile, TreatmentFile.patient_id == DayDose.patient_id)
        .join(_ASKER, _ASKER.id == DoseVoidRequest.requested_by_id)
        .where(treatment_files_visible_to(viewer), _of_the_desk(viewer))
    )


def _of_the_desk(viewer: Viewer) -> ColumnElement[bool]:
    """A station signs for what was recorded at its own window, a doctor for all of the facility's people."""
    mine: ColumnElement[bool] = DayDose.site_id == viewer.site_id
    return DayDose.id.is_not(None) if viewer.kind is RoleKind.DOCTOR else mine


def _find_request(session: AnySession, dose_id: int) -> AskedReversal | None:
    """The request that waits or was signed; one that was taken back is history."""
    row: Any = session.execute(
        select(
            DoseVoidRequest,
            _ASKER.display_name.label("asked_by"),
            _SIGNER.display_name.label("signed_by"),
            DoseVoid.confirmed_at,
        )
        .join(_ASKER, _ASKER.id == DoseVoidRequest.requested_by_id)
        .outerjoin(DoseVoid, DoseVoid.request_id == DoseVoidRequest.id)
        .outerjoin(_SIGNER, _SIGNER.id == DoseVoid.confirmed_by_id)
        .where(
            DoseVoidRequest.day_dose_id == dose_id,
            ~exists().where(DoseVoidWithdrawal.request_id == DoseVoidRequest.id),
        )
    ).first()
    if row is None:
        return None
    asked = row.DoseVoidRequest
    return AskedReversal(
        id=asked.id,
        reason=asked.reason,
        note=vault_of(session).open("dose_void_requests.note", asked.request_key, asked.note),
        asked_by_id=asked.requested_by_id,
        asked_by=row.asked_by,
        asked_at=asked.requested_at,
        signed_by=row.signed_by,
        signed_at=row.confirmed_at,
    )
