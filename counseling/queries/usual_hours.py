"""People's usual hours, as the list of a station needs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

from sqlalchemy import bindparam, select

from counseling.database import AnySession
from counseling.domain.usual_hours import MINUTES_OF_A_DAY
from counseling.models.patients import TreatmentFile
from counseling.models.usual_hours import UsualHour


class Coded(Protocol):
    @property
    def patient_id(self) -> int: ...

    @property
    def register_code(self) -> str: ...


R = TypeVar("R", bound=Coded)

# Built once, of Core tables: it is part of a list that every window asks for every two seconds.
_files, _usual = TreatmentFile.__table__, UsualHour.__table__
USUAL_MINUTES = (
    select(_usual.c.patient_id, _usual.c.minute_of_day)
    .join_from(_files, _usual, _usual.c.patient_id == _files.c.patient_id)
    .where(_files.c.station_id == bindparam("site_id"), _files.c.status == "active")
)


def usual_minutes(session: AnySession, site_id: int) -> dict[int, int]:
    """Minute of the local day by patient, of everybody at the station who has one."""
    return dict(session.connection().execute(USUAL_MINUTES, {"site_id": site_id}).all())


def in_usual_order(rows: Iterable[R], minutes: Mapping[int, int]) -> list[R]:
    """Whoever usually comes first stands first; those of whom nothing is known come last, by their codes."""
    return sorted(rows, key=lambda row: (minutes.get(row.patient_id, MINUTES_OF_A_DAY), row.register_code))
