"""What a volunteer ticked is read where it is looked for: on the person's file, on their visits, on one that waits."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.people import StaffRole
from counseling.queries.actors import actor_ref
from counseling.services.waiting_visits import dismiss_visit
from tests.outbox.story import ARRIVAL, hand_in, waiting
from tests.outbox.test_pages import at, noon, words
from tests.outreach.story import TODAY, log, someone
from tests.support.cast import TEAM, Cast
from tests.support.phone import visit

__all__ = ["noon"]
NEXT = TODAY + timedelta(days=9)
TICKED: dict[str, Any] = {
    "topics": ("money", "friends"), "needs": ("papers", "company"), "danger": ("violence",), "mood": "low",
    "minutes": 90, "km": 12,
}  # fmt: skip
# Field → what a page shows of it.
SHOWN = {
    "place": "Cùng người nhà",
    "topics": "tiền nong · bạn bè",
    "needs": "cần: làm giấy tờ, người trò chuyện",
    "mood": "tinh thần: buồn, mệt",
    "danger": "Bị đánh, bị đe dọa",
    "minutes": "1 giờ 30 phút",
    "km": "12 km",
    "next day": "hẹn 01/12/2026",
    "on behalf of": "Người mẫu volunteer ghi hộ Người mẫu volunteer2",
}
OF_A_WAITING_ONE = {
    **SHOWN,
    "topics": "Đã nói chuyện về tiền nong, bạn bè",
    "needs": "Cần giúp gì làm giấy tờ, người trò chuyện",
    "mood": "Tinh thần Buồn, mệt",
    "minutes": "Mất bao lâu 1 giờ 30 phút",
    "km": "Đi bao nhiêu km, cả về 12",
    "next day": "Hẹn lần tới 01/12/2026",
    "on behalf of": "Người ghi Người mẫu volunteer ghi hộ Người mẫu volunteer2",
}


@pytest.fixture
def logged(session: Session, cast: Cast) -> str:
    """A contact of which everything is said; gives the person's reference."""
    person, behalf = someone(session, cast), cast.staff["volunteer2"]
    place = {"kind": "home", "company": "family"}
    log(session, cast, person, "met_needs_help", next_on=NEXT, behalf_of_id=behalf, **place, **TICKED)
    return person.ref


@pytest.mark.parametrize("field", SHOWN)
def test_the_persons_file_says_it_to_the_point_and_to_the_team(app: Flask, logged: str, field: str) -> None:
    for who in ("counselor", "volunteer"):
        assert SHOWN[field] in words(at(app, who).get(f"/patients/{logged}/").text), who


@pytest.mark.parametrize("field", SHOWN)
def test_the_visits_before_say_it_beside_the_form(app: Flask, logged: str, field: str) -> None:
    expected = {**SHOWN, "on behalf of": "ghi hộ Người mẫu volunteer2"}
    for who in ("counselor", "volunteer"):
        page = words(at(app, who).get(f"/outreach/{logged}/").text)
        assert expected[field] in page.split("Những lần trước")[1], who


@pytest.mark.parametrize("field", OF_A_WAITING_ONE)
def test_a_visit_that_waits_says_it_to_whoever_has_to_find_out_whose_it_is(
    app: Flask, session: Session, cast: Cast, field: str
) -> None:
    with writing(session) as tx:  # a second volunteer of the team
        role = {"kind": "volunteer", "side": "support", "team_id": TEAM, "given_at": ARRIVAL}
        row = insert(StaffRole).values(staff_id=cast.staff["volunteer2"], **role)
        colleague = tx.execute(row.returning(StaffRole.id)).scalar_one()
    said = {**TICKED, "next_on": NEXT.isoformat(), "behalf_of": actor_ref(session, colleague), "place": "family"}
    hand_in(session, cast, visit(None, said="anh Tám", **said))
    page = words(at(app, "counselor").get(f"/teams/visits/{waiting(session)[0].ref}/").text)
    assert OF_A_WAITING_ONE[field] in page


def test_what_was_not_said_leaves_no_line(app: Flask, session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    log(session, cast, person)
    hand_in(session, cast, visit(None, said="anh Tám"))
    counselor = at(app, "counselor")
    file = words(counselor.get(f"/patients/{person.ref}/").text)
    assert "Gặp, ổn · Người mẫu volunteer" in file
    page = words(counselor.get(f"/teams/visits/{waiting(session)[0].ref}/").text)
    for label in ("cần:", "tinh thần", "ghi hộ", " km", " phút"):
        assert label not in file.split("Liên lạc")[1].split("Buổi tư vấn")[0], label
    for label in (
        "Đã nói chuyện về",
        "Cần giúp gì",
        "Tinh thần",
        "Mất bao lâu",
        "Đi bao nhiêu",
        "Hẹn lần tới",
        "ghi hộ",
    ):
        assert label not in page, label


def test_who_looks_over_an_area_reads_that_there_was_contact_and_no_more(app: Flask, logged: str) -> None:
    page = words(at(app, "community").get(f"/patients/{logged}/").text)
    assert "Tại nhà" in page and "Gặp, cần giúp" in page
    for field, shown in SHOWN.items():
        assert shown not in page, field
    assert "Người mẫu volunteer" not in page


def test_a_word_of_a_newer_phone_is_not_taken_for_another(app: Flask, session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    hand_in(session, cast, visit(person.ref, mood="sunny"))
    page = words(at(app, "counselor").get(f"/patients/{person.ref}/").text)
    assert "tinh thần: khác" in page and "bình thường" not in page


def test_the_points_day_names_whose_visit_it_was_and_where(app: Flask, logged: str) -> None:
    day = words(at(app, "counselor").get("/counseling/").text)
    assert "Cùng người nhà · Người mẫu volunteer ghi hộ Người mẫu volunteer2" in day


def test_the_months_sheet_says_what_is_not_in_it(app: Flask, session: Session, cast: Cast) -> None:
    someone(session, cast)
    volunteer, role = at(app, "volunteer"), cast.roles["volunteer"][0]
    for page in (words(volunteer.get("/outreach/month").text),):
        assert "chưa cộng" not in page and "không cộng" not in page
    for name in ("anh Tám", "anh Chín", "thử máy"):
        hand_in(session, cast, visit(None, said=name, minutes=30))
    hand_in(session, cast, visit(None, said="của đội khác"), who="volunteer2")
    dismiss_visit(session, cast.viewer_of("counselor"), waiting(session)[2].ref, "trial", ARRIVAL)
    for page in (volunteer.get("/outreach/month").text, at(app, "counselor").get(f"/teams/sheets/{role}").text):
        shown = words(page)
        assert "2 lần ghi đang chờ điểm tư vấn xem lại, nên chưa cộng ở đây." in shown
        assert "1 lần ghi đã được cất đi (đã có trong sổ, ghi nhầm hoặc ghi thử), nên không cộng." in shown
        assert not re.search("anh Tám|anh Chín|thử máy", page)
    before = words(volunteer.get("/outreach/month?month=2026-10").text)
    assert "chưa cộng" not in before and "không cộng" not in before
    log(session, cast, someone(session, cast, "Chị Tư"), minutes=15)
    assert "2 lần ghi đang chờ" in words(volunteer.get("/outreach/month").text), "beside the days too"
