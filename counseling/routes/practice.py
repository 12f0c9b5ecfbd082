"""The practice day from inside: the way in, the two parts, what there is to try. Only the practice serves these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from flask_login import current_user, login_user

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.card_codes import grouped
from counseling.permissions import Permission, RoleKind, Viewer, public, requires
from counseling.practice.filling import DISPENSER, DOCTOR, GOOD_CARD, PASSWORD, REVOKED_CARD
from counseling.practice.folder import PREFIX, SEATS, Running
from counseling.practice.people import CAST
from counseling.queries.viewers import find_viewer
from counseling.routes.doorkeeper import SignedIn
from counseling.services.practice_seats import sit_down

bp = Blueprint("practice", __name__)
PARTS = {DISPENSER: lazy_gettext("Người phát"), DOCTOR: lazy_gettext("Bác sĩ")}
# What makes no sense on invented rows, or would bring real people in: a register, accounts, texts, places.
CLOSED = frozenset(
    {"register", "admin", "simulator", "messages", "health", "supervision", "practice_days"}
    | {"hands", "lock", "pins", "second_step", "devices"}
)
CLOSED_VIEWS = frozenset(
    f"account.{name}" for name in ("sign_in", "logout", "password", "change_password", "sessions", "end_session")
)


@dataclass(frozen=True)
class Strip:
    """What the strip over every page of the practice says and offers."""

    parts: list[tuple[str, str, bool]]  # value, label, whether the reader has it now
    password: str | None  # what the doctor of the practice signs with
    end_url: str


def init_app(app: Flask) -> None:
    """Before anything else a request finds its learner's file; what has none is sent back to the real pages."""
    app.before_request(take_seat)
    app.register_blueprint(bp)


def take_seat() -> ResponseReturnValue | None:
    if request.endpoint == "static":
        return None
    if request.endpoint == "practice.enter":
        session.clear()  # whoever comes in anew brings nothing along
        return None
    view: Any = current_app.view_functions.get(request.endpoint or "")
    running = seats().find(session.get("practice"), is_there=not hasattr(view, "passive"))
    if running is None or request.endpoint == "account.login":
        session.clear()
        return leave()
    choose(running)
    if request.blueprint in CLOSED or request.endpoint in CLOSED_VIEWS:
        g.viewer = getattr(current_user, "viewer", None)
        return render_template("pages/practice/closed.html"), 404
    return None


def choose(running: Running) -> None:
    g.chosen_engine = seats().engine_of(running)


def seats() -> Any:
    return current_app.extensions[SEATS]


def leave() -> ResponseReturnValue:
    """Back to the real application: it knows who is still signed in."""
    if "HX-Request" in request.headers:
        return Response(status=401, headers={"HX-Redirect": real("/practice-days/")})
    return redirect(real("/practice-days/"), 303)


def real(path: str) -> str:
    """An address of the real application, from within the practice."""
    return request.script_root.removesuffix(PREFIX) + path


def practice_strip(viewer: Viewer | None) -> Strip | None:
    """None everywhere but in the practice."""
    if not current_app.extensions["diem_tua_config"].is_practice:
        return None
    now = DOCTOR if viewer is not None and viewer.kind is RoleKind.DOCTOR else DISPENSER
    parts = [(part, str(label), part == now) for part, label in PARTS.items()]
    return Strip(parts, PASSWORD if now == DOCTOR else None, real("/practice-days/end"))


def is_open(address: str) -> bool:
    """Whether a page of the navigation is there for the reader's application."""
    return not current_app.extensions["diem_tua_config"].is_practice or address.strip("/") not in CLOSED


@bp.get("/enter/<token>")
@public
def enter(token: str) -> ResponseReturnValue:
    """The one-time way in, from the button of the real application."""
    now = utc_now()
    running = seats().folder.take_token(token, now)
    if running is None or seats().find(running.ref, is_there=True) is None:
        return leave()
    choose(running)
    session.clear()
    session["practice"] = running.ref
    return sit(running.learner.part)


@bp.post("/part")
@requires(Permission.USE_OWN_ACCOUNT)
def change_part() -> ResponseReturnValue:
    """From the one who dispenses to the doctor and back, so that what takes two people can be tried by one."""
    part = request.form.get("part", "")
    if part not in PARTS:
        abort(400)
    return sit(part)


def sit(part: str) -> ResponseReturnValue:
    now = utc_now()
    token = sit_down(db.session, part, now)
    found = find_viewer(db.session, token, now)
    if found is None:
        abort(409)
    login_user(SignedIn(token, found[0]))
    return redirect(url_for("home.index"), 303)


@bp.get("/guide")
@requires(Permission.USE_OWN_ACCOUNT)
def guide() -> ResponseReturnValue:
    """What there is to try, and with whom."""
    names: dict[str, Any] = {}
    for one in CAST:
        names.setdefault(one.story, f"{one.full_name}, {one.birth_year}")
    cards = {"good": grouped(GOOD_CARD), "revoked": grouped(REVOKED_CARD)}
    return render_template("pages/practice/guide.html", names=names, cards=cards)
