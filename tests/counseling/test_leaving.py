"""Somebody leaves the point, or dies: nothing is sent to them and nobody expects them any more. On both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.domain.refusal import Refusal
from counseling.models.counseling import AftercareFile, Appointment
from counseling.models.patients import FileStatusChange, SupportFile
from counseling.queries.worklist import list_work
from counseling.services.support_status import change_support_status
from tests.counseling.story import accompany, known
from tests.outreach.story import log
from tests.support.cast import CAO_LOC, DONG_KINH, Cast, post, sign_in
from tests.support.files import by
from tests.support.reminding import TODAY, at, booked, outcomes, plan, queue, reach, texts
from tests.support.settings import MORNING

DAY = timedelta(days=1)


def leave(
    session: Session, cast: Cast, patient_id: int, status: str = "died", site: int = DONG_KINH, **on: Any
) -> None:
    values = {"since_on": TODAY, "today": TODAY, "now": MORNING, **on}
    change_support_status(session, patient_id, site_id=site, status=status, by=by(cast, "counselor"), **values)
    session.rollback()


@pytest.mark.parametrize(("status", "aftercare"), [("died", "died"), ("moved", "moved"), ("discharged", "own_wish")])
def test_who_leaves_gets_no_text_no_appointment_and_no_check_in(
    session: Session, cast: Cast, status: str, aftercare: str
) -> None:
    person = known(session, cast)
    reach(session, cast, person.id, "support")
    booked(session, cast, at(8, day=TODAY + DAY), person.id)
    accompany(session, cast, person)
    plan(session, at(6))
    queue(session, at(17))
    assert [row.state for row in texts(session)] == ["queued"]
    leave(session, cast, person.id, status)
    assert [row.state for row in texts(session)] == ["cancelled"]
    assert {state for state, _ in outcomes(session)} == {"cancelled"}
    assert list(session.scalars(select(Appointment.state))) == ["cancelled"]
    assert list(session.scalars(select(AftercareFile.end_reason))) == [aftercare]
    session.rollback()
    assert plan(session, at(6, day=TODAY + DAY)) == 0
    assert list_work(session, cast.viewer_of("volunteer"), TODAY, MORNING).total == 0


@pytest.mark.parametrize("status", ["died", "moved", "discharged"])
def test_the_page_of_whoever_has_left_names_no_next_time(
    app: Flask, session: Session, cast: Cast, start_clock_at: Any, status: str
) -> None:
    start_clock_at(MORNING)
    person, client = known(session, cast), app.test_client()
    log(session, cast, person, next_on=TODAY + 7 * DAY)
    sign_in(client, "counselor")
    assert "Lần hỏi thăm tới" in client.get(f"/patients/{person.ref}/").text
    leave(session, cast, person.id, status)
    assert "Lần hỏi thăm tới" not in client.get(f"/patients/{person.ref}/").text


def test_a_status_twice_is_once_and_days_go_forward(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    leave(session, cast, person.id)
    leave(session, cast, person.id)
    changes = select(FileStatusChange.status).where(FileStatusChange.patient_id == person.id)
    assert list(session.scalars(changes.order_by(FileStatusChange.id))) == ["active", "died"]
    session.rollback()
    with pytest.raises(Refusal, match="status_in_future"):
        leave(session, cast, person.id, "active", since_on=TODAY + DAY)
    with pytest.raises(Refusal, match="status_before_last"):
        leave(session, cast, person.id, "active", since_on=TODAY - DAY)
    with pytest.raises(Refusal, match="not_at_this_point"):
        leave(session, cast, person.id, "active", site=CAO_LOC)
    leave(session, cast, person.id, "active")
    assert session.scalar(select(SupportFile.status).where(SupportFile.patient_id == person.id)) == "active"


def test_the_counselor_says_it_on_a_page(app: Flask, session: Session, cast: Cast, start_clock_at: Any) -> None:
    start_clock_at(MORNING)
    person = known(session, cast)
    client = app.test_client()
    sign_in(client, "counselor")
    here = f"/counseling/status/{person.ref}"
    assert here in client.get(f"/patients/{person.ref}/").text
    refused = post(client, here, status="died", since_on="01/01/2020")
    assert refused.status_code == 422 and "ghi từ ngày đó trở đi" in refused.text
    assert post(client, here, status="died", since_on=f"{TODAY:%d/%m/%Y}").status_code == 303
    page = client.get(f"/patients/{person.ref}/").text
    assert "Đã mất" in page and "Hẹn gặp" not in page
