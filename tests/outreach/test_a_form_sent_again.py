"""The same form once more, by a slow line or by the way back: nothing that was ticked meanwhile is lost."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.domain.phone_entries import Said
from counseling.models.audit import AuditEntry
from counseling.models.tasks import Task
from counseling.refs import new_request_key
from counseling.services.crises import take_on
from counseling.services.waiting_visits import keep_unlisted
from tests.outbox.story import SAVED, contacts, waiting
from tests.outbox.test_correcting_a_group import filled
from tests.outbox.test_danger_alerts import alerts
from tests.outbox.test_pages import at, form, noon, words
from tests.outreach.story import log, someone, undo
from tests.support.cast import Cast, post
from tests.support.files import by

__all__ = ["noon"]


def test_a_sign_that_is_ticked_before_the_form_is_sent_again_calls(app: Flask, session: Session, cast: Cast) -> None:
    """The answer was lost on the way, or the page was gone back to: it has its key still."""
    person, volunteer, sent = someone(session, cast), at(app, "volunteer"), form(outcome="met_needs_help")
    post(volunteer, f"/outreach/{person.ref}/", **sent)
    answer = post(volunteer, f"/outreach/{person.ref}/", **sent, danger=["suicide"])
    page = words(volunteer.get(answer.location).text)
    assert "Điểm tư vấn được báo: việc này đứng đầu danh sách của họ" in page
    assert len(alerts(session)) == 1 == session.query(Task).filter_by(kind="danger_sign").count() == 1


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
    session.rollback()
    assert len(alerts(session)) == session.query(Task).filter_by(kind="danger_sign").count() == 1


def keeps(session: Session, cast: Cast, key: str, *danger: str) -> None:
    said = Said(outcome="met_needs_help", said="anh Tám", danger=danger)
    keep_unlisted(session, cast.viewer_of("volunteer"), said, request_key=key, today=SAVED.date(), now=SAVED)


def test_a_strangers_new_sign_after_the_first_was_taken_on_calls(session: Session, cast: Cast) -> None:
    key = new_request_key()
    keeps(session, cast, key, "violence")
    take_on(session, alerts(session)[0].id, by=by(cast, "counselor"), now=SAVED)
    keeps(session, cast, key, "violence", "suicide")
    assert [row.danger for row in waiting(session)] == ["violence", "suicide,violence"], "it is written down"
    assert any(alert.taken_at is None for alert in alerts(session)), "and somebody hears of it"


def test_a_waiting_visit_that_is_changed_stands_in_the_chain(session: Session, cast: Cast) -> None:
    key = new_request_key()

    def lines() -> list[str]:
        session.rollback()
        return [row for row in session.scalars(select(AuditEntry.action)) if row.startswith("visit.")]

    keeps(session, cast, key)
    before = lines()
    keeps(session, cast, key, "suicide")
    assert len(lines()) > len(before)


def test_a_form_that_is_gone_back_to_after_its_visit_was_taken_back_is_not_called_saved(
    app: Flask, session: Session, cast: Cast
) -> None:
    person, volunteer = someone(session, cast), at(app, "volunteer")
    sent = form(outcome="met_needs_help", danger=["suicide"])
    post(volunteer, f"/outreach/{person.ref}/", **sent)
    undo(session, cast, person, contacts(session)[0].ref)
    answer = post(volunteer, f"/outreach/{person.ref}/", **sent)
    page = words(volunteer.get(answer.location).text)
    assert "Lần ghi này đã được sửa hoặc bỏ trước đó." in page and "Đã ghi" not in page
