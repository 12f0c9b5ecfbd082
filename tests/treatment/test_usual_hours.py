"""The kept minute: counted when the day is opened, from doses at the window alone; and the order of the list."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from counseling.models.usual_hours import UsualHour
from counseling.queries.bands import list_bands
from counseling.queries.today import list_today
from tests.support.cast import CAO_LOC, DONG_KINH, Cast
from tests.support.orders import write
from tests.support.races import at_the_same_second
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, opened, ordered, somebody
from tests.treatment.story import A_DAY, ago, at, dosed, long_known, usually_at, voided

SEVEN, EIGHT, NINE = 420, 480, 540


def kept(session: Session) -> dict[int, int]:
    session.rollback()
    return dict(session.execute(select(UsualHour.patient_id, UsualHour.minute_of_day)).all())


def waiting(session: Session) -> list[str]:
    session.rollback()
    return [
        row.register_code
        for row in list_today(session, DONG_KINH, TODAY, list_bands(session, TODAY, DONG_KINH)).waiting
    ]


@pytest.mark.parametrize(("minutes", "median"), [
    ([10], 10), ([10, 20], 10), ([30, 10, 20], 20), ([4, 3, 2, 1], 2), ([5, 5, 50, 5, 5], 5),
])  # fmt: skip
def test_the_middle_of_the_times_is_kept(session: Session, cast: Cast, minutes: list[int], median: int) -> None:
    person, order_id = long_known(session, cast)
    for back, minute in enumerate(minutes, start=1):
        dosed(session, cast, person, order_id, at(ago(back), 7, minute))
    opened(session, cast)
    assert kept(session) == {person.id: SEVEN + median}


def test_random_mornings_are_counted_as_by_hand(session: Session, cast: Cast) -> None:
    dice, expected = random.Random(4), {}
    for _ in range(8):
        person, order_id = long_known(session, cast)
        days = sorted(dice.sample(range(1, 30), dice.randint(1, 29)))
        times = [dice.randint(0, 239) for _ in days]
        for back, minute in zip(days, times, strict=True):
            dosed(session, cast, person, order_id, at(ago(back), 6) + timedelta(minutes=minute, seconds=minute % 29))
        last = sorted(times[:14])
        expected[person.id] = 6 * 60 + last[(len(last) - 1) // 2]
    opened(session, cast)
    assert kept(session) == expected


def test_only_the_last_fourteen_days_at_the_window_count(session: Session, cast: Cast) -> None:
    person, order_id = long_known(session, cast)
    for back in range(1, 15):
        dosed(session, cast, person, order_id, at(ago(back), 7))
    for back in range(15, 30):
        dosed(session, cast, person, order_id, at(ago(back), 9))
    opened(session, cast)
    assert kept(session) == {person.id: SEVEN}


def test_what_was_typed_in_later_voided_or_given_elsewhere_does_not_count(session: Session, cast: Cast) -> None:
    person, order_id = long_known(session, cast)
    dosed(session, cast, person, order_id, at(ago(4), 7))
    dosed(session, cast, person, order_id, at(ago(3), 4), source="late_entry", paper="tờ 1")
    dosed(session, cast, person, order_id, at(ago(2), 5), site=CAO_LOC)
    voided(session, cast, dosed(session, cast, person, order_id, at(ago(1), 6)))
    opened(session, cast)
    assert kept(session) == {person.id: SEVEN}


def test_the_second_part_of_a_split_dose_does_not_count(session: Session, cast: Cast) -> None:
    since = MORNING - 3 * A_DAY
    person = somebody(session, cast, elsewhere_until=ago(4), now=since)
    order_id = write(session, cast, person, parts_tenths=(300, 300), starts_on=ago(3), today=ago(3), now=since)
    for part, hour in ((1, 8), (2, 6)):  # earlier, so that the lower middle would show it
        dosed(session, cast, person, order_id, at(ago(1), hour), part=part, mg_tenths=300)
    opened(session, cast)
    assert kept(session) == {person.id: EIGHT}


def test_a_day_that_nobody_opened_leaves_what_was_counted_before(session: Session, cast: Cast) -> None:
    person, order_id = long_known(session, cast)
    dosed(session, cast, person, order_id, at(ago(3), 7))
    opened(session, cast, day=ago(2), now=at(ago(2), 6))
    dosed(session, cast, person, order_id, at(ago(2), 9))
    assert kept(session) == {person.id: SEVEN}
    assert waiting(session)  # the list is there, in the order of what is known
    for back in (1,):
        dosed(session, cast, person, order_id, at(ago(back), 9))
    opened(session, cast)
    assert kept(session) == {person.id: NINE}


def test_whoever_has_not_been_there_for_long_keeps_what_was_counted(session: Session, cast: Cast) -> None:
    person, _ = long_known(session, cast)
    usually_at(session, person, EIGHT)
    opened(session, cast)
    assert kept(session) == {person.id: EIGHT}


def test_opening_a_second_time_counts_nothing_again(session: Session, cast: Cast) -> None:
    person, order_id = long_known(session, cast)
    opened(session, cast)
    dosed(session, cast, person, order_id, at(ago(1), 7))
    opened(session, cast)
    assert kept(session) == {}


def test_two_windows_that_open_at_the_same_second_count_once(session: Session, cast: Cast) -> None:
    for back in range(5, 0, -1):
        person, order_id = long_known(session, cast)
        dosed(session, cast, person, order_id, at(ago(back + 1), 7))
        session.rollback()
        engine, day = session.get_bind(), ago(back)
        assert isinstance(engine, Engine)
        outcomes = at_the_same_second(engine, *[lambda own, day=day: opened(own, cast, day, now=at(day, 6))] * 2)
        assert outcomes == [None, None]
        assert kept(session)[person.id] == SEVEN


def test_another_stations_people_are_left_alone(session: Session, cast: Cast) -> None:
    person = somebody(session, cast, station=CAO_LOC)
    order_id = ordered(session, cast, person, starts_on=ago(1), ends_on=TODAY, now=at(ago(1), 6), station=CAO_LOC)
    dosed(session, cast, person, order_id, at(ago(1), 7), site=CAO_LOC)
    opened(session, cast)
    assert kept(session) == {}


def test_whoever_usually_comes_first_stands_first_and_the_unknown_last_by_code(session: Session, cast: Cast) -> None:
    def here(code: str, minute: int | None = None) -> Person:
        person = somebody(session, cast, code=code)
        ordered(session, cast, person)
        if minute is not None:
            usually_at(session, person, minute)
        return person

    for code, minute in (("A-9", None), ("A-1", NINE), ("A-5", SEVEN), ("A-2", None), ("A-7", EIGHT), ("A-3", EIGHT)):
        here(code, minute)
    opened(session, cast)
    assert waiting(session) == ["A-5", "A-3", "A-7", "A-1", "A-2", "A-9"]
