"""Who may do what, as one table, and whose files somebody sees, as one function per noun."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ParamSpec, TypeVar

from sqlalchemy import ColumnElement, Select, and_, false, select
from sqlalchemy.orm import InstrumentedAttribute

from counseling.models.counseling import Appointment, CounselingSession
from counseling.models.patients import SupportFile, TreatmentFile
from counseling.models.places import Area, OutreachTeam, Site
from counseling.models.tasks import DOCTOR_TASKS, STATION_TASKS, Task
from counseling.models.texts import InboundMessage, OutboundMessage, Reminder

P = ParamSpec("P")
R = TypeVar("R")


class RoleKind(StrEnum):
    DISPENSER = "dispenser"
    DOCTOR = "doctor"
    COUNSELOR = "counselor"
    VOLUNTEER = "volunteer"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"


class Side(StrEnum):
    TREATMENT = "treatment"
    SUPPORT = "support"
    HOUSE = "house"


class Permission(StrEnum):
    USE_OWN_ACCOUNT = "use_own_account"
    SEE_TODAY = "see_today"
    MANAGE_STATION_DAY = "manage_station_day"
    RECORD_DOSE = "record_dose"
    REVERSE_DOSE = "reverse_dose"
    WITNESS_DOSE = "witness_dose"
    ENTER_LATE_DOSES = "enter_late_doses"
    SEE_TREATMENT_FILE = "see_treatment_file"
    EDIT_TREATMENT_FILE = "edit_treatment_file"
    SEE_HIV_STATUS = "see_hiv_status"
    MANAGE_CARDS = "manage_cards"
    KEEP_DEVICES = "keep_devices"
    IMPORT_REGISTER = "import_register"
    WRITE_DOSE_ORDER = "write_dose_order"
    APPROVE_RULES = "approve_rules"
    SEE_ADHERENCE_LIST = "see_adherence_list"
    SEE_SUPPORT_FILE = "see_support_file"
    EDIT_SUPPORT_FILE = "edit_support_file"
    SEE_OUTREACH_LIST = "see_outreach_list"
    SEE_COUNSELING_DESK = "see_counseling_desk"
    SEE_CONTACT_LIST = "see_contact_list"
    ANSWER_MESSAGES = "answer_messages"
    ASK_CONSENT = "ask_consent"
    SEE_TASKS = "see_tasks"
    LOG_CONTACT = "log_contact"
    RECORD_SESSION = "record_session"
    MANAGE_AFTERCARE = "manage_aftercare"
    GIVE_TASK = "give_task"
    PRACTISE = "practise"
    SEE_PRACTICE_DAYS = "see_practice_days"
    ADMINISTER = "administer"


_EVERYBODY = {Permission.USE_OWN_ACCOUNT}
_TREATMENT_TEAM = _EVERYBODY | {
    Permission.SEE_TREATMENT_FILE,
    Permission.EDIT_TREATMENT_FILE,
    Permission.REVERSE_DOSE,
    Permission.WITNESS_DOSE,
    Permission.MANAGE_CARDS,
    Permission.KEEP_DEVICES,
    Permission.IMPORT_REGISTER,
    Permission.ANSWER_MESSAGES,
    Permission.ASK_CONSENT,
    Permission.PRACTISE,
}
_SUPERVISORS = _EVERYBODY | {Permission.GIVE_TASK}

ROLE_PERMISSIONS: dict[tuple[RoleKind, Side], frozenset[Permission]] = {
    (RoleKind.DISPENSER, Side.TREATMENT): frozenset(
        _TREATMENT_TEAM
        | {
            Permission.SEE_TODAY,
            Permission.RECORD_DOSE,
            Permission.ENTER_LATE_DOSES,
            Permission.MANAGE_STATION_DAY,
            Permission.SEE_TASKS,
        }
    ),
    (RoleKind.DOCTOR, Side.TREATMENT): frozenset(
        _TREATMENT_TEAM
        | {
            Permission.WRITE_DOSE_ORDER,
            Permission.APPROVE_RULES,
            Permission.SEE_HIV_STATUS,
            Permission.SEE_PRACTICE_DAYS,
        }
    ),
    (RoleKind.COUNSELOR, Side.SUPPORT): frozenset(
        _EVERYBODY
        | {
            Permission.SEE_COUNSELING_DESK,
            Permission.SEE_SUPPORT_FILE,
            Permission.EDIT_SUPPORT_FILE,
            Permission.ANSWER_MESSAGES,
            Permission.ASK_CONSENT,
            Permission.SEE_TASKS,
            Permission.LOG_CONTACT,
            Permission.RECORD_SESSION,
            Permission.MANAGE_AFTERCARE,
        }
    ),
    (RoleKind.VOLUNTEER, Side.SUPPORT): frozenset(
        _EVERYBODY | {Permission.SEE_OUTREACH_LIST, Permission.SEE_SUPPORT_FILE, Permission.LOG_CONTACT}
    ),
    (RoleKind.SUPERVISOR, Side.TREATMENT): frozenset(
        _SUPERVISORS | {Permission.SEE_ADHERENCE_LIST, Permission.SEE_TREATMENT_FILE, Permission.SEE_PRACTICE_DAYS}
    ),
    (RoleKind.SUPERVISOR, Side.SUPPORT): frozenset(
        _SUPERVISORS | {Permission.SEE_CONTACT_LIST, Permission.SEE_SUPPORT_FILE}
    ),
    (RoleKind.ADMINISTRATOR, Side.HOUSE): frozenset(_EVERYBODY | {Permission.ADMINISTER}),
}


@dataclass(frozen=True)
class Desk:
    """One of somebody's roles, as the switch in the page's head shows it."""

    id: int
    kind: RoleKind
    side: Side
    place: str


@dataclass(frozen=True)
class Viewer:
    """Who is signed in and at which desk they sit. Plain values: it outlives the transaction that read it."""

    staff_id: int
    session_id: int
    device_id: int
    display_name: str
    locale: str
    role_id: int | None
    kind: RoleKind | None
    side: Side | None
    site_id: int | None
    team_id: int | None
    area_id: int | None
    must_change_password: bool
    device_site_id: int | None = None  # the site whose enrolled device this is; None: nobody's
    is_locked: bool = False

    def may(self, permission: Permission) -> bool:
        """Whether the desk that this person sits at allows it; without a desk only the own account is open."""
        if self.kind is None or self.side is None:
            return permission is Permission.USE_OWN_ACCOUNT
        return permission in ROLE_PERMISSIONS[(self.kind, self.side)]

    @property
    def actor(self) -> str:
        """How the audit names this person: ids only."""
        return f"staff:{self.staff_id}/session:{self.session_id}"


def requires(permission: Permission) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare what a route asks for; the application refuses a route that declares nothing."""

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        view.permission = permission  # type: ignore[attr-defined]  # read by the doorkeeper in routes/doorkeeper.py
        return view

    return mark


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Declare that a route is open to everybody, signed in or not."""
    view.permission = None  # type: ignore[attr-defined]  # read by the doorkeeper in routes/doorkeeper.py
    return view


def passive(view: Callable[P, R]) -> Callable[P, R]:
    """Declare that a page asks for this by itself: it does not count as somebody being there."""
    view.passive = True  # type: ignore[attr-defined]  # read by the doorkeeper in routes/doorkeeper.py
    return view


def treatment_files_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """The scope of every query on treatment files."""
    if viewer.side is not Side.TREATMENT:
        return false()
    if viewer.kind is RoleKind.DISPENSER:
        return TreatmentFile.station_id == viewer.site_id
    if viewer.kind is RoleKind.DOCTOR:
        return (TreatmentFile.facility_id == viewer.site_id) | (TreatmentFile.station_id == viewer.site_id)
    if viewer.kind is RoleKind.SUPERVISOR and viewer.area_id is not None:
        return TreatmentFile.station_id.in_(select(Site.id).where(within_area(Site.area_id, viewer.area_id)))
    return false()


def support_files_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """The scope of every query on support files: a point's people, a team's people, an area's people."""
    if viewer.side is not Side.SUPPORT:
        return false()
    if viewer.kind is RoleKind.COUNSELOR:
        return SupportFile.site_id == viewer.site_id
    if viewer.kind is RoleKind.VOLUNTEER:
        return SupportFile.team_id.in_(_open_team(viewer))
    if viewer.kind is RoleKind.SUPERVISOR and viewer.area_id is not None:
        return SupportFile.site_id.in_(select(Site.id).where(within_area(Site.area_id, viewer.area_id)))
    return false()


