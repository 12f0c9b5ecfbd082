"""After the first dose of an induction order somebody stays, and how they are is written down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.domain.first_dose import Seen
from counseling.domain.order_limits import LimitName
from counseling.domain.orders import Phase
from counseling.domain.refusal import Refusal
from counseling.models.observations import DoseObservation
from counseling.models.tasks import Task
from counseling.queries.observations import asks_for_observation, list_observed, observation_hours
from counseling.refs import new_request_key
from counseling.services.observations import record_observation
from tests.support.cast import CAO_LOC, DONG_KINH, Cast, post, sign_in
from tests.support.orders import last_entry
from tests.support.rules import set_limits
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, dose, opened, ordered, somebody

A_DAY, AN_HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def person(session: Session, cast: Cast) -> Person:
    """Somebody who has just drunk the first 20 mg of their life."""
    opened(session, cast)
    new = somebody(session, cast, elsewhere_until=None)
    dose(session, cast, new, ordered(session, cast, new, 200, phase=Phase.INDUCTION))
    return new


def look(session: Session, cast: Cast, person: Person, seen: Seen, *, key: str | None = None, hours: int = 3) -> None:
    viewer = cast.viewer_of("dispenser")
    record_observation(
        session,
        person.id,
        seen,
        site_id=DONG_KINH,
        note="ngồi ghế ngoài hiên",
        by=viewer.staff_id,
        actor=viewer.actor,
        request_key=key or new_request_key(),
        today=TODAY,
        now=MORNING + hours * AN_HOUR,
    )


def observed(session: Session, hours: int = 0, site: int = DONG_KINH) -> list[tuple[int, bool]]:
    session.rollback()
    return [(one.minutes_left, one.is_over) for one in list_observed(session, site, TODAY, MORNING + hours * AN_HOUR)]


def test_whoever_drinks_a_first_dose_is_watched_for_three_hours(session: Session, cast: Cast, person: Person) -> None:
    assert observed(session) == [(180, False)] and observed(session, site=CAO_LOC) == []
    look(session, cast, person, Seen.WELL, hours=1)
    assert observed(session, 1) == [(120, False)]
    look(session, cast, person, Seen.WELL)
    assert observed(session, 3) == [(0, True)]
    assert session.execute(select(Task)).all() == []


def test_the_hours_are_a_rule_of_the_facility(session: Session, cast: Cast, person: Person) -> None:
    set_limits(session, cast, {LimitName.OBSERVATION_HOURS: 4}, from_today=True)
    assert observation_hours(session, TODAY, DONG_KINH) == 4
    assert observed(session) == [(240, False)]


@pytest.mark.parametrize("seen", [Seen.DROWSY, Seen.HARD_TO_WAKE, Seen.LEFT])
def test_whoever_is_not_well_stands_on_the_doctors_list(
    session: Session, cast: Cast, person: Person, seen: Seen
) -> None:
    look(session, cast, person, seen, hours=1)
    look(session, cast, person, seen, hours=2)
    tasks = session.execute(select(Task.kind, Task.due_on, Task.closed_at)).all()
    assert tasks == [("first_dose_review", TODAY, None)]
    entry = last_entry(session, "observation.recorded")
    assert seen in entry.details and "hiên" not in entry.details


def test_only_the_first_day_of_an_induction_order_is_watched(session: Session, cast: Cast, person: Person) -> None:
    old = somebody(session, cast)
    dose(session, cast, old, ordered(session, cast, old))
    assert len(observed(session)) == 1
    assert asks_for_observation(session, 1, TODAY)
    assert not asks_for_observation(session, 1, TODAY + A_DAY) and not asks_for_observation(session, 2, TODAY)
    with pytest.raises(Refusal, match="no_first_dose"):
        look(session, cast, old, Seen.WELL)


def test_a_restart_is_watched_too(session: Session, cast: Cast) -> None:
    opened(session, cast)
    back = somebody(session, cast, elsewhere_until=TODAY - 9 * A_DAY)
    restart = ordered(session, cast, back, 200, phase=Phase.INDUCTION, restart_examined=True)
    assert asks_for_observation(session, restart, TODAY) and observed(session) == []
    dose(session, cast, back, restart)
    assert len(observed(session)) == 1


def test_of_a_split_first_day_the_last_part_counts(session: Session, cast: Cast) -> None:
    opened(session, cast)
    new = somebody(session, cast, elsewhere_until=None)
    split = ordered(session, cast, new, 100, 100, phase=Phase.INDUCTION)
    dose(session, cast, new, split)
    dose(session, cast, new, split, part=2, now=MORNING + 2 * AN_HOUR)
    assert observed(session, 2) == [(180, False)]


def test_the_same_look_sent_twice_is_kept_once(session: Session, cast: Cast, person: Person) -> None:
    key = new_request_key()
    for _ in range(2):
        look(session, cast, person, Seen.WELL, key=key)
    assert len(session.execute(select(DoseObservation)).all()) == 1


def test_the_window_says_it_before_and_after_the_dose(
    session: Session, cast: Cast, app: Flask, start_clock_at: Callable[[datetime], None]
) -> None:
    start_clock_at(MORNING)
    opened(session, cast)
    new = somebody(session, cast, elsewhere_until=None)
    order_id = ordered(session, cast, new, 200, phase=Phase.INDUCTION)
    window = app.test_client()
    sign_in(window, "dispenser")
    assert "ở lại ít nhất 3 giờ" in window.get(f"/patients/{new.ref}/dose").text
    assert "Đang theo dõi" not in window.get("/station/").text
    dose(session, cast, new, order_id)
    assert "Đang theo dõi sau liều đầu: 1 người" in window.get("/station/").text
    assert "Lý Văn Mẫu, 1990" in window.get("/station/first-doses").text
    url = f"/patients/{new.ref}/observation"
    page = window.get(url)
    assert "còn 180 phút" in page.text and "Khó gọi dậy" in page.text
    assert post(window, url, request_key=new_request_key()).status_code == 422
    assert post(window, url, request_key=new_request_key(), seen="fine").status_code == 400
    unwell = post(window, url, request_key=new_request_key(), seen="drowsy")
    assert unwell.status_code == 303 and "handed-over" in unwell.location
    start_clock_at(MORNING + 4 * AN_HOUR)
    sign_in(window, "dispenser")  # nobody has touched the device for hours
    assert post(window, url, request_key=new_request_key(), seen="well").status_code == 303
    assert "Đang theo dõi" not in window.get("/station/").text
    stranger = app.test_client()
    sign_in(stranger, "dispenser2")
    assert stranger.get(url).status_code == 404
