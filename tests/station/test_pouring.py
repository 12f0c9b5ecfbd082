"""Poured, then drunk or not: one cup at a time, a spill for what is not drunk, a visit that others go on with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from counseling.database import vault_of
from counseling.domain.refusal import Refusal
from counseling.domain.station_days import DayState
from counseling.models.doses import DayDose, StationVisit
from counseling.models.tasks import Task
from counseling.models.window import DosePour, Spill
from counseling.refs import new_request_key
from counseling.services.doses import SeenDose, record_dose
from counseling.services.ledger_verification import verify_ledger
from counseling.services.pours import pour_dose, spill_pour
from counseling.services.station_days import move_station_day
from counseling.services.visits import NewVisit, record_visit, record_vomiting
from tests.support.cast import CAO_LOC, DONG_KINH, FACILITY, Cast
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, came, dose, opened, ordered, somebody, window

MINUTE = timedelta(minutes=1)


@pytest.fixture
def person(session: Session, cast: Cast) -> Person:
    person = somebody(session, cast)
    opened(session, cast)
    return person


@pytest.fixture
def order(session: Session, cast: Cast, person: Person) -> int:
    return ordered(session, cast, person, 605)


def seen(order: int, part: int = 1, mg_tenths: int = 605, **changes: Any) -> SeenDose:
    return SeenDose(**{"dose_on": TODAY, "order_id": order, "part": part, "mg_tenths": mg_tenths, **changes})


def pour(session: Session, cast: Cast, person: Person, what: SeenDose, key: str = "", **at: Any) -> None:
    pour_dose(session, person.ref, what, request_key=key or new_request_key(), **{**window(cast), **at})


def drink(session: Session, cast: Cast, person: Person, what: SeenDose) -> None:
    record_dose(session, person.ref, what, request_key=new_request_key(), **window(cast))


def spill(session: Session, cast: Cast, person: Person, reason: str = "left", key: str = "", **at: Any) -> None:
    cup = session.execute(select(DosePour.id).order_by(DosePour.id.desc()).limit(1)).scalar_one()
    words = at.pop("observations", None)
    spill_pour(
        session, person.id, cup, reason, observations=words, request_key=key or new_request_key(),
        **{**window(cast), **at},
    )  # fmt: skip


def cups(session: Session) -> list[tuple[str | None, int | None]]:
    session.rollback()
    return [tuple(row) for row in session.execute(select(DosePour.ended_by, DosePour.day_dose_id))]  # type: ignore[misc]


def count(session: Session, table: Any) -> int:
    session.rollback()
    return session.execute(select(func.count()).select_from(table)).scalar_one()


def open_tasks(session: Session) -> list[tuple[str, int]]:
    session.rollback()
    query = select(Task.kind, Task.site_id).where(Task.closed_at.is_(None)).order_by(Task.kind)
    return [tuple(row) for row in session.execute(query)]  # type: ignore[misc]


def refusal(act: Any) -> str:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value.code


def test_a_cup_that_is_drunk_names_its_dose(session: Session, cast: Cast, person: Person, order: int) -> None:
    pour(session, cast, person, seen(order))
    assert (cups(session), count(session, DayDose)) == ([(None, None)], 0)
    drink(session, cast, person, seen(order))
    recorded = session.execute(select(DayDose.id)).scalar_one()
    assert cups(session) == [("swallowed", recorded)]


def test_nothing_is_drunk_that_was_not_poured(session: Session, cast: Cast, person: Person, order: int) -> None:
    assert refusal(lambda: drink(session, cast, person, seen(order))) == "not_poured"
    assert count(session, DayDose) == 0


def test_one_cup_stands_at_a_time(session: Session, cast: Cast, person: Person, order: int) -> None:
    key = new_request_key()
    pour(session, cast, person, seen(order), key)
    pour(session, cast, person, seen(order), key)
    assert refusal(lambda: pour(session, cast, person, seen(order))) == "already_poured"
    assert len(cups(session)) == 1


def test_what_is_not_drunk_becomes_a_spill_and_the_dose_can_be_poured_again(
    session: Session, cast: Cast, person: Person, order: int
) -> None:
    pour(session, cast, person, seen(order))
    spill(session, cast, person, "overturned")
    spill(session, cast, person, "overturned")
    row = session.execute(select(Spill)).scalar_one()
    assert (row.mg_tenths, row.reason, row.site_id, row.spilled_on) == (605, "overturned", DONG_KINH, TODAY)
    assert refusal(lambda: drink(session, cast, person, seen(order))) == "not_poured"
    assert count(session, StationVisit) == 0
    dose(session, cast, person, order)
    assert [ended for ended, _ in cups(session)] == ["spilled", "swallowed"]


def test_a_cup_that_was_drunk_cannot_be_poured_away(session: Session, cast: Cast, person: Person, order: int) -> None:
    dose(session, cast, person, order)
    assert refusal(lambda: spill(session, cast, person)) == "not_poured"
    assert count(session, Spill) == 0


@pytest.mark.parametrize(("reason", "tasks"), [
    ("refused", [("follow_up", DONG_KINH)]),
    ("withheld", [("follow_up", DONG_KINH), ("withheld_review", FACILITY)]),
])  # fmt: skip
def test_who_refuses_or_shows_signs_after_pouring_is_a_visit_too(
    session: Session, cast: Cast, person: Person, order: int, reason: str, tasks: list[tuple[str, int]]
) -> None:
    pour(session, cast, person, seen(order))
    spill(session, cast, person, reason, observations="đi không vững")
    visit = session.execute(select(StationVisit)).scalar_one()
    assert (visit.outcome, visit.visit_on) == (reason, TODAY)
    words = vault_of(session).open("station_visits.observations", visit.request_key, visit.observations)
    assert words == "đi không vững"
    assert open_tasks(session) == tasks


def test_the_question_before_pouring_is_the_doses_answer(session: Session, cast: Cast) -> None:
    person = somebody(session, cast, elsewhere_until=TODAY - timedelta(days=3))
    days = {"starts_on": TODAY - timedelta(days=9), "ends_on": TODAY + timedelta(days=9)}
    order = ordered(session, cast, person, 605, now=MORNING - timedelta(days=9), **days)
    opened(session, cast)
    assert refusal(lambda: pour(session, cast, person, seen(order))) == "check_missing"
    pour(session, cast, person, seen(order, gap_check=True))
    drink(session, cast, person, seen(order))
    assert session.execute(select(DayDose.gap_check)).scalar_one() == "alert"


def test_signs_that_were_seen_meanwhile_stop_the_cup(session: Session, cast: Cast, person: Person, order: int) -> None:
    pour(session, cast, person, seen(order))
    came(session, cast, person, "withheld")
    assert refusal(lambda: drink(session, cast, person, seen(order))) == "check_missing"


def test_an_order_of_meanwhile_leaves_only_pouring_away(
    session: Session, cast: Cast, person: Person, order: int
) -> None:
    pour(session, cast, person, seen(order))
    newer = ordered(session, cast, person, 500, now=MORNING + MINUTE)
    assert refusal(lambda: drink(session, cast, person, seen(order))) == "order_changed"
    assert refusal(lambda: drink(session, cast, person, seen(newer, mg_tenths=500))) == "not_poured"
    spill(session, cast, person, "order_changed")
    dose(session, cast, person, newer)
    assert session.execute(select(DayDose.mg_tenths)).scalars().all() == [500]


@pytest.mark.parametrize(("what", "code"), [
    ({"mg_tenths": 600}, "order_changed"), ({"part": 2}, "order_changed"),
    ({"dose_on": TODAY - timedelta(days=1)}, "day_changed"),
])  # fmt: skip
def test_only_what_the_order_says_is_poured(
    session: Session, cast: Cast, person: Person, order: int, what: dict[str, Any], code: str
) -> None:
    assert refusal(lambda: pour(session, cast, person, seen(order, **what))) == code
    assert cups(session) == []


def test_each_part_of_a_split_dose_has_its_own_cup(session: Session, cast: Cast, person: Person) -> None:
    order = ordered(session, cast, person, 400, 205)
    for part, mg_tenths in ((1, 400), (2, 205)):
        pour(session, cast, person, seen(order, part, mg_tenths))
        drink(session, cast, person, seen(order, part, mg_tenths))
    assert [ended for ended, _ in cups(session)] == ["swallowed", "swallowed"]
    assert refusal(lambda: pour(session, cast, person, seen(order, 1, 400))) == "already_dosed"


def test_another_station_pours_and_spills_nothing(session: Session, cast: Cast, person: Person, order: int) -> None:
    opened(session, cast, station=CAO_LOC)
    elsewhere = {"site_id": CAO_LOC}
    assert refusal(lambda: pour(session, cast, person, seen(order), **elsewhere)) == "not_at_this_station"
    pour(session, cast, person, seen(order))
    assert refusal(lambda: spill(session, cast, person, **elsewhere)) == "not_poured"


def test_a_day_with_a_standing_cup_is_not_closed(session: Session, cast: Cast, person: Person, order: int) -> None:
    pour(session, cast, person, seen(order))
    at = window(cast)
    who = {name: at[name] for name in ("by", "actor", "now")}
    assert refusal(lambda: move_station_day(session, DONG_KINH, TODAY, DayState.CLOSED, **who)) == "cups_stand"
    move_station_day(session, DONG_KINH, TODAY, DayState.ON_PAPER, **who)
    spill(session, cast, person)
    move_station_day(session, DONG_KINH, TODAY, DayState.CLOSED, **who)


def test_vomiting_tells_the_doctor_once_and_covers_the_day_all_the_same(
    session: Session, cast: Cast, person: Person, order: int
) -> None:
    def vomits(minutes: int | None, key: str = "") -> None:
        record_vomiting(
            session, person.id, minutes_after=minutes, observations=None, request_key=key or new_request_key(),
            **window(cast),
        )  # fmt: skip

    assert refusal(lambda: vomits(10)) == "nothing_to_vomit"
    recorded = dose(session, cast, person, order)
    for unclear in (None, -1, 1441):
        assert refusal(lambda: vomits(unclear)) == "minutes_unclear"  # noqa: B023 - called at once
    vomits(25)
    vomits(30)
    visit = session.execute(select(StationVisit)).scalar_one()
    assert (visit.outcome, visit.day_dose_id, visit.minutes_after) == ("vomited", recorded.id, 25)
    assert open_tasks(session) == [("follow_up", DONG_KINH), ("vomited_review", FACILITY)]
    assert refusal(lambda: dose(session, cast, person, order)) == "already_dosed"


def test_the_stations_task_ends_with_the_dose(session: Session, cast: Cast, person: Person, order: int) -> None:
    came(session, cast, person, "refused")
    assert open_tasks(session) == [("follow_up", DONG_KINH)]
    dose(session, cast, person, order)
    assert open_tasks(session) == []


def test_the_ledger_still_agrees_with_the_chain(session: Session, cast: Cast, person: Person, order: int) -> None:
    pour(session, cast, person, seen(order))
    spill(session, cast, person, "wrong_amount")
    dose(session, cast, person, order)
    assert list(verify_ledger(session)) == []


def test_nobody_is_sent_away_by_a_stop_that_is_over(session: Session, cast: Cast, person: Person) -> None:
    at = window(cast)
    stopped = NewVisit(person.id, at.pop("site_id"), "stopped", "no_order")
    key = new_request_key()
    record_visit(session, stopped, request_key=key, **at)
    ordered(session, cast, person)
    with pytest.raises(Refusal) as refused:
        record_visit(session, stopped, request_key=new_request_key(), **at)
    assert refused.value.code == "stop_is_over"
    record_visit(session, stopped, request_key=key, **at)  # the answer to the first was lost: it stands
    assert count(session, StationVisit) == 1


def test_what_stops_by_now_is_said_instead(session: Session, cast: Cast, person: Person, order: int) -> None:
    dose(session, cast, person, order)
    at = window(cast)
    with pytest.raises(Refusal) as refused:
        record_visit(
            session, NewVisit(person.id, at.pop("site_id"), "stopped", "on_hold"), request_key=new_request_key(), **at
        )
    assert refused.value.code == "already_dosed"
    assert count(session, StationVisit) == 0
