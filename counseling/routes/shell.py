"""What every page needs around its content: the reader, their desks, the pages of the desk."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, current_app, g, request
from flask_babel import gettext, lazy_gettext
from werkzeug.local import LocalProxy

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.pins import LOCK_AFTER
from counseling.languages import current_locale
from counseling.permissions import Desk, Permission, RoleKind, Side, Viewer
from counseling.queries.viewers import list_desks
from counseling.routes import filters
from counseling.routes.practice import is_open, practice_strip
from counseling.routes.urgent import Urgent, nothing_urgent, urgent_lines

# Permission, address, label, icon: what the desk's navigation shows to whoever holds the permission.
PAGES = (
    (Permission.SEE_TODAY, "/station/", lazy_gettext("Hôm nay"), "clipboard-list"),
    (Permission.WRITE_DOSE_ORDER, "/doctor/", lazy_gettext("Việc của bác sĩ"), "clipboard-list"),
    (Permission.SEE_COUNSELING_DESK, "/counseling/", lazy_gettext("Hôm nay"), "calendar-check"),
    (Permission.SEE_TASKS, "/tasks/", lazy_gettext("Việc cần làm"), "list-checks"),
    (Permission.ANSWER_MESSAGES, "/messages/", lazy_gettext("Tin nhắn"), "message-square"),
    (Permission.EDIT_SUPPORT_FILE, "/counseling/people", lazy_gettext("Người được hỗ trợ"), "users"),
    (Permission.EDIT_TREATMENT_FILE, "/patients/", lazy_gettext("Người bệnh"), "users"),
    (Permission.IMPORT_REGISTER, "/register/", lazy_gettext("Nhập sổ"), "file-spreadsheet"),
    (Permission.SEE_OUTREACH_LIST, "/outreach/", lazy_gettext("Người được hỗ trợ"), "users"),
    (Permission.SEE_ADHERENCE_LIST, "/supervision/", lazy_gettext("Địa bàn"), "map-pin"),
    (Permission.SEE_CONTACT_LIST, "/supervision/", lazy_gettext("Địa bàn"), "map-pin"),
    (Permission.EDIT_WORDINGS, "/wordings/", lazy_gettext("Lời tin nhắn"), "message-square"),
    (Permission.ADMINISTER, "/admin/", lazy_gettext("Quản trị"), "settings"),
)

# Pages under a person's address that belong to a desk's daily work.
DESK_OF_BLUEPRINT = {
    "doses": "/station/",
    "doctor_calls": "/station/",
    "observations": "/station/",
    "replacements": "/station/",
    "reminders": "/messages/",
    "orders": "/doctor/",
    "rules": "/doctor/",
}

DESK_LABELS = {
    (RoleKind.DISPENSER, Side.TREATMENT): lazy_gettext("Cấp phát thuốc"),
    (RoleKind.DOCTOR, Side.TREATMENT): lazy_gettext("Bác sĩ"),
    (RoleKind.COUNSELOR, Side.SUPPORT): lazy_gettext("Tư vấn"),
    (RoleKind.VOLUNTEER, Side.SUPPORT): lazy_gettext("Tình nguyện viên"),
    (RoleKind.SUPERVISOR, Side.TREATMENT): lazy_gettext("Giám sát điều trị"),
    (RoleKind.SUPERVISOR, Side.SUPPORT): lazy_gettext("Giám sát cộng đồng"),
    (RoleKind.ADMINISTRATOR, Side.HOUSE): lazy_gettext("Quản trị"),
}


@dataclass(frozen=True)
class DeskLabel:
    id: int
    label: str
    place: str
    is_current: bool


@dataclass(frozen=True)
class Reader:
    """The signed-in person as pages show them."""

    display_name: str
    desks: list[DeskLabel]
    keeps_devices: bool
    hands: str | None  # on a station's device: who and which session, so that its windows know of each other


@dataclass(frozen=True)
class PageLink:
    url: str
    label: str
    icon: str
    is_current: bool


def init_app(app: Flask) -> None:
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    filters.init_app(app)
    app.context_processor(around_the_page)


def around_the_page() -> dict[str, object]:
    # The reader's desks cost a query: only a page that shows its head asks for them.
    viewer: Viewer | None = g.get("viewer")
    zone = current_app.extensions["diem_tua_config"].timezone
    return {
        "viewer": LocalProxy(lambda: reader(viewer)) if viewer else None,
        "navigation": LocalProxy(lambda: navigation(viewer)) if viewer else [],
        "urgent": LocalProxy(lambda: urgent(viewer)) if viewer and may_be_called(viewer) else None,
        "locale": current_locale(),
        "now_local": utc_now().astimezone(zone),
        "at_station": viewer is not None and viewer.device_site_id is not None,
        "lock_after": int(LOCK_AFTER.total_seconds()),
        "practice": practice_strip(viewer),
        "may_manage_reminders": viewer is not None and viewer.may(Permission.MANAGE_REMINDERS),
        "may_practise": viewer is not None and viewer.may(Permission.PRACTISE),
    }


def may_be_called(viewer: Viewer) -> bool:
    """In a practice nobody is in danger; and who has not chosen a desk yet has no page to read it on."""
    is_practice = current_app.extensions["diem_tua_config"].is_practice
    return viewer.role_id is not None and not is_practice


def own_desks(viewer: Viewer) -> list[Desk]:
    if "own_desks" not in g:
        g.own_desks = list_desks(db.session, viewer.staff_id)
    found: list[Desk] = g.own_desks
    return found


def urgent(viewer: Viewer) -> Urgent:
    """Asked for only where one of the reader's desks has something: the head of a page knows that already."""
    if "urgent" not in g:
        is_called = any(desk.has_crisis for desk in own_desks(viewer))
        g.urgent = urgent_lines(viewer, desk_label) if is_called else nothing_urgent(viewer)
    found: Urgent = g.urgent
    return found


def reader(viewer: Viewer | None) -> Reader | None:
    if viewer is None:
        return None
    if "reader" not in g:
        desks = [DeskLabel(d.id, desk_label(d), d.place, d.id == viewer.role_id) for d in own_desks(viewer)]
        hands = f"{viewer.staff_id}/{viewer.session_id}" if viewer.device_site_id is not None else None
        g.reader = Reader(viewer.display_name, desks, viewer.may(Permission.KEEP_DEVICES), hands)
    found: Reader = g.reader
    return found


def desk_label(desk: Desk) -> str:
    """What somebody does and where: "Cấp phát thuốc · Cao Lộc"."""
    what = str(DESK_LABELS[(desk.kind, desk.side)])
    return gettext("%(what)s · %(place)s", what=what, place=desk.place) if desk.place else what


def navigation(viewer: Viewer | None) -> list[PageLink]:
    if viewer is None or viewer.role_id is None:
        return []
    here = DESK_OF_BLUEPRINT.get(request.blueprint or "", request.path)
    pages = [(url, label, icon) for permission, url, label, icon in PAGES if viewer.may(permission) and is_open(url)]
    nearest = max((url for url, _, _ in pages if here.startswith(url)), key=len, default="")
    return [PageLink(request.script_root + url, str(label), icon, url == nearest) for url, label, icon in pages]
