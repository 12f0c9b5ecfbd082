"""A meeting is corrected on the phone, all of it, or one person's row on the page: what is not changed stays."""

from __future__ import annotations

import re
import uuid
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from counseling.models.tasks import Task
from tests.outbox.story import contacts, hand_in, waiting
from tests.outbox.test_pages import at, database_url, noon
from tests.outbox.test_whose_visit_it_is import FAR, becomes
from tests.outreach.story import someone, summary
from tests.support.cast import Cast, post
from tests.support.phone import visit
from tests.support.treatment import Person

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


def standing(session: Session) -> dict[int, Any]:
    """The last word about each who came."""
    rows = contacts(session)
    replaced = {row.corrects_id for row in rows}
    return {row.patient_id: row for row in rows if row.id not in replaced and row.outcome != "withdrawn"}


def test_who_came_is_ticked_anew_on_the_phone(app: Flask, session: Session, cast: Cast) -> None:
    ba, tu, nam = (someone(session, cast, name) for name in ("Anh Ba", "Chị Tư", "Anh Năm"))
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    hand_in(session, cast, visit(None, people=[ba.ref, tu.ref], place="group", minutes=45), kind="group", id=first)
    again = visit(None, people=[tu.ref, nam.ref], place="group", minutes=90, topics=["work"], corrects=first)
    assert hand_in(session, cast, again, kind="group", id=second) == "stored"
    came = standing(session)
    assert set(came) == {tu.id, nam.id}
    assert {(row.minutes, row.topics, row.outcome) for row in came.values()} == {(90, "work", "met_well")}
    assert len({row.group_key for row in came.values()}) == 1
    sheet = " ".join(re.sub(r"<[^>]*>", " ", at(app, "volunteer").get("/outreach/month").text).split())
    assert "Cộng – – 1 – 1:30 –" in sheet, "still one meeting"
    back = visit(None, people=[ba.ref], place="group", corrects=second)  # the last word of the phone, not its first
    assert hand_in(session, cast, back, kind="group") == "stored"
    assert set(standing(session)) == {ba.id}


@pytest.mark.parametrize(
    "meanwhile", [FAR, {"team_id": None}, {"status": "discharged"}], ids=["moved", "taken off the list", "closed"]
)
def test_who_is_taken_out_of_a_meeting_is_out_wherever_they_are_by_now(
    app: Flask, session: Session, cast: Cast, meanwhile: dict[str, Any]
) -> None:
    """That somebody was not there is the author's own word: no counselor could decide on it."""
    ba, tu, first = someone(session, cast, "Anh Ba"), someone(session, cast, "Chị Tư"), str(uuid.uuid4())
    met = visit(None, people=[ba.ref, tu.ref], place="group", minutes=45)
    hand_in(session, cast, met, kind="group", id=first)
    becomes(session, tu, **meanwhile)
    told = visit(None, people=[ba.ref], place="group", minutes=60, corrects=first)
    assert hand_in(session, cast, told, kind="group") == "stored"
    assert set(standing(session)) == {ba.id} and not waiting(session)
    assert summary(session, tu) == (None, None)
    sheet = " ".join(re.sub(r"<[^>]*>", " ", at(app, "volunteer").get("/outreach/month").text).split())
    assert "Cộng – – 1 – 1:00 –" in sheet


def test_who_has_moved_and_did_come_waits_with_what_was_said_anew(app: Flask, session: Session, cast: Cast) -> None:
    ba, tu, first = someone(session, cast, "Anh Ba"), someone(session, cast, "Chị Tư"), str(uuid.uuid4())
    hand_in(session, cast, visit(None, people=[ba.ref, tu.ref], place="group", km=3), kind="group", id=first)
    becomes(session, tu, **FAR)
    told = visit(None, people=[ba.ref, tu.ref], place="group", km=5, corrects=first)
    assert hand_in(session, cast, told, kind="group") == "quarantined"
    (row,) = waiting(session)
    assert post(at(app, "nurse", 1), f"/teams/visits/{row.ref}/match", person=tu.ref).status_code == 303
    about = standing(session)
    assert [(about[one.id].km, about[one.id].group_key) for one in (ba, tu)] == [(5, about[ba.id].group_key)] * 2


