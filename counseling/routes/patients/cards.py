"""Cards: issue, revoke, print. A card holds an opaque code and nothing that names a person or an illness."""

from __future__ import annotations

from dataclasses import dataclass

import segno
from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from markupsafe import Markup

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.card_codes import grouped
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.file_parts import CardLine, list_cards
from counseling.queries.patient_search import list_people, name_of
from counseling.refs import new_request_key
from counseling.routes.patients import bp
from counseling.routes.patients.file import LABELS
from counseling.routes.patients.finding import page_of
from counseling.routes.patients.forms import RevokeForm
from counseling.routes.patients.parts import ensure_ref, key_of, me, treatment_row
from counseling.routes.viewing import note_view
from counseling.services.cards import ensure_card, issue_card
from counseling.services.cards import revoke_card as end_card

MOST_PRINTED = 100


@dataclass(frozen=True)
class PrintedCard:
    """What is drawn: the picture and the typed form; `caption` stands outside the card, for who cuts the sheet."""

    qr: Markup
    code: str
    caption: str


@bp.get("/<ref>/cards")
@requires(Permission.MANAGE_CARDS)
def cards(ref: str) -> ResponseReturnValue:
    return cards_page(ref, RevokeForm())


@bp.post("/<ref>/cards")
@requires(Permission.MANAGE_CARDS)
def issue(ref: str) -> ResponseReturnValue:
    key = key_of(request.form.get("request_key"))
    try:
        issue_card(db.session, treatment_row(ref).patient_id, by=me(), request_key=key, now=utc_now())
    except Refusal:
        abort(400)
    flash(gettext("Đã cấp thẻ mới."), "done")
    return redirect(url_for(".cards", ref=ref), 303)


@bp.post("/<ref>/cards/<card>/revoke")
@requires(Permission.MANAGE_CARDS)
def revoke(ref: str, card: str) -> ResponseReturnValue:
    ensure_ref(card)
    patient_id, form = treatment_row(ref).patient_id, RevokeForm(request.form)
    if not form.validate():
        return cards_page(ref, form, card), 422
    try:
        end_card(db.session, patient_id, card, form.reason.data, by=me(), now=utc_now())
    except Refusal:
        abort(404)
    flash(gettext("Đã hủy thẻ. Ai đưa thẻ này, màn hình sẽ báo."), "done")
    return redirect(url_for(".cards", ref=ref), 303)


@bp.get("/cards/print")
@requires(Permission.MANAGE_CARDS)
def choose_cards() -> ResponseReturnValue:
    found = list_people(db.session, g.viewer, page_of(request.args.get("page")))
    note_view("patients.cards", [person.patient_id for person in found.people])
    return render_template("pages/patients/choose_cards.html", found=found)


@bp.post("/cards/print")
@requires(Permission.MANAGE_CARDS)
def print_cards() -> ResponseReturnValue:
    """A sheet for the chosen people; who has no card in use gets one. Printing again issues nothing more."""
    rows = [treatment_row(ref) for ref in dict.fromkeys(request.form.getlist("ref")[:MOST_PRINTED])]
    if not rows:
        flash(gettext("Chưa chọn ai."), "attention")
        return redirect(url_for(".choose_cards"), 303)
    for row in rows:
        ensure_card(db.session, row.patient_id, by=me(), now=utc_now())
    note_view("patients.print_cards", [row.patient_id for row in rows])
    printed = [printed_card(card, row.register_code) for row in rows for card in cards_in_use(row.patient_id)]
    return render_template("pages/patients/print_cards.html", cards=printed)


def cards_page(ref: str, form: RevokeForm, wrong: str | None = None) -> str:
    row = treatment_row(ref)
    note_view("patients.cards", [row.patient_id])
    lines = list_cards(db.session, row.patient_id)
    return render_template(
        "pages/patients/cards.html",
        row=row,
        name=name_of(db.session, row),
        in_use=[(card, qr_of(card.code), grouped(card.code)) for card in lines if card.revoked_at is None],
        revoked=[(card, grouped(card.code)) for card in lines if card.revoked_at is not None],
        form=form,
        wrong=wrong,
        request_key=new_request_key(),
        labels=LABELS,
    )


def cards_in_use(patient_id: int) -> list[CardLine]:
    return [card for card in list_cards(db.session, patient_id) if card.revoked_at is None][:1]


def printed_card(card: CardLine, caption: str) -> PrintedCard:
    return PrintedCard(qr_of(card.code), grouped(card.code), caption)


def qr_of(code: str) -> Markup:
    """The code as a drawing of version 1-Q, 21 modules with the quiet border of 4 that scanners ask for."""
    drawing = segno.make_qr(code, version=1, error="q", mode="alphanumeric", boost_error=False)
    svg = drawing.svg_inline(border=4, omitsize=True, dark="#000", light="#fff", svgclass=None, lineclass=None)
    return Markup(svg)  # noqa: S704 - made by segno of a code of digits and capital letters
