"""Who may do what, as one table; whose rows somebody sees stands in scopes.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import ParamSpec, TypeVar

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
    KEEP_DUTY_ROSTER = "keep_duty_roster"
    ASK_CONSENT = "ask_consent"
    SEE_TASKS = "see_tasks"
    LOG_CONTACT = "log_contact"
    RECORD_SESSION = "record_session"
    MANAGE_AFTERCARE = "manage_aftercare"
    GIVE_TASK = "give_task"
    EDIT_WORDINGS = "edit_wordings"
    MANAGE_REMINDERS = "manage_reminders"
    SEE_COVERAGE = "see_coverage"
    MATCH_VISITS = "match_visits"
    KEEP_HELP_NUMBERS = "keep_help_numbers"
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
    Permission.KEEP_DUTY_ROSTER,
    Permission.ASK_CONSENT,
    Permission.PRACTISE,
}
_SUPERVISORS = _EVERYBODY | {Permission.GIVE_TASK, Permission.EDIT_WORDINGS}

ROLE_PERMISSIONS: dict[tuple[RoleKind, Side], frozenset[Permission]] = {
    (RoleKind.DISPENSER, Side.TREATMENT): frozenset(
        _TREATMENT_TEAM
        | {
            Permission.SEE_TODAY,
            Permission.RECORD_DOSE,
            Permission.ENTER_LATE_DOSES,
            Permission.MANAGE_STATION_DAY,
            Permission.MANAGE_REMINDERS,
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
            Permission.KEEP_DUTY_ROSTER,
            Permission.ASK_CONSENT,
            Permission.SEE_TASKS,
            Permission.LOG_CONTACT,
            Permission.RECORD_SESSION,
            Permission.MANAGE_AFTERCARE,
            Permission.MANAGE_REMINDERS,
            Permission.SEE_COVERAGE,
            Permission.MATCH_VISITS,
        }
    ),
    (RoleKind.VOLUNTEER, Side.SUPPORT): frozenset(
        _EVERYBODY | {Permission.SEE_OUTREACH_LIST, Permission.SEE_SUPPORT_FILE, Permission.LOG_CONTACT}
    ),
    (RoleKind.SUPERVISOR, Side.TREATMENT): frozenset(
        _SUPERVISORS | {Permission.SEE_ADHERENCE_LIST, Permission.SEE_TREATMENT_FILE, Permission.SEE_PRACTICE_DAYS}
    ),
    (RoleKind.SUPERVISOR, Side.SUPPORT): frozenset(
        _SUPERVISORS
        | {
            Permission.SEE_CONTACT_LIST,
            Permission.SEE_SUPPORT_FILE,
            Permission.SEE_COVERAGE,
            Permission.KEEP_HELP_NUMBERS,
        }
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
    has_crisis: bool = False  # words of danger that nobody has taken on wait at its site and side


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