def tasks_visible_to(viewer: Viewer, now: datetime) -> ColumnElement[bool]:
    """The scope of every query on tasks; queries that name the person join the file's own scope to it.

    A support-side task that appears later is not there yet, for anybody of that side.
    """
    if viewer.kind is RoleKind.SUPERVISOR:
        return _tasks_of_the_area(viewer, now)
    if viewer.side is Side.TREATMENT:
        if viewer.kind is RoleKind.DISPENSER:
            return and_(Task.side == "treatment", Task.kind.in_(STATION_TASKS), Task.site_id == viewer.site_id)
        return (
            and_(Task.side == "treatment", Task.kind.in_(DOCTOR_TASKS)) if viewer.kind is RoleKind.DOCTOR else false()
        )
    appeared = _appeared(now)
    if viewer.side is Side.SUPPORT and viewer.kind is RoleKind.COUNSELOR:
        own_team = Task.team_id.in_(select(OutreachTeam.id).where(OutreachTeam.site_id == viewer.site_id))
        return and_(appeared, Task.site_id == viewer.site_id, Task.team_id.is_(None) | own_team)
    if viewer.side is Side.SUPPORT and viewer.kind is RoleKind.VOLUNTEER:
        return and_(appeared, Task.team_id.in_(_open_team(viewer)))
    return false()


