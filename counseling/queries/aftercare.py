"""Who may stand by somebody in aftercare, and how it stands with a person's file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, or_, select

from counseling.database import AnySession
from counseling.models.counseling import AftercareFile
from counseling.models.people import Staff, StaffRole
from counseling.permissions import RoleKind


@dataclass(frozen=True)
class Supporter:
    id: int
    name: str
    is_volunteer: bool
    languages: tuple[str, ...]


@dataclass(frozen=True)
class AftercareLine:
    """`ended_on` None: open."""

    supporter: str | None
    rhythm: str
    next_check_in_on: date
    opened_on: date
    ended_on: date | None
    end_reason: str | None


def list_supporters(
    session: AnySession, site_id: int, team_id: int | None, language: str | None = None
) -> list[Supporter]:
    """The counselors of a point and the volunteers of one team, by name; first those who speak this language."""
    of_point = and_(StaffRole.kind == RoleKind.COUNSELOR.value, StaffRole.site_id == site_id)
    of_team = and_(StaffRole.kind == RoleKind.VOLUNTEER.value, StaffRole.team_id == team_id)
    rows = session.execute(
        select(Staff.id, Staff.display_name, StaffRole.kind, Staff.languages)
        .join(StaffRole, StaffRole.staff_id == Staff.id)
        .where(StaffRole.ended_at.is_(None), Staff.disabled_at.is_(None), or_(of_point, of_team))
        .order_by(Staff.display_name, Staff.id)
    )
    found = {
        staff_id: Supporter(staff_id, name, kind == RoleKind.VOLUNTEER.value, tuple(languages.split()))
        for staff_id, name, kind, languages in rows
    }
    return sorted(found.values(), key=lambda one: language not in one.languages)


def list_aftercare(session: AnySession, patient_id: int) -> list[AftercareLine]:
    """A person's files, newest first: at most one is open."""
    file = AftercareFile
    columns = (file.rhythm, file.next_check_in_on, file.opened_on, file.ended_on, file.end_reason)
    rows = session.execute(
        select(Staff.display_name, *columns)
        .select_from(file)
        .outerjoin(Staff, Staff.id == file.supporter_id)
        .where(file.patient_id == patient_id)
        .order_by(file.id.desc())
    )
    return [AftercareLine(*row) for row in rows]
