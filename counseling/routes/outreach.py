"""A volunteer's worklist: whom to go to, in which order, and below it whom the team has met today.

From it: a visit to somebody who is not on it, a meeting of several people, and the month on one page.
"""

from __future__ import annotations

from datetime import date

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.contacts import TOPICS
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.help_numbers import list_for_desk
from counseling.queries.month_sheets import month_sheet, next_month
from counseling.queries.patients import NotFound
from counseling.queries.worklist import list_work
from counseling.refs import new_request_key
from counseling.routes.contact_form import Typed, form_key, mistyped, said_of_stranger, ticked, typed
from counseling.routes.contacts import just_saved, offered
from counseling.routes.patients.finding import page_of
from counseling.routes.patients.parts import ensure_ref, this_day, zone
from counseling.routes.viewing import note_view
from counseling.services.group_contacts import log_group
from counseling.services.waiting_visits import keep_unlisted

bp = Blueprint("outreach", __name__, url_prefix="/outreach")


@bp.get("/")
@requires(Permission.SEE_OUTREACH_LIST)
def index() -> ResponseReturnValue:
    today, page = this_day(), page_of(request.args.get("page"))
    work = list_work(db.session, g.viewer, today, utc_now(), page)
    note_view("outreach.list", [row.patient_id for row in (*work.waiting, *work.done)])
    fields = {"work": work, "today": today, "topics": TOPICS, "numbers": list_for_desk(db.session, g.viewer)}
    return render_template("pages/outreach/index.html", **fields, **just_saved())


@bp.get("/new")
@requires(Permission.SEE_OUTREACH_LIST)
def new() -> ResponseReturnValue:
    return stranger_page()


@bp.post("/new")
@requires(Permission.SEE_OUTREACH_LIST)
def keep() -> ResponseReturnValue:
    key, said = form_key(), said_of_stranger()
    wrong = (*(() if said.said else ("said",)), *mistyped())
    if wrong:
        return stranger_page(typed(*wrong)), 422
    try:
        keep_unlisted(db.session, g.viewer, said, request_key=key, today=this_day(), now=utc_now())
    except Refusal:  # what no page of ours offers
        abort(400)
    flash(gettext("Đã lưu. Điểm tư vấn sẽ xem đó là ai rồi ghi vào sổ."), "done")
    return redirect(url_for("danger.show") if said.danger else url_for(".index"), 303)


def stranger_page(again: Typed | None = None) -> str:
    fields = {"kind": request.form.get("kind", "home"), "request_key": new_request_key(), "typed": again}
    return render_template("pages/outreach/new.html", today=this_day(), **fields, **offered())


@bp.get("/group")
@requires(Permission.SEE_OUTREACH_LIST)
def group() -> ResponseReturnValue:
    return group_page()


@bp.post("/group")
@requires(Permission.SEE_OUTREACH_LIST)
def log_meeting() -> ResponseReturnValue:
    key, contact, came = form_key(), ticked(), request.form.getlist("person")
    wrong = (*(() if came else ("came",)), *mistyped())
    if wrong:
        return group_page(typed(*wrong)), 422
    for ref in came:
        ensure_ref(ref)
    today = this_day()
    try:
        count = log_group(db.session, g.viewer, came, contact, request_key=key, today=today, now=utc_now())
    except NotFound:  # somebody who came has left the team's list since the page was opened
        return group_page(typed("gone")), 409
    except Refusal:
        abort(400)
    flash(ngettext("Đã ghi buổi nhóm có %(num)s người.", "Đã ghi buổi nhóm có %(num)s người.", count), "done")
    return redirect(url_for(".index"), 303)


def group_page(again: Typed | None = None) -> str:
    """Everybody of the team on one page: a team has no more people than fit into a meeting's list."""
    today, page, people = this_day(), 1, []
    while True:
        work = list_work(db.session, g.viewer, today, utc_now(), page)
        people += work.waiting
        if page >= work.pages:
            break
        page += 1
    people = sorted([*people, *work.done], key=lambda row: row.community_name.casefold())
    note_view("outreach.group", [row.patient_id for row in people])
    fields = {"people": people, "today": today, "request_key": new_request_key(), "typed": again}
    return render_template("pages/outreach/group.html", **fields, **offered())


@bp.get("/month")
@requires(Permission.SEE_OUTREACH_LIST)
def month() -> ResponseReturnValue:
    sheet = month_sheet(db.session, g.viewer.role_id, month_of(request.args.get("month")), zone())
    return render_template("pages/outreach/month.html", sheet=sheet, **around_month(sheet.first))


def month_of(text: str | None) -> date:
    """The first day of the month that an address names: of this year or the last, else there is no such page."""
    first = this_day().replace(day=1)
    try:
        asked = date.fromisoformat(f"{text}-01") if text else first
    except ValueError:
        abort(404)
    if not oldest_month() <= asked <= first:
        abort(404)
    return asked


def oldest_month() -> date:
    return date(this_day().year - 1, 1, 1)


def around_month(first: date) -> dict[str, str | None]:
    """The months before and after, as addresses name them."""
    before, after = date(first.year - (first.month == 1), (first.month - 2) % 12 + 1, 1), next_month(first)
    return {
        "before": f"{before:%Y-%m}" if before >= oldest_month() else None,
        "after": f"{after:%Y-%m}" if after <= this_day() else None,
    }
