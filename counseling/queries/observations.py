"""Who is being observed at a station after the first dose of an induction order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import aliased

from counseling.database import AnySession, Reader, vault_of
from counseling.domain.first_dose import Look, Seen, is_over, minutes_left
from counseling.domain.order_limits import LimitName, values_of
from counseling.models.doses import FIRST_REPLACEMENT_PART, DayDose, DoseVoid
from counseling.models.observations import DoseObservation
from counseling.models.orders import DoseOrder
from counseling.models.patients import TreatmentFile
from counseling.queries.bands import list_limits

_EARLIER = aliased(DayDose)
_EARLIER_VOID = aliased(DoseVoid)


@dataclass(frozen=True)
class Observed:
    """Somebody who drank the first dose of an induction order today. `minutes_left` 0: it is time to look."""

    patient_id: int
    ref: str
    name: str
    birth_year: int
    dose_id: int
    mg_tenths: int
    given_at: datetime
    minutes_left: int
    looks: tuple[Look, ...]
    is_over: bool


def observation_hours(reader: Reader, day: date, site_id: int) -> int:
    """How many hours at least somebody is observed at this site."""
    return values_of(list_limits(reader, day, site_id))[LimitName.OBSERVATION_HOURS] or 0


def asks_for_observation(reader: Reader, order_id: int, day: date) -> bool:
    """Whether a dose of the day by this order begins, or belongs to, the first day of an induction order."""
    induction = select(DoseOrder.id).where(DoseOrder.id == order_id, DoseOrder.phase == "induction")
    return reader.execute(induction.where(~_dosed_before(DoseOrder.id, day))).first() is not None


def list_observed(session: AnySession, site_id: int, day: date, now: datetime) -> list[Observed]:
    """Everybody of the day at a site, those who still have to be looked at first, the longest waiting before others."""
    found = session.connection().execute(FIRST_DOSES, {"day": day, "site_id": site_id}).all()
    if not found:
        return []  # nearly every day: the list of today asks for no more
    hours, vault = observation_hours(session, day, site_id), vault_of(session)
    latest: dict[int, Any] = {row.patient_id: row for row in found}  # of a split first day the last part counts
    looks = _looks(session, [row.dose_id for row in latest.values()])
    observed = [
        Observed(
            patient_id=row.patient_id,
            ref=row.ref,
            name=vault.open("treatment_files.full_name", row.ref, row.full_name) or "",
            birth_year=row.birth_year,
            dose_id=row.dose_id,
            mg_tenths=row.mg_tenths,
            given_at=row.recorded_at,
            minutes_left=minutes_left(row.recorded_at, hours, now),
            looks=tuple(looks.get(row.dose_id, ())),
            is_over=is_over(row.recorded_at, hours, looks.get(row.dose_id, ())),
        )
        for row in latest.values()
    ]
    return sorted(observed, key=lambda one: (one.is_over, one.given_at))


def count_observed(session: AnySession, site_id: int, day: date, now: datetime) -> int:
    """How many still have to be looked at."""
    return sum(not one.is_over for one in list_observed(session, site_id, day, now))


def find_first_dose(reader: Reader, patient_id: int, site_id: int, day: date) -> Any:
    """The dose after which a person is observed here today, or None."""
    query = FIRST_DOSES.where(DayDose.patient_id == patient_id)
    rows = reader.execute(query, {"day": day, "site_id": site_id}).all()
    return rows[-1] if rows else None


def _dosed_before(order_id: Any, day: Any) -> Any:
    """Whether a dose of this order that counts was drunk on an earlier day."""
    return exists(
        select(_EARLIER.id)
        .outerjoin(_EARLIER_VOID, _EARLIER_VOID.day_dose_id == _EARLIER.id)
        .where(_EARLIER.order_id == order_id, _EARLIER.dose_on < day, _EARLIER_VOID.id.is_(None))
        .correlate_except(_EARLIER, _EARLIER_VOID)
    )


def _looks(session: AnySession, dose_ids: list[int]) -> dict[int, list[Look]]:
    query = select(DoseObservation.day_dose_id, DoseObservation.state, DoseObservation.recorded_at)
    looks: dict[int, list[Look]] = {}
    for dose_id, state, at in session.execute(
        query.where(DoseObservation.day_dose_id.in_(dose_ids)).order_by(DoseObservation.id)
    ):
        looks.setdefault(dose_id, []).append(Look(Seen(state), at))
    return looks


# Built once: the page of today asks for it.
FIRST_DOSES = (
    select(
        DayDose.id.label("dose_id"),
        DayDose.patient_id,
        DayDose.mg_tenths,
        DayDose.recorded_at,
        TreatmentFile.ref,
        TreatmentFile.full_name,
        TreatmentFile.birth_year,
    )
    .join(DoseOrder, DoseOrder.id == DayDose.order_id)
    .join(TreatmentFile, TreatmentFile.patient_id == DayDose.patient_id)
    .outerjoin(DoseVoid, DoseVoid.day_dose_id == DayDose.id)
    .where(
        DayDose.dose_on == bindparam("day"),
        DayDose.site_id == bindparam("site_id"),
        DayDose.part < FIRST_REPLACEMENT_PART,
        DoseVoid.id.is_(None),
        DoseOrder.phase == "induction",
        ~_dosed_before(DayDose.order_id, bindparam("day")),
    )
    .order_by(DayDose.recorded_at, DayDose.id)
)
