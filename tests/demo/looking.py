"""How tests of the demo look at what it holds: as one of its accounts, or at the rows themselves."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from counseling.models.patients import TreatmentFile
from counseling.models.people import Staff, StaffRole
from counseling.models.places import Site
from counseling.permissions import RoleKind, Side, Viewer

TODAY = date(2026, 11, 22)
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def count(session: Session, *where: ColumnElement[bool]) -> int:
    return session.execute(select(func.count()).where(*where)).scalar_one()


def site_id(session: Session, code: str) -> int:
    return session.execute(select(Site.id).where(Site.code == code)).scalar_one()


def viewer_of(session: Session, username: str, side: str | None = None) -> Viewer:
    """An account at one of its desks; the first, unless a side is named."""
    query = select(Staff, StaffRole).join(StaffRole, StaffRole.staff_id == Staff.id).where(Staff.username == username)
    rows = session.execute(query.order_by(StaffRole.id)).all()
    staff, role = next(row for row in rows if side in (None, row[1].side))
    return Viewer(
        staff_id=staff.id,
        session_id=0,
        device_id=0,
        display_name=staff.display_name,
        locale="vi",
        role_id=role.id,
        kind=RoleKind(role.kind),
        side=Side(role.side),
        site_id=role.site_id,
        team_id=role.team_id,
        area_id=role.area_id,
        must_change_password=False,
    )


def treated(session: Session, register_code: str) -> TreatmentFile:
    return session.execute(select(TreatmentFile).where(TreatmentFile.register_code == register_code)).scalar_one()
