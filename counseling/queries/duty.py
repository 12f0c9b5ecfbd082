"""Who is on duty at a site, when, and who may be: people whose desk there reads its texts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from sqlalchemy import ColumnElement, select, tuple_

from counseling.database import AnySession, vault_of
from counseling.domain.duty import Shift, days_of
from counseling.models.duty import DutyPhone, DutyShift
from counseling.models.people import Staff, StaffRole
from counseling.models.places import Site
from counseling.permissions import ROLE_PERMISSIONS, Permission
from counseling.queries.sites import find_reader_of_strangers
from counseling.treatment_rows import SUPPORT

READERS = tuple(
    (str(kind), str(side)) for (kind, side), may in ROLE_PERMISSIONS.items() if Permission.ANSWER_MESSAGES in may
)


@dataclass(frozen=True)
class ShiftRow:
    """A shift as the roster shows it. `has_phone`: a text reaches them; `may_read` False: their desk there has ended,
    and nobody calls them any more.
    """

    id: int
    staff_id: int
    name: str
    days: list[int]
    starts_at: time
    ends_at: time
    position: int
    wait_minutes: int
    has_phone: bool
    may_read: bool


def reads_texts(side: str, site_id: int) -> ColumnElement[bool]:
    """Somebody who holds a desk that reads this site's texts, as a condition on `staff_roles`."""
    kinds = [kind for kind, of_side in READERS if of_side == side]
    own = StaffRole.site_id == site_id, StaffRole.side == side, StaffRole.ended_at.is_(None)
    return StaffRole.kind.in_(kinds) & own[0] & own[1] & own[2]


# Built once: asked about each text that sounds like danger. Where doses are given, somebody is there every day.
_READ = (
    select(StaffRole.side, StaffRole.site_id)
    .join(Staff, Staff.id == StaffRole.staff_id)
    .join(Site, Site.id == StaffRole.site_id)
    .where(StaffRole.ended_at.is_(None), Staff.disabled_at.is_(None), Site.closed_on.is_(None))
    .where(tuple_(StaffRole.kind, StaffRole.side).in_(READERS))
    .group_by(StaffRole.side, StaffRole.site_id, Site.dispenses)
    .order_by((StaffRole.side == SUPPORT).desc(), Site.dispenses.desc(), StaffRole.site_id)
)


def list_read(session: AnySession) -> list[tuple[str, int]]:
    """Each side and site whose texts somebody reads: an open site with a desk that is held; the support side first."""
    return [(row.side, row.site_id) for row in session.connection().execute(_READ)]


def find_reader(session: AnySession, side: str, site_id: int) -> tuple[str, int]:
    """Who reads of danger what is this side's and site's: itself, unless nobody is left there.

    Then whoever reads strangers, or else the first who reads anything at all; without the name, which is not theirs to
    know.
    """
    read = list_read(session)
    if (side, site_id) in read or not read:
        return side, site_id
    strangers = find_reader_of_strangers(session)
    return strangers if strangers in read else read[0]


def list_shifts(session: AnySession, side: str, site_id: int) -> list[Shift]:
    """The shifts that stand, of people who may read what they would be called about."""
    shift = DutyShift
    query = (
        select(shift.staff_id, shift.days, shift.starts_at, shift.ends_at, shift.position, shift.wait_minutes)
        .join(Staff, Staff.id == shift.staff_id)
        .where(shift.site_id == site_id, shift.side == side, shift.ended_at.is_(None), Staff.disabled_at.is_(None))
        .where(_may_read(side, site_id))
        .order_by(shift.position, shift.id)
    )
    return [Shift(**row) for row in session.execute(query).mappings()]


def list_roster(session: AnySession, side: str, site_id: int) -> list[ShiftRow]:
    """The shifts of a site as its page shows them, the first to be called first."""
    shift = DutyShift
    columns = (shift.id, shift.staff_id, shift.days, shift.starts_at, shift.ends_at, shift.position, shift.wait_minutes)
    may_read = _may_read(side, site_id) & Staff.disabled_at.is_(None)
    query = (
        select(*columns, Staff.display_name, DutyPhone.staff_id.label("phone"), may_read.label("may_read"))
        .join(Staff, Staff.id == shift.staff_id)
        .outerjoin(DutyPhone, DutyPhone.staff_id == shift.staff_id)
        .where(shift.site_id == site_id, shift.side == side, shift.ended_at.is_(None))
        .order_by(shift.position, shift.starts_at, shift.id)
    )
    return [
        ShiftRow(
            row.id, row.staff_id, row.display_name, days_of(row.days), row.starts_at, row.ends_at, row.position,
            row.wait_minutes, row.phone is not None, bool(row.may_read),
        )
        for row in session.execute(query)
    ]  # fmt: skip


def list_possible(session: AnySession, side: str, site_id: int) -> list[tuple[int, str]]:
    """Whom a site can put on duty: id and name."""
    query = select(Staff.id, Staff.display_name).where(Staff.disabled_at.is_(None), _may_read(side, site_id))
    rows = session.execute(query.order_by(Staff.display_name, Staff.id))
    return [(row.id, row.display_name) for row in rows]


def _may_read(side: str, site_id: int) -> ColumnElement[bool]:
    return select(StaffRole.id).where(StaffRole.staff_id == Staff.id, reads_texts(side, site_id)).exists()


def find_phone(session: AnySession, staff_id: int) -> str | None:
    """The number (E.164) on which somebody is called, for themselves to read."""
    phone = session.execute(select(DutyPhone.ref, DutyPhone.number).where(DutyPhone.staff_id == staff_id)).first()
    return None if phone is None else vault_of(session).open("duty_phones.number", phone.ref, phone.number)
