"""A visit's sign of danger over HTTP: the line above the point's pages, where it leads, and taking it on from there."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.people import StaffRole
from counseling.models.tasks import Task
from counseling.services.crises import take_on
from tests.outbox.story import SAVED, hand_in, waiting
from tests.outbox.test_correcting_a_group import filled, standing
from tests.outbox.test_danger_alerts import IN_DANGER, alerts
from tests.outbox.test_pages import NOW, at, database_url, noon, settle, words
from tests.outreach.story import log, someone
from tests.outreach.test_pages import forms
from tests.support.cast import Cast, post
from tests.support.files import by
from tests.support.phone import visit

__all__ = ["database_url", "noon"]
LINE = "Có tin cần xem ngay"


def banner_of(html: str) -> str:
    (found,) = re.findall(r'(?s)<div id="urgent".*?</div>\s*</div>', html)
    return str(found)


def test_the_line_leads_to_the_task_and_one_tap_there_takes_it_on(app: Flask, session: Session, cast: Cast) -> None:
    person, counselor = someone(session, cast), at(app, "counselor")
    log(session, cast, person, "met_needs_help", danger=("suicide",))
    banner = banner_of(counselor.get("/counseling/").text)
    assert f'href="/tasks/{person.ref}/"' in banner and LINE in words(banner)
    for hidden in ("Anh Ba", "nguy hiểm", "suicide"):
        assert hidden not in banner
    page = counselor.get(f"/tasks/{person.ref}/").text
    assert "Lần thăm này báo dấu hiệu nguy hiểm" in page and "Máy chưa gọi ai" in page
    taken = post(counselor, f"/messages/urgent/{alerts(session)[0].ref}/take")
    assert taken.headers["Location"] == f"/tasks/{person.ref}/"
    page = counselor.get(taken.headers["Location"]).text
    assert "Người mẫu counselor đã nhận" in words(page) and LINE not in page
    assert "Tôi nhận, tôi lo ngay" not in page
    settle(counselor, person.ref)
    assert "đã nhận lúc" not in counselor.get(f"/tasks/{person.ref}/").text, "it is over"


def test_the_line_leads_to_the_visit_that_waits(app: Flask, session: Session, cast: Cast) -> None:
    counselor = at(app, "counselor")
    hand_in(session, cast, visit(None, said="anh Tám chợ mới", **IN_DANGER))
    ref = waiting(session)[0].ref
    assert f'href="/teams/visits/{ref}/"' in banner_of(counselor.get("/tasks/").text)
    assert "Tôi nhận, tôi lo ngay" in counselor.get(f"/teams/visits/{ref}/").text
    taken = post(counselor, f"/messages/urgent/{alerts(session)[0].ref}/take")
    assert taken.headers["Location"] == f"/teams/visits/{ref}/"
    assert "Người mẫu counselor đã nhận" in words(counselor.get(f"/teams/visits/{ref}/").text)


def test_danger_that_is_added_in_a_correction_leads_to_what_to_do(app: Flask, session: Session, cast: Cast) -> None:
    """A sign that stood there before calls nobody anew, and leads back to the person."""
    person, volunteer = someone(session, cast), at(app, "volunteer")
    log(session, cast, person)
    for signs, leads_to in (
        (["overdose"], "/outreach/danger/?saved="),
        (["overdose"], f"/outreach/{person.ref}/"),
        (["overdose", "violence"], "/outreach/danger/?saved="),
        (["violence"], f"/outreach/{person.ref}/"),
    ):
        address = f"/outreach/{person.ref}/contacts/{standing(session)[person.id].ref}/"
        sent = {**filled(volunteer.get(address).text), "danger": signs, "outcome": "met_needs_help"}
        first, again = (post(volunteer, address, **sent).location for _ in range(2))
        assert first.startswith(leads_to) and again == first and alerts(session)
        assert ("Điểm tư vấn được báo" in words(volunteer.get(first).text)) is ("danger" in leads_to)


def test_nobody_else_reads_the_line_or_takes_it_on(app: Flask, session: Session, cast: Cast) -> None:
    log(session, cast, someone(session, cast), "met_needs_help", danger=("suicide",))
    address = f"/messages/urgent/{alerts(session)[0].ref}/take"
    for username, desk in (
        ("dispenser", 0), ("doctor", 0), ("nurse", 0), ("nurse", 1), ("volunteer", 0), ("supervisor", 0),
        ("community", 0), ("admin", 0),
    ):  # fmt: skip
        client = at(app, username, desk)
        assert LINE not in client.get("/account/password").text, username
        assert post(client, address).status_code == 404, username
    assert alerts(session)[0].taken_at is None


@pytest.mark.parametrize("way", ["closes the task", "has called"])
def test_danger_that_came_after_the_page_was_opened_goes_on_calling(
    app: Flask, session: Session, cast: Cast, way: str
) -> None:
    """As with texts: whoever clears an older one takes on what their page has shown."""
    person, counselor = someone(session, cast), at(app, "counselor")
    log(session, cast, person, "met_needs_help", danger=("violence",), now=NOW - timedelta(minutes=30))
    take_on(session, alerts(session)[0].id, by=by(cast, "counselor"), now=NOW - timedelta(minutes=20))
    close, call = f"/tasks/{person.ref}/close", f"/outreach/{person.ref}/"
    closing, calling = forms(counselor.get(f"/tasks/{person.ref}/").text, close), forms(counselor.get(call).text, call)
    hand_in(session, cast, visit(person.ref, outcome="needs_help", danger=["overdose"]), now=NOW - timedelta(minutes=1))
    assert [alert.taken_at is None for alert in alerts(session)] == [False, True]
    if way == "closes the task":
        post(counselor, close, **closing, outcome="done")
    else:
        post(counselor, call, **calling, kind="phone", next="", outcome="met_well")
    session.rollback()
    of_danger = session.query(Task).filter_by(kind="danger_sign").order_by(Task.id)
    assert [task.closed_at is None for task in of_danger] == [False, True]
    assert alerts(session)[1].taken_at is None


def test_danger_at_a_point_where_nobody_is_left_is_read_at_another_without_a_name(
    app: Flask, session: Session, cast: Cast
) -> None:
    person, reader = someone(session, cast), at(app, "nurse", 1)
    with writing(session) as tx:
        tx.execute(update(StaffRole).where(StaffRole.id == cast.roles["counselor"][0]).values(ended_at=SAVED))
    hand_in(session, cast, visit(person.ref, **IN_DANGER))
    address = f"/messages/urgent/{alerts(session)[0].ref}/"
    assert f'href="{address}"' in banner_of(reader.get("/account/password").text)
    page = words(reader.get(address).text)
    assert "Người mẫu volunteer" in page and "ở đó hiện không có ai đọc" in page
    for hidden in ("Anh Ba", "Nà Pàn", person.ref):
        assert hidden not in page
    assert post(reader, f"{address}take").headers["Location"] == address
    assert "đã nhận lúc" in reader.get(address).text


def test_the_page_for_another_points_danger_says_nothing_of_ones_own(app: Flask, session: Session, cast: Cast) -> None:
    log(session, cast, someone(session, cast), "met_needs_help", danger=("suicide",))
    assert at(app, "counselor").get(f"/messages/urgent/{alerts(session)[0].ref}/").status_code == 404
