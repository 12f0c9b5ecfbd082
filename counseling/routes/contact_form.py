"""What the forms of a contact say; codes that are none are refused by the service."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import abort, g, request
from werkzeug.datastructures import MultiDict

from counseling.database import db
from counseling.domain.contacts import MOST_KM, PLACES
from counseling.domain.phone_entries import LONGEST_NAME, LONGEST_NOTE, Said
from counseling.queries.actors import find_colleague
from counseling.routes.patients.parts import key_of, newest_shown
from counseling.routes.typed_fields import stripped
from counseling.services.contact_details import NewContact

NO_NUMBER = -1  # refused as out of range
AS_BEFORE = "before"  # for whom it was written: somebody who is in the team no longer
_KM = re.compile(r"([0-9]{1,3})(?:[.,]([0-9])[0-9]?)?")


@dataclass(frozen=True)
class Typed:
    """A form with something to be corrected, shown again as it was filled in. `errors`: the fields in question."""

    errors: tuple[str, ...]
    said: str
    people: list[str]
    topics: list[str]
    needs: list[str]
    danger: list[str]
    mood: str | None
    note: str
    next_on: date | None
    minutes: int | None
    km: str
    behalf_of: str


def form_key() -> str:
    return key_of(request.form.get("request_key"))


def ticked() -> NewContact:
    form = request.form
    place = PLACES.get(form.get("kind", ""), ("", None))
    return NewContact(
        kind=place[0],
        company=place[1],
        outcome=form.get("outcome", ""),
        topics=form.getlist("topic"),
        note=stripped(form.get("note"))[:LONGEST_NOTE] or None,
        next_on=chosen_day(form.get("next", "")),
        answers=form.getlist("task"),
        shown=newest_shown(),
        behalf_of_id=colleague(form.get("behalf_of", "")),
        is_own=form.get("behalf_of") == "",
        **more(form),
    )


def more(form: MultiDict[str, str]) -> dict[str, Any]:
    return {
        "needs": form.getlist("need"),
        "danger": form.getlist("danger"),
        "mood": form.get("mood") or None,
        "minutes": number(form.get("minutes", "")),
        "km": whole_km(form.get("km", "")),
    }


def typed(*errors: str) -> Typed:
    form = request.form
    return Typed(
        errors=errors,
        said=form.get("said", ""),
        people=form.getlist("person"),
        topics=form.getlist("topic"),
        needs=form.getlist("need"),
        danger=form.getlist("danger"),
        mood=form.get("mood"),
        note=form.get("note", ""),
        next_on=chosen_day(form.get("next", "")),
        minutes=number(form.get("minutes", "")),
        km=form.get("km", ""),
        behalf_of=form.get("behalf_of", ""),
    )


def mistyped() -> tuple[str, ...]:
    """The fields in which something else was typed than a form can take."""
    return ("km",) if whole_km(request.form.get("km", "")) == NO_NUMBER else ()


def said_of_stranger() -> Said:
    """The same of somebody who is not on the list."""
    form = request.form
    next_on = chosen_day(form.get("next", ""))
    return Said(
        outcome=form.get("outcome", ""),
        said=stripped(form.get("said"))[:LONGEST_NAME] or None,
        place=form.get("kind", ""),
        topics=tuple(form.getlist("topic")),
        needs=tuple(form.getlist("need")),
        danger=tuple(form.getlist("danger")),
        agreed=stripped(form.get("note"))[:LONGEST_NOTE] or None,
        next_on=next_on.isoformat() if next_on else None,
        mood=form.get("mood") or None,
        minutes=number(form.get("minutes", "")),
        km=whole_km(form.get("km", "")),
        behalf_of=form.get("behalf_of") or None,
    )


def chosen_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        abort(400)


def number(text: str) -> int | None:
    """Nothing typed is no number; anything but a number is refused as one out of range."""
    text = text.strip()
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else NO_NUMBER


def whole_km(text: str) -> int | None:
    """As people write it, "3,5" too, in the whole kilometres that are kept; NO_NUMBER where it is none or too far."""
    if not text.strip():
        return None
    found = _KM.fullmatch(text.strip())
    km = int(found[1]) + ((found[2] or "0") >= "5") if found else NO_NUMBER
    return km if km <= MOST_KM else NO_NUMBER


def colleague(ref: str) -> int | None:
    """None: nobody, or whoever it was written for before."""
    if ref in ("", AS_BEFORE):
        return None
    found = find_colleague(db.session, g.viewer, ref)
    if found is None:
        abort(400)
    return found