def test_what_was_written_about_one_of_them_stays_with_them(app: Flask, session: Session, cast: Cast) -> None:
    ba, tu = (someone(session, cast, name) for name in ("Anh Ba", "Chị Tư"))
    first = str(uuid.uuid4())
    hand_in(session, cast, visit(None, people=[ba.ref, tu.ref], place="group"), kind="group", id=first)
    volunteer, row = at(app, "volunteer"), standing(session)[ba.id]
    address = f"/outreach/{ba.ref}/contacts/{row.ref}/"
    own = {"need": ["papers"], "mood": "low", "note": ["Thứ Hai ra ủy ban"]}
    post(volunteer, address, **{**filled(volunteer.get(address).text), **own}, outcome="met_well")
    hand_in(session, cast, visit(None, people=[ba.ref, tu.ref], place="group", km=3, corrects=first), kind="group")
    about = standing(session)
    assert [(about[one.id].needs, about[one.id].mood, about[one.id].km) for one in (ba, tu)] == [
        ("papers", "low", 3), ("", None, 3)
    ]  # fmt: skip
    assert "Thứ Hai ra ủy ban" in volunteer.get(f"/outreach/{ba.ref}/").text


def test_a_meeting_of_somebody_else_or_of_nobody_is_corrected_by_none(session: Session, cast: Cast) -> None:
    ba, first = someone(session, cast, "Anh Ba"), str(uuid.uuid4())
    hand_in(session, cast, visit(None, people=[ba.ref], place="group"), kind="group", id=first)
    for who, corrects in (("volunteer2", first), ("volunteer", str(uuid.uuid4()))):
        told = visit(None, people=[ba.ref], place="group", corrects=corrects)
        assert hand_in(session, cast, told, who=who, kind="group") == "quarantined"
    assert [row.code for row in waiting(session)] == ["unknown_entry"] * 2
    assert len(contacts(session)) == 1
    twice = visit(None, people=[ba.ref, "nobodyknows"], place="group", km=2, corrects=first)
    assert hand_in(session, cast, twice, kind="group") == "quarantined"
    assert waiting(session)[-1].code == "unknown_ref" and standing(session)[ba.id].km == 2


def test_a_sign_of_danger_that_a_correction_brings_is_not_lost(session: Session, cast: Cast) -> None:
    """Of one who came alone the older form of a phone asks it, and it is known whose it is."""
    ba, first = someone(session, cast, "Anh Ba"), str(uuid.uuid4())
    hand_in(session, cast, visit(None, people=[ba.ref], place="group", needs=["papers"]), kind="group", id=first)
    told = visit(None, people=[ba.ref], place="group", danger=["suicide"], corrects=first)
    assert hand_in(session, cast, told, kind="group") == "stored"
    assert (standing(session)[ba.id].danger, standing(session)[ba.id].needs) == ("suicide", "papers")
    assert session.query(Task).filter_by(kind="danger_sign").one().patient_id == ba.id


def test_of_a_large_meeting_everybody_is_in_the_book(session: Session, cast: Cast) -> None:
    """As many as a phone's list can show at once, and more."""
    people = [someone(session, cast, f"Anh {number}").ref for number in range(110)]
    hand_in(session, cast, visit(None, people=people, place="group"), kind="group")
    assert len(contacts(session)) == 110
    assert waiting(session) == []


def test_whoever_of_a_meeting_was_met_at_home_counts_its_hours_and_its_way_no_second_time(
    app: Flask, session: Session, cast: Cast
) -> None:
    """The form stands filled with them. New ones are kept, and those of the last one left, whose meeting was none."""
    ba, tu, nam = (someone(session, cast, name) for name in ("Anh Ba", "Chị Tư", "Anh Năm"))
    met = visit(None, people=[ba.ref, tu.ref, nam.ref], place="group", minutes=60, km=4)
    hand_in(session, cast, met, kind="group")
    volunteer = at(app, "volunteer")

    def at_home(person: Person, **new: object) -> tuple[int | None, int | None]:
        address = f"/outreach/{person.ref}/contacts/{standing(session)[person.id].ref}/"
        fields = {**filled(volunteer.get(address).text), "kind": "home", **new}
        assert post(volunteer, address, **fields, outcome="met_well").status_code == 303
        row = standing(session)[person.id]
        assert (row.kind, row.group_key) == ("home", None)
        return row.minutes, row.km

    def total() -> str:
        return " ".join(re.sub(r"<[^>]*>", " ", volunteer.get("/outreach/month").text).split())

    assert at_home(ba) == (None, None)
    assert "Cộng 1 – 1 – 1:00 4" in total()
    assert at_home(tu, minutes="15") == (15, None)
    assert "Cộng 2 – 1 – 1:15 4" in total()
    assert at_home(nam) == (60, 4)
    assert "Cộng 3 – – – 1:15 4" in total()
