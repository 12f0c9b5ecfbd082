"""The same form once more, by a slow line or by the way back: nothing that was ticked meanwhile is lost."""

from __future__ import annotations

from flask import Flask
from sqlalchemy.orm import Session

from counseling.models.tasks import Task
from tests.outbox.story import waiting
from tests.outbox.test_correcting_a_group import filled
from tests.outbox.test_danger_alerts import alerts
from tests.outbox.test_pages import at, form, noon, words
from tests.outreach.story import log, someone
from tests.support.cast import Cast, post

__all__ = ["noon"]


def test_a_sign_that_is_ticked_before_the_form_is_sent_again_calls(app: Flask, session: Session, cast: Cast) -> None:
    """The answer was lost on the way, or the page was gone back to: it has its key still."""
    person, volunteer, sent = someone(session, cast), at(app, "volunteer"), form(outcome="met_needs_help")
    post(volunteer, f"/outreach/{person.ref}/", **sent)
    answer = post(volunteer, f"/outreach/{person.ref}/", **sent, danger=["suicide"])
    page = words(volunteer.get(answer.location).text)
    assert alerts(session) or "Điểm tư vấn được báo: việc này đứng đầu danh sách của họ" not in page
    assert alerts(session) and session.query(Task).filter_by(kind="danger_sign").count() == 1


def test_a_sign_that_is_ticked_before_a_strangers_form_is_sent_again_calls(
    app: Flask, session: Session, cast: Cast
) -> None:
    volunteer, sent = at(app, "volunteer"), form(outcome="met_needs_help", said="anh Tám")
    post(volunteer, "/outreach/new", **sent)
    answer = post(volunteer, "/outreach/new", **sent, danger=["suicide"])
    assert answer.location.startswith("/outreach/danger/")
    assert [row.danger for row in waiting(session)] == ["suicide"] and alerts(session)


def test_a_sign_that_is_ticked_before_a_correction_is_sent_again_calls(
    app: Flask, session: Session, cast: Cast
) -> None:
    person, volunteer = someone(session, cast), at(app, "volunteer")
    made = log(session, cast, person)
    address = f"/outreach/{person.ref}/contacts/{made}/"
    sent = {**filled(volunteer.get(address).text), "outcome": "met_needs_help"}
    post(volunteer, address, **sent)
    post(volunteer, address, **{**sent, "danger": ["suicide"]})
    said = words(volunteer.get(f"/outreach/{person.ref}/").text)
    assert alerts(session) or "Đã sửa lần ghi" not in said
