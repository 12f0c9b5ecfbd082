"""A station's device goes from hand to hand: who is working, their PIN, the locked screen and the way back."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.pins import DIGITS, WORTH_TELLING
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, Viewer, public, requires
from counseling.queries.hands import StationDevice, find_hand, find_station_device, is_file_in_sight, list_hands
from counseling.routes.account import begin_session
from counseling.routes.devices import device_token
from counseling.routes.own_paths import own_path
from counseling.services import hand_over

bp = Blueprint("hands", __name__, url_prefix="/hands")
lock_bp = Blueprint("lock", __name__, url_prefix="/lock")


@bp.get("")
@public  # the device is who is asked for here, and it shows nothing but names of colleagues
def index() -> ResponseReturnValue:
    """Who is working? After the screen has locked: whoever was working, unless `others` are asked for."""
    device, after = own_device(), own_path(request.args.get("next"))
    if device is None:
        return to_password(after)
    if g.behind_lock is not None and "others" not in request.args:
        return pin_page(device, g.behind_lock.staff_id, after)
    hands = [hand for hand in list_hands(db.session, device.id, utc_now()) if not hand.is_off]
    return render_template("pages/hands/index.html", hands=hands, after=after, device=device, at_station=True)


@bp.post("")
@requires(Permission.USE_OWN_ACCOUNT)
def leave() -> ResponseReturnValue:
    """Whoever was working leaves: their session locks at once, so that nobody goes back to their page."""
    after = own_path(request.form.get("next"))
    try:
        hand_over.lock(db.session, g.viewer, utc_now())
    except Refusal:
        return redirect(after, 303)
    return redirect(url_for(".index", others=1, next=None if after == "/" else after), 303)


@bp.get("/<int:staff_id>")
@public
def choose(staff_id: int) -> ResponseReturnValue:
    device, after = own_device(), own_path(request.args.get("next"))
    return to_password(after) if device is None else pin_page(device, staff_id, after)


@bp.post("/<int:staff_id>")
@public
def take(staff_id: int) -> ResponseReturnValue:
    device, after = own_device(), own_path(request.form.get("next"))
    if device is None:
        return to_password(after)
    own: Viewer | None = g.behind_lock if g.behind_lock and g.behind_lock.staff_id == staff_id else None
    try:
        if own is not None:
            wrong_before = unlock(own)
        else:
            before, pin = g.viewer or g.behind_lock, typed_pin()
            taken = hand_over.take_over(db.session, device.id, staff_id, pin, before, utc_now())
            after, wrong_before = landing(begin_session(taken.token), after), taken.wrong_before
    except Refusal as refusal:
        return pin_page(device, staff_id, after, refusal)
    tell_of_wrong_tries(wrong_before)
    return redirect(after, 303)


@lock_bp.post("")
@public  # of several windows each asks; the second finds its session locked
def close() -> ResponseReturnValue:
    """The page has covered itself: nothing is served to this session any more. Answers with what uncovers it."""
    viewer: Viewer | None = g.viewer or g.behind_lock
    if viewer is None or viewer.device_site_id is None:
        abort(404)
    hand_over.lock(db.session, viewer, utc_now())
    return uncover_form(viewer)


@lock_bp.post("/open")
@public
def open_again() -> ResponseReturnValue:
    """For the covered page: 204, and it shows itself as it was left; 422 with the sentence."""
    viewer: Viewer | None = g.behind_lock
    if viewer is None:
        abort(404)
    try:
        tell_of_wrong_tries(unlock(viewer))
    except Refusal as refusal:
        if refusal.code == "session_over":
            abort(404)
        return uncover_form(viewer, refusal), 422
    return "", 204


def own_device() -> StationDevice | None:
    return find_station_device(db.session, device_token())


def to_password(after: str) -> ResponseReturnValue:
    return redirect(url_for("account.login", next=None if after == "/" else after), 303)


def typed_pin() -> str:
    return request.form.get("pin", "")[: 2 * DIGITS].strip()


def unlock(viewer: Viewer) -> int:
    """By PIN, or by the password where the form asked for that. Gives the wrong PINs of before."""
    password = request.form.get("password")
    if password is None:
        return hand_over.unlock_by_pin(db.session, viewer, typed_pin(), utc_now())
    hand_over.unlock_by_password(db.session, viewer, password[:1000], utc_now())
    return 0


def pin_page(device: StationDevice, staff_id: int, after: str, refusal: Refusal | None = None) -> ResponseReturnValue:
    """Six digits of one person; whoever stands behind the lock without a PIN may give the password instead."""
    hand = find_hand(db.session, device.id, staff_id, utc_now())
    own = g.behind_lock if g.behind_lock and g.behind_lock.staff_id == staff_id else None
    known = hand or own
    if known is None:
        return redirect(url_for(".index", others=1, next=None if after == "/" else after), 303)
    name = known.display_name
    has_pin = hand is not None and not hand.is_off
    page = render_template(
        "pages/hands/pin.html",
        staff_id=staff_id, name=name, has_pin=has_pin, is_own=own is not None, refusal=refusal, after=after,
        is_off=hand is not None and hand.is_off, at_station=True,
    )  # fmt: skip
    return page, 422 if refusal else 200


def uncover_form(viewer: Viewer, refusal: Refusal | None = None) -> str:
    hand = find_hand(db.session, viewer.device_id, viewer.staff_id, utc_now())
    has_pin = hand is not None and not hand.is_off
    return render_template(
        "partials/hands/_uncover.html", name=viewer.display_name, has_pin=has_pin, refusal=refusal,
        is_off=hand is not None and hand.is_off,
    )  # fmt: skip


def landing(viewer: Viewer, path: str) -> str:
    """The page that was open when the device was handed over, if it is a page of the new person too; else their own."""
    try:
        endpoint, values = current_app.create_url_adapter(request).match(path.partition("?")[0], method="GET")  # type: ignore[union-attr]  # there is a request
    except (HTTPException, RequestRedirect):
        return "/"
    permission: Permission | None = getattr(current_app.view_functions[endpoint], "permission", None)
    if permission is None or not viewer.may(permission):
        return "/"
    if not values:
        return path
    # Of what addresses name only a person's file can be looked up here, in the new person's own scope.
    is_seen = values.keys() == {"ref"} and is_file_in_sight(db.session, viewer, values["ref"])
    return path if is_seen else "/"


def tell_of_wrong_tries(wrong_before: int) -> None:
    if wrong_before >= WORTH_TELLING:
        said = ngettext(
            "Trước đó mã PIN của bạn bị nhập sai %(num)s lần trên máy này. Nếu không phải bạn nhập thì đổi mã PIN.",
            "Trước đó mã PIN của bạn bị nhập sai %(num)s lần trên máy này. Nếu không phải bạn nhập thì đổi mã PIN.",
            wrong_before,
        )
        flash(said, "attention")