def _tasks_of_the_area(viewer: Viewer, now: datetime) -> ColumnElement[bool]:
    """What supervisors see standing on the lists of their area's stations, or of its points and teams."""
    if viewer.area_id is None:
        return false()
    # Not IN: SQLite would begin with the tasks of all these sites instead of those of the few people asked for.
    in_area = select(Site.id).where(Site.id == Task.site_id, within_area(Site.area_id, viewer.area_id)).exists()
    if viewer.side is Side.TREATMENT:
        return and_(Task.side == "treatment", Task.kind.in_(STATION_TASKS), in_area)
    return and_(_appeared(now), in_area) if viewer.side is Side.SUPPORT else false()


def _appeared(now: datetime) -> ColumnElement[bool]:
    return and_(Task.side == "support", Task.visible_from.is_(None) | (Task.visible_from <= now))


def sessions_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """What was talked about is read at the counseling point where it was, and nowhere else."""
    return _own_point(viewer, CounselingSession.site_id)


def appointments_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Who comes when is known at the counseling point only."""
    return _own_point(viewer, Appointment.site_id)


def texts_visible_to(
    viewer: Viewer, text: type[InboundMessage] | type[OutboundMessage] | type[Reminder]
) -> ColumnElement[bool]:
    """The scope of every query on texts and reminders: those of the reader's own side at their own site."""
    if viewer.site_id is None or not viewer.may(Permission.ANSWER_MESSAGES):
        return false()
    return and_(text.side == str(viewer.side), text.site_id == viewer.site_id)


def sites_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Sites that somebody works at or supervises; a doctor also those that the facility treats for."""
    if viewer.kind is RoleKind.DOCTOR:
        return (Site.id == viewer.site_id) | (Site.treated_by_id == viewer.site_id)
    if viewer.site_id is not None:
        return Site.id == viewer.site_id
    if viewer.kind is RoleKind.SUPERVISOR and viewer.area_id is not None:
        return within_area(Site.area_id, viewer.area_id)
    return false()


def _open_team(viewer: Viewer) -> Select[int]:
    return select(OutreachTeam.id).where(OutreachTeam.id == viewer.team_id, OutreachTeam.closed_on.is_(None))


def _own_point(viewer: Viewer, site_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    at_a_point = viewer.side is Side.SUPPORT and viewer.kind is RoleKind.COUNSELOR
    return site_id == viewer.site_id if at_a_point else false()


def within_area(column: InstrumentedAttribute[int], area_id: int) -> ColumnElement[bool]:
    """Whether `column` is the area or lies below it, at any depth."""
    below = select(Area.id).where(Area.id == area_id).cte("below", recursive=True)
    below = below.union(select(Area.id).join(below, Area.parent_id == below.c.id))
    return column.in_(select(below.c.id))
