"""Sign-in and everybody's own account."""

from __future__ import annotations

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import login_user

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.languages import LOCALES
from counseling.logs import logger
from counseling.permissions import Permission, Viewer, public, requires
from counseling.queries.phones import list_phones
from counseling.queries.sessions import list_open_sessions
from counseling.queries.viewers import find_viewer
from counseling.routes.account_forms import PasswordForm, SignInForm
from counseling.routes.devices import device_label, device_token, remember_device
from counseling.routes.doorkeeper import SignedIn, is_at_station_device
from counseling.routes.home import home_of
from counseling.routes.own_paths import own_path
from counseling.routes.refusal_words import say_at
from counseling.routes.row_ids import row_id
from counseling.services import own_account, signing_in
from counseling.services.phone_tokens import revoke_own

bp = Blueprint("account", __name__)
WORDS = "pages/account/_words.html"


@bp.get("/login")
@public
def login() -> ResponseReturnValue:
    after = own_path(request.args.get("next"))
    if g.viewer is not None:
        return redirect(after, 303)
    return render_template("pages/account/login.html", form=SignInForm(next=after))


@bp.post("/login")
@public
def sign_in() -> ResponseReturnValue:
    form = SignInForm(request.form)
    if not form.validate():
        return render_template("pages/account/login.html", form=form), 422
    attempt = signing_in.Attempt(
        username=form.username.data,
        password=form.password.data,
        device_token=device_token(),
        device_label=device_label(),
        address=request.remote_addr or "",
    )
    try:
        opened = signing_in.sign_in(db.session, attempt, utc_now())
    except Refusal as refusal:
        return refused(form, refusal)
    return welcome(opened, own_path(form.next.data))


def refused(form: SignInForm, refusal: Refusal) -> ResponseReturnValue:
    logger().warning("sign-in refused", code=refusal.code)
    say_at(form, refusal, WORDS, {"": "password"})
    response = make_response(render_template("pages/account/login.html", form=form), 422)
    if refusal.code == "too_many_tries":
        response.status_code = 429
        response.headers["Retry-After"] = str(refusal.facts["wait_seconds"])
    return response


def welcome(opened: signing_in.Opened, after: str) -> Response:
    """Put the new session into a cookie that holds nothing of what the browser brought along."""
    now = utc_now()
    before = g.viewer or g.behind_lock
    if before is not None:
        signing_in.sign_out(db.session, before, now)
    viewer = begin_session(opened.token)
    to = after if opened.role_id is not None else url_for("account.desk", next=after)
    # Straight to the desk: one way there and back less on a slow line.
    response = make_response(redirect(home_of(viewer) if after == "/" else to, 303))
    remember_device(response, opened.device_token)
    return response


def begin_session(token: str) -> Viewer:
    """Whoever has just shown who they are, in a cookie that holds nothing of what the browser brought along."""
    session.clear()
    found = find_viewer(db.session, token, utc_now())
    if found is None:
        abort(409)  # disabled in this very moment
    login_user(SignedIn(token, found[0]))
    return found[0]


@bp.post("/logout")
@public  # whoever was signed out meanwhile must not be sent to sign in first
def logout() -> ResponseReturnValue:
    viewer = g.viewer or g.behind_lock
    if viewer is not None:
        signing_in.sign_out(db.session, viewer, utc_now())
    locale = viewer.locale if viewer else session.get("locale")
    session.clear()
    session["locale"] = locale
    return redirect(url_for("hands.index" if is_at_station_device() else "account.login"), 303)


@bp.get("/desk")
@requires(Permission.USE_OWN_ACCOUNT)
def desk() -> ResponseReturnValue:
    return render_template("pages/account/desk.html", after=own_path(request.args.get("next")))


@bp.post("/desk")
@requires(Permission.USE_OWN_ACCOUNT)
def choose_desk() -> ResponseReturnValue:
    # Rows are counted in 32 bits: a longer number is nobody's desk and would be an error of the database's driver.
    chosen = request.form.get("desk", 0, type=row_id)
    try:
        own_account.choose_desk(db.session, g.viewer, chosen if abs(chosen) < 2**31 else 0, utc_now())
    except Refusal as refusal:
        return render_template("pages/account/desk.html", after="/", refusal=refusal), 422
    return redirect(own_path(request.form.get("next")), 303)


@bp.post("/language")
@public
def language() -> ResponseReturnValue:
    chosen = request.form.get("locale", "")
    if chosen not in LOCALES:
        abort(400)
    if g.viewer is None:
        session["locale"] = chosen
    else:
        own_account.choose_language(db.session, g.viewer, chosen)
    return redirect(own_path(request.form.get("next"), url_for("home.index")), 303)


@bp.get("/account/password")
@requires(Permission.USE_OWN_ACCOUNT)
def password() -> ResponseReturnValue:
    return render_template(
        "pages/account/password.html", form=PasswordForm(), must_change=g.viewer.must_change_password
    )


@bp.post("/account/password")
@requires(Permission.USE_OWN_ACCOUNT)
def change_password() -> ResponseReturnValue:
    form = PasswordForm(request.form)
    if not form.validate():
        return password_page(form)
    try:
        own_account.change_password(db.session, g.viewer, form.old.data, form.new.data, utc_now())
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {"wrong_password": "old", "too_many_tries": "old", "": "new"})
        return password_page(form)
    flash(gettext("Đã đổi mật khẩu. Những nơi khác đang đăng nhập bằng tài khoản này đã được đăng xuất."), "done")
    return redirect(url_for("home.index"), 303)


def password_page(form: PasswordForm) -> ResponseReturnValue:
    must_change = g.viewer.must_change_password
    return render_template("pages/account/password.html", form=form, must_change=must_change), 422


@bp.get("/account/sessions")
@requires(Permission.USE_OWN_ACCOUNT)
def sessions() -> ResponseReturnValue:
    rows = list_open_sessions(db.session, utc_now(), g.viewer.staff_id)
    phones = list_phones(db.session, g.viewer.staff_id, utc_now())
    return render_template("pages/account/sessions.html", rows=rows, phones=phones, own_id=g.viewer.session_id)


@bp.post("/account/sessions/<int:session_id>/end")
@requires(Permission.USE_OWN_ACCOUNT)
def end_session(session_id: int) -> ResponseReturnValue:
    try:
        own_account.end_own_session(db.session, g.viewer, session_id, utc_now())
    except Refusal:
        abort(404)
    return redirect(url_for("account.sessions"), 303)


@bp.post("/account/phones/<int:token_id>/revoke")
@requires(Permission.USE_OWN_ACCOUNT)
def revoke_phone(token_id: int) -> ResponseReturnValue:
    try:
        revoke_own(db.session, g.viewer, token_id, utc_now())
    except Refusal:
        abort(404)
    flash(gettext("Máy đó không gửi được nữa. Khi có sóng, nó xóa danh sách nhưng vẫn giữ lần ghi chưa gửi."), "done")
    return redirect(url_for("account.sessions"), 303)
