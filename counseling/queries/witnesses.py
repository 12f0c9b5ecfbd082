"""Doses that wait for their witness, within the reader's scope: of today, and of earlier days until somebody signs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from counseling.database import AnySession, vault_of
from counseling.models.doses import DayDose, DoseVoid
from counseling.models.patients import TreatmentFile
from counseling.models.people import Staff
from counseling.models.places import Site
from counseling.models.witnesses import DoseWitness, WitnessDuty
from counseling.permissions import RoleKind, Viewer
from counseling.scopes import treatment_files_visible_to

RECENT = timedelta(days=3)  # over a weekend: how far back the desks count; the page itself goes back to the beginning
_GIVER, _WITNESS, _SIGNED = aliased(Staff), aliased(Staff), aliased(DoseWitness)
# Spans of one station never overlap, so a dose lies within one at most. What is entered from paper is signed there.
WITHIN_A_DUTY = and_(
    WitnessDuty.site_id == DayDose.site_id,
    DayDose.dose_on >= WitnessDuty.since_on,
    DayDose.recorded_at >= WitnessDuty.since_at,
    or_(WitnessDuty.until_at.is_(None), DayDose.recorded_at < WitnessDuty.until_at),
    DayDose.source == "window",
)
_WAITS = (
    ~exists().where(DoseVoid.day_dose_id == DayDose.id),
    ~exists().where(_SIGNED.day_dose_id == DayDose.id),
)


@dataclass(frozen=True)
class WitnessLine:
    """One dose on the list. `witness` and `witnessed_at` stand where it is signed."""

    dose_id: int
    patient_id: int
    ref: str
    name: str
    birth_year: int
    dose_on: date
    mg_tenths: int
    given_at: datetime
    given_by_id: int
    given_by: str
    site: str
    witness: str | None = None
    witnessed_at: datetime | None = None


def list_unsigned(session: AnySession, viewer: Viewer) -> list[WitnessLine]:
    """Everything that waits at the reader's desk, their own doses too: the latest day first, then as it was given."""
    query = _lines().join(WitnessDuty, WITHIN_A_DUTY).where(*_WAITS, *_of_the_desk(viewer))
    return _opened(session, query)


def count_unsigned(session: AnySession, viewer: Viewer, since: date) -> int:
    """How many of these are of doses since a day."""
    query = (
        select(func.count(DayDose.id))
        .select_from(WitnessDuty)
        .join(DayDose, WITHIN_A_DUTY)
        .join(TreatmentFile, TreatmentFile.patient_id == DayDose.patient_id)
        .where(*_WAITS, *_of_the_desk(viewer), DayDose.dose_on >= since)
    )
    return int(session.execute(query).scalar_one())


def list_signed_since(session: AnySession, viewer: Viewer, since: datetime) -> list[WitnessLine]:
    """What somebody has signed since a moment, at the reader's desk."""
    query = _lines().where(*_of_the_desk(viewer), DoseWitness.witnessed_at >= since)
    return _opened(session, query)


def list_lines(session: AnySession, viewer: Viewer, dose_ids: Collection[int]) -> list[WitnessLine]:
    """These doses, as far as the reader may see them: to say by name what was not signed."""
    return _opened(session, _lines().where(*_of_the_desk(viewer), DayDose.id.in_(dose_ids)))


def _lines() -> Select[*tuple[Any, ...]]:
    return (
        select(
            DayDose.id,
            DayDose.patient_id,
            TreatmentFile.ref,
            TreatmentFile.full_name,
            TreatmentFile.birth_year,
            DayDose.dose_on,
            DayDose.mg_tenths,
            DayDose.recorded_at,
            DayDose.recorded_by_id,
            _GIVER.display_name.label("given_by"),
            Site.name.label("site"),
            _WITNESS.display_name.label("witness"),
            DoseWitness.witnessed_at,
        )
        .select_from(DayDose)
        .join(TreatmentFile, TreatmentFile.patient_id == DayDose.patient_id)
        .join(_GIVER, _GIVER.id == DayDose.recorded_by_id)
        .join(Site, Site.id == DayDose.site_id)
        .outerjoin(DoseWitness, DoseWitness.day_dose_id == DayDose.id)
        .outerjoin(_WITNESS, _WITNESS.id == DoseWitness.witness_id)
        .order_by(DayDose.dose_on.desc(), DayDose.recorded_at, DayDose.id)
    )


def _of_the_desk(viewer: Viewer) -> tuple[ColumnElement[bool], ...]:
    """A station signs for what was given at its own window, a doctor for all of the facility's people."""
    own = () if viewer.kind is RoleKind.DOCTOR else (DayDose.site_id == viewer.site_id,)
    return (treatment_files_visible_to(viewer), *own)


def _opened(session: AnySession, query: Select[*tuple[Any, ...]]) -> list[WitnessLine]:
    vault = vault_of(session)
    return [
        WitnessLine(
            dose_id=row.id,
            patient_id=row.patient_id,
            ref=row.ref,
            name=vault.open("treatment_files.full_name", row.ref, row.full_name) or "",
            birth_year=row.birth_year,
            dose_on=row.dose_on,
            mg_tenths=row.mg_tenths,
            given_at=row.recorded_at,
            given_by_id=row.recorded_by_id,
            given_by=row.given_by,
            site=row.site,
            witness=row.witness,
            witnessed_at=row.witnessed_at,
        )
        for row in session.execute(query)
    ]
