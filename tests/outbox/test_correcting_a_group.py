"""One person's row of a meeting is corrected on the page by its author, and what is not changed stays as it was."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from tests.outbox.story import contacts, hand_in
from tests.outbox.test_pages import at, database_url, noon
from tests.outreach.story import someone
from tests.support.cast import Cast, post
from tests.support.phone import visit

__all__ = ["database_url", "noon"]
SAID: dict[str, Any] = {
    "topics": ["work", "fishing"], "needs": ["papers", "boat"], "mood": "sunny", "danger": ["violence", "flood"],
    "minutes": 45, "km": 7, "agreed": "Thứ Hai ra ủy ban",
}  # fmt: skip
KEPT = ("company", "group_key", "topics", "needs", "mood", "danger", "minutes", "km", "contact_on", "behalf_of_id")


def filled(page: str) -> dict[str, Any]:
    """The form as the browser would send it if nobody touched anything."""
    (form,) = re.findall(r'(?s)<form class="fill person".*?</form>', page)
    fields: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="(?:radio|checkbox)" name="(\w+)" value="([^"]*)" checked', form):
        fields.setdefault(name, []).append(value)
    fields["km"] = re.findall(r'name="km"[^>]*value="(\d*)"', form)
    fields["note"] = [unescape(text) for text in re.findall(r"(?s)<textarea[^>]*>(.*?)</textarea>", form)]
    fields["request_key"] = re.findall(r'name="request_key" value="(\w+)"', form)
    return fields


def test_one_row_of_a_meeting_is_corrected_and_drops_nothing_by_accident(
    app: Flask, session: Session, cast: Cast
) -> None:
    """Codes of a newer phone too, which this page does not know. Of one who came alone the phone says all of them."""
    person = someone(session, cast, "Anh Ba")
    hand_in(session, cast, visit(None, people=[person.ref], **SAID), kind="group")
    volunteer, (one,) = at(app, "volunteer"), contacts(session)
    address = f"/outreach/{person.ref}/contacts/{one.ref}/"
    page = volunteer.get(address).text
    assert post(volunteer, address, **filled(page), outcome="met_needs_help").status_code == 303
    *_, corrected = contacts(session)
    assert (corrected.corrects_id, corrected.outcome, one.outcome) == (one.id, "met_needs_help", "met_well")
    for column in KEPT:
        assert getattr(corrected, column) == getattr(one, column), column
    assert "Thứ Hai ra ủy ban" in volunteer.get(f"/outreach/{person.ref}/").text
    sheet = " ".join(re.sub(r"<[^>]*>", " ", volunteer.get("/outreach/month").text).split())
    assert "Cộng – – 1 – 0:45 7" in sheet, "still one meeting"
    fields = filled(volunteer.get(f"/outreach/{person.ref}/contacts/{corrected.ref}/").text)
    unticked = {**fields, "topic": [], "need": [], "danger": [], "mood": "good"}
    post(volunteer, f"/outreach/{person.ref}/contacts/{corrected.ref}/", **unticked, outcome="met_well")
    *_, last = contacts(session)
    assert (last.topics, last.needs, last.mood, last.danger) == ("fishing", "boat", "good", "flood")
