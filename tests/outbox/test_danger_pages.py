"""A visit's sign of danger over HTTP: the line above the point's pages, where it leads, and taking it on from there."""

from __future__ import annotations

import re

from flask import Flask
from sqlalchemy.orm import Session

from tests.outbox.story import hand_in, waiting
from tests.outbox.test_danger_alerts import IN_DANGER, alerts
from tests.outbox.test_pages import at, database_url, noon, words
from tests.outreach.story import log, someone
from tests.support.cast import Cast, post
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
    post(counselor, f"/tasks/{person.ref}/close", kind="danger_sign", outcome="done")
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
