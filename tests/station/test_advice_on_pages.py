"""Overdose advice where a re-start stands on the screen, and on what is given to somebody who leaves without a dose."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from counseling.domain.orders import Phase
from counseling.queries.holds import list_holds
from counseling.refs import new_request_key
from counseling.services.holds import lift_hold, set_hold
from tests.supervision.story import statements_of
from tests.support.cast import Cast, sign_in
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, by, came, opened, ordered, somebody

A_DAY = timedelta(days=1)
ORDINARY = 15  # statements of a dose page without alerts before the advice was thought of, on SQLite
CAN_KILL, CALL = "có thể làm ngừng thở và chết người", "gọi 115"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture(autouse=True)
def at_half_past_six(start_clock_at: Callable[[datetime], None], app: object) -> None:
    start_clock_at(MORNING)


def dose_page(client: FlaskClient, session: Session, cast: Cast, person: Person) -> str:
    opened(session, cast)
    session.rollback()
    sign_in(client, "dispenser")
    return client.get(f"/patients/{person.ref}/dose").text


def test_a_dose_like_yesterdays_comes_without_advice(client: FlaskClient, session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    ordered(session, cast, person)
    page = dose_page(client, session, cast, person)
    assert "Rót 6,0 ml" in page and CAN_KILL not in page


def test_a_gap_is_a_re_start_before_and_after_the_doctors_new_order(
    client: FlaskClient, session: Session, cast: Cast
) -> None:
    person = somebody(session, cast, elsewhere_until=TODAY - 6 * A_DAY)
    page = dose_page(client, session, cast, person)
    assert "Nhiều ngày chưa uống" in page and CAN_KILL in page and CALL in page and "naloxone" in page
    ordered(session, cast, person, restart_examined=True)
    session.rollback()
    page = client.get(f"/patients/{person.ref}/dose").text
    assert "Rót 6,0 ml" in page and "Nhiều ngày chưa uống" in page and CAN_KILL in page


def test_the_first_dose_of_an_induction_comes_with_advice(client: FlaskClient, session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    ordered(session, cast, person, 200, phase=Phase.INDUCTION, ends_on=TODAY + 6 * A_DAY)
    page = dose_page(client, session, cast, person)
    assert "Những ngày đầu cơ thể chưa quen" in page and CAN_KILL in page


def test_the_first_dose_after_a_hold_comes_with_advice(client: FlaskClient, session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    ordered(session, cast, person)
    who = by(cast, "doctor")
    set_hold(session, person.id, "hold", "chờ khám", by_doctor=True, by=who, request_key=new_request_key(), now=MORNING)
    assert CAN_KILL not in dose_page(client, session, cast, person), "nothing is given yet: the stop says what to say"
    (hold,) = list_holds(session, person.id, TODAY)
    lift_hold(session, person.id, hold.ref, "đã khám", is_doctor=True, by=who, now=MORNING)
    session.rollback()
    assert "Uống lại sau khi tạm dừng" in client.get(f"/patients/{person.ref}/dose").text


@pytest.mark.parametrize(("outcome", "said"), [("stopped", True), ("withheld", True), ("refused", False)])
def test_whoever_leaves_without_a_dose_takes_the_advice_along(
    client: FlaskClient, session: Session, cast: Cast, outcome: str, said: bool
) -> None:
    person = somebody(session, cast)
    ordered(session, cast, person)
    opened(session, cast)
    came(session, cast, person, outcome, reason="on_hold" if outcome == "stopped" else None)
    session.rollback()
    sign_in(client, "dispenser")
    page = client.get(f"/patients/{person.ref}/handed-over").text
    assert (CAN_KILL in page, CALL in page) == (said, said)
    advice = page.split('id="advice"')[1].split("</section>")[0] if said else ""
    assert not any(word in advice for word in ("methadone", "Lý Văn Mẫu", "mg", "bác sĩ", "cấp phát"))


def test_the_ordinary_dose_page_asks_no_more_than_before(client: FlaskClient, session: Session, cast: Cast) -> None:
    """What is known of holds and of the first day was asked for before."""
    person = somebody(session, cast)
    ordered(session, cast, person)
    dose_page(client, session, cast, person)
    with statements_of(session) as statements:
        client.get(f"/patients/{person.ref}/dose")
    assert len(statements) <= ORDINARY
