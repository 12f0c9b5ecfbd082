"""A contact with one person: two taps say how it was, a few more say about what and when next."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Row

from counseling.clock import utc_now
from counseling.database import db, vault_of
from counseling.domain.contacts import (
    DANGERS,
    KIND_OF_TASK,
    LATEST_NEXT_DAYS,
    MINUTES,
    MOODS,
    NEEDS,
    NEXT_IN_DAYS,
    TOPICS,
)
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.actors import list_colleagues
from counseling.queries.contacts import ContactLine, find_own_contact, find_saved, list_contacts, list_signs
from counseling.queries.file_parts import list_phones
from counseling.queries.patients import NotFound, get_support_row
from counseling.queries.worklist import list_open_tasks
from counseling.refs import new_request_key
from counseling.routes.contact_form import Typed, form_key, mistyped, ticked, typed
from counseling.routes.patients.parts import ensure_ref, this_day
from counseling.routes.support_words import STATUS_WORDS
from counseling.routes.viewing import note_view
from counseling.services.outreach_contacts import correct_contact, log_contact, undo_contact
from counseling.support_rows import open_community_name
from counseling.treatment_rows import SUPPORT

bp = Blueprint("contacts", __name__, url_prefix="/outreach/<ref>")


@bp.get("/")
@requires(Permission.LOG_CONTACT)
def show(ref: str) -> ResponseReturnValue:
    return contact_page(ref)


def contact_page(ref: str, again: Typed | None = None) -> str:
    row = person(ref)
    note_view("contacts.person", [row.patient_id])
    open_tasks = list_open_tasks(db.session, g.viewer, utc_now(), row.patient_id)
    at_point = not g.viewer.may(Permission.SEE_OUTREACH_LIST)
    usual = KIND_OF_TASK.get(open_tasks[0].kind, "home") if open_tasks else "phone" if at_point else "home"
    return render_template(
        "pages/outreach/contact.html",
        **around(row),
        open_tasks=open_tasks,
        kind=request.form.get("kind", usual),
        typed=again,
        phones=list_phones(db.session, row.patient_id, SUPPORT) if at_point else [],
        contacts=list_contacts(db.session, g.viewer, row.patient_id),
        **just_saved(),
    )


@bp.post("/")
@requires(Permission.LOG_CONTACT)
def log(ref: str) -> ResponseReturnValue:
    ensure_ref(ref)
    key, contact, today = form_key(), ticked(), this_day()
    if mistyped():
        return contact_page(ref, typed(*mistyped())), 422
    try:
        saved = log_contact(db.session, g.viewer, ref, contact, request_key=key, today=today, now=utc_now())
    except NotFound:
        abort(404)
    except Refusal as refusal:
        return replaced(refusal, ref)
    if contact.danger:  # nobody is alone with it: what to do now, and whom to call
        return redirect(url_for("danger.show", saved=saved), 303)
    if g.viewer.may(Permission.SEE_OUTREACH_LIST):
        return redirect(url_for("outreach.index", saved=saved), 303)
    return redirect(url_for(".show", ref=ref, saved=saved), 303)


@bp.get("/contacts/<contact>/")
@requires(Permission.LOG_CONTACT)
def correct(ref: str, contact: str) -> ResponseReturnValue:
    return correction_page(ref, contact)


def correction_page(ref: str, contact: str, again: Typed | None = None) -> str:
    row = person(ref)
    old = own_contact(row.patient_id, contact)
    note_view("contacts.correct", [row.patient_id])
    fields = {"contact": old, "kind": request.form.get("kind", old.place), "typed": again}
    page, latest = around(row), old.contact_on + timedelta(days=LATEST_NEXT_DAYS)
    page["next_days"] = [(days, on) for days, on in page["next_days"] if on <= latest]
    has_no_next = row.status != "active"
    return render_template("pages/outreach/correct.html", **page, **fields, has_no_next=has_no_next)


@bp.post("/contacts/<contact>/")
@requires(Permission.LOG_CONTACT)
def save_correction(ref: str, contact: str) -> ResponseReturnValue:
    ensure_ref(ref)
    ensure_ref(contact)
    key, said = form_key(), ticked()
    if mistyped():
        return correction_page(ref, contact, typed(*mistyped())), 422
    try:
        saved = correct_contact(db.session, g.viewer, ref, contact, said, request_key=key, now=utc_now())
    except NotFound:
        abort(404)
    except Refusal as refusal:
        return replaced(refusal, ref)
    if set(list_signs(db.session, saved)) - set(list_signs(db.session, contact)):
        return redirect(url_for("danger.show", saved=saved), 303)
    flash(gettext("Đã sửa lần ghi."), "done")
    return redirect(url_for(".show", ref=ref), 303)


@bp.post("/contacts/<contact>/undo")
@requires(Permission.LOG_CONTACT)
def undo(ref: str, contact: str) -> ResponseReturnValue:
    ensure_ref(ref)
    ensure_ref(contact)
    try:
        undo_contact(db.session, g.viewer, ref, contact, request_key=form_key(), now=utc_now())
    except NotFound:
        abort(404)
    except Refusal as refusal:
        return replaced(refusal, ref)
    flash(gettext("Đã bỏ lần ghi. Việc chờ người này hiện lại như trước."), "done")
    return redirect(url_for(".show", ref=ref), 303)


def replaced(refusal: Refusal, ref: str) -> ResponseReturnValue:
    """Undone or corrected already, in another window, by the same tap sent twice or by the way back."""
    if refusal.code != "entry_replaced":  # what no page of ours offers
        abort(400)
    flash(gettext("Lần ghi này đã được sửa hoặc bỏ trước đó."), "attention")
    return redirect(url_for(".show", ref=ref), 303)


def person(ref: str) -> Row[*tuple[Any, ...]]:
    ensure_ref(ref)
    try:
        return get_support_row(db.session, g.viewer, ref)
    except NotFound:
        abort(404)


def own_contact(patient_id: int, contact: str) -> ContactLine:
    ensure_ref(contact)
    found = find_own_contact(db.session, g.viewer, patient_id, contact)
    if found is None:
        abort(404)
    return found


def around(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """What both pages show of the person, and what their form offers."""
    today = this_day()
    at_point = not g.viewer.may(Permission.SEE_OUTREACH_LIST)
    return {
        "row": row,
        "name": open_community_name(vault_of(db.session), row.ref, row.community_name),
        # As the file says it, which everybody may open who comes here: that it ended, and nothing of why.
        "ended": None if row.status == "active" else STATUS_WORDS[row.status],
        "today": today,
        **offered(),
        "request_key": new_request_key(),
        "back_url": url_for("patients.show", ref=row.ref) if at_point else url_for("outreach.index"),
        "at_point": at_point,
    }


def offered() -> dict[str, Any]:
    """What the forms of a contact offer to tick."""
    today = this_day()
    return {
        "topics": TOPICS,
        "needs": NEEDS,
        "moods": MOODS,
        "dangers": DANGERS,
        "minutes": MINUTES,
        "next_days": [(days, today + timedelta(days=days)) for days in NEXT_IN_DAYS],
        "colleagues": list_colleagues(db.session, g.viewer),
    }


def just_saved() -> dict[str, Any]:
    """What the bar with the way back names; nothing where the address names no entry of one's own."""
    contact = request.args.get("saved", "")
    known = contact.isascii() and contact.isalnum()
    return {
        "saved": find_saved(db.session, g.viewer, contact) if known else None,
        "undo_key": new_request_key(),
    }
