"""Usually here by now, not seen today: who stands on the station's own list, and how they may be reached."""

from __future__ import annotations

from collections.abc import Collection
from datetime import time

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.domain.station_days import DayState
from counseling.models.texts import InboundMessage
from counseling.queries.bands import list_bands
from counseling.queries.later_than_usual import LaterThanUsual, list_later_than_usual
from counseling.queries.orders import order_on
from counseling.refs import new_ref, new_request_key
from counseling.services.doses import SeenDose
from counseling.services.holds import set_hold
from counseling.services.phone_lines import ensure_line
from counseling.services.pours import pour_dose
from counseling.services.station_days import move_station_day
from tests.support.cast import CAO_LOC, DONG_KINH, Cast
from tests.support.orders import write
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, by, came, dose, opened, ordered, somebody, window
from tests.treatment.story import (
    ago,
    agreed_to_texts,
    at,
    change_number,
    open_all_week,
    usually_at,
    voided,
    with_number,
)

SEVEN = 7 * 60
NUMBER = "+84912345678"


def expected(session: Session, cast: Cast, code: str = "A-1", minute: int = SEVEN, **details: object) -> Person:
    """Somebody with an order of today who usually comes at seven."""
    person = somebody(session, cast, code=code, **details)  # type: ignore[arg-type]
    ordered(session, cast, person, station=details.get("station", DONG_KINH))  # type: ignore[arg-type]
    usually_at(session, person, minute)
    return person


def found(session: Session, cast: Cast, now: time = time(8), username: str = "dispenser") -> list[LaterThanUsual]:
    session.rollback()
    viewer, bands = cast.viewer_of(username), list_bands(session, TODAY, DONG_KINH)
    return list_later_than_usual(session, viewer, DONG_KINH, TODAY, now, bands)


def codes(people: Collection[LaterThanUsual]) -> list[str]:
    return [person.register_code for person in people]


def move(session: Session, cast: Cast, state: DayState) -> None:
    viewer = cast.viewer_of("dispenser")
    move_station_day(session, DONG_KINH, TODAY, state, by=viewer.staff_id, actor=viewer.actor, now=MORNING)


def test_three_quarters_of_an_hour_after_their_usual_minute_and_not_before(session: Session, cast: Cast) -> None:
    expected(session, cast)
    opened(session, cast)
    assert found(session, cast, time(7, 44)) == []
    [person] = found(session, cast, time(7, 45))
    assert (person.register_code, person.name, person.before_hour) == ("A-1", "Lý Văn Mẫu", 8)


def test_in_the_order_of_their_usual_hours(session: Session, cast: Cast) -> None:
    for code, minute in (("A-3", SEVEN), ("A-1", SEVEN + 20), ("A-2", SEVEN), ("A-4", SEVEN + 120)):
        expected(session, cast, code, minute)
    opened(session, cast)
    assert codes(found(session, cast, time(8, 30))) == ["A-2", "A-3", "A-1"]


def test_whoever_was_seen_today_is_not_looked_out_for(session: Session, cast: Cast) -> None:
    person = expected(session, cast, "A-1")
    other = expected(session, cast, "A-2")
    opened(session, cast)
    ordered(session, cast, somebody(session, cast, code="A-3"))
    assert codes(found(session, cast)) == ["A-1", "A-2"]  # nobody knows when A-3 usually comes
    came(session, cast, other, "withheld", reason="signs")
    assert codes(found(session, cast)) == ["A-1"]
    given = dose(session, cast, person, order_of(session, person))
    assert found(session, cast) == []
    voided(session, cast, given.id)
    assert codes(found(session, cast)) == ["A-1"], "somebody else's dose had been recorded"


def test_whoever_stands_before_a_poured_cup_is_here(session: Session, cast: Cast) -> None:
    person = expected(session, cast)
    opened(session, cast)
    seen = SeenDose(TODAY, order_of(session, person), 1, 600)
    pour_dose(session, person.ref, seen, request_key=new_request_key(), **window(cast))
    assert found(session, cast) == []


def order_of(session: Session, person: Person) -> int:
    running = order_on(session, person.id, TODAY)
    assert running
    return running.id


@pytest.mark.parametrize("state", [None, DayState.ON_PAPER, DayState.CLOSED])
def test_nobody_is_missing_where_the_list_cannot_know(session: Session, cast: Cast, state: DayState | None) -> None:
    """Not opened, or on paper: "no dose recorded" is not "did not come". Closed: there is no dose to come for."""
    expected(session, cast)
    if state:
        opened(session, cast)
        move(session, cast, state)
    assert found(session, cast) == []


def test_after_the_last_closing_hour_nobody_is_called(session: Session, cast: Cast) -> None:
    expected(session, cast)
    opened(session, cast)
    open_all_week(session, ("06:30", "10:00"), ("13:30", "16:30"))
    assert codes(found(session, cast, time(11))) == ["A-1"]  # this afternoon is still to come
    assert codes(found(session, cast, time(16, 29))) == ["A-1"]
    assert found(session, cast, time(16, 30)) == []


def test_whoever_cannot_be_dosed_today_is_not_called_for_it(session: Session, cast: Cast) -> None:
    stopped = somebody(session, cast, code="A-1", elsewhere_until=ago(7))
    write(session, cast, stopped, starts_on=ago(7), ends_on=TODAY, today=ago(7), now=at(ago(7), 7))
    no_order = somebody(session, cast, code="A-2")
    held = expected(session, cast, "A-3")
    key, who = new_request_key(), by(cast, "doctor")
    set_hold(session, held.id, "hold", "chờ khám", by_doctor=True, by=who, request_key=key, now=MORNING)
    for person in (stopped, no_order):
        usually_at(session, person, SEVEN)
    opened(session, cast)
    assert found(session, cast) == []


def test_only_the_stations_own_people(session: Session, cast: Cast) -> None:
    expected(session, cast, "B-1", station=CAO_LOC)
    opened(session, cast)
    opened(session, cast, station=CAO_LOC)
    assert found(session, cast) == []
    assert found(session, cast, username="counselor") == []


@pytest.mark.parametrize(("agreed", "said", "rings"), [
    (True, {}, True),
    (False, {}, False),
    (False, {"calls_only": True}, True),
    (True, {"is_shared": True}, False),
    (False, {"calls_only": True, "is_shared": True}, False),
    (True, {"confirmed_at": None}, False),
    (True, {"removed_at": MORNING}, False),
])  # fmt: skip
def test_a_number_is_rung_only_where_the_person_lets_us(
    session: Session, cast: Cast, agreed: bool, said: dict[str, object], rings: bool
) -> None:
    person = expected(session, cast)
    opened(session, cast)
    with_number(session, cast, person, NUMBER)
    if agreed:
        agreed_to_texts(session, cast, person)
    if said:
        change_number(session, person, said)
    [line] = found(session, cast)
    assert [number.number for number in line.numbers] == ([NUMBER] if rings else [])


def test_a_number_that_a_second_person_has_too_is_not_rung_about_either(session: Session, cast: Cast) -> None:
    person = expected(session, cast)
    opened(session, cast)
    with_number(session, cast, person, NUMBER)
    agreed_to_texts(session, cast, person)
    assert [len(line.numbers) for line in found(session, cast)] == [1]
    with_number(session, cast, somebody(session, cast, code="A-2"), NUMBER)
    assert [len(line.numbers) for line in found(session, cast)] == [0]


def test_the_number_of_the_other_side_is_never_shown(session: Session, cast: Cast) -> None:
    person = expected(session, cast)
    opened(session, cast)
    with_number(session, cast, person, NUMBER)
    change_number(session, person, {"side": "support", "calls_only": True})
    [line] = found(session, cast)
    assert line.numbers == ()


@pytest.mark.parametrize("agreed", [True, False])
def test_the_conversation_leads_where_somebody_may_be_texted(session: Session, cast: Cast, agreed: bool) -> None:
    person = expected(session, cast)
    opened(session, cast)
    with_number(session, cast, person, NUMBER)
    if agreed:
        agreed_to_texts(session, cast, person)
    text_in(session, person)
    latest = text_in(session, person)
    text_in(session, person, side="support")
    [line] = found(session, cast)
    assert line.conversation == (latest if agreed else None)


def text_in(session: Session, person: Person, side: str = "treatment") -> str:
    ref = new_ref()
    with writing(session) as tx:
        row = {
            "ref": ref, "event_key": ref, "gateway": "simulator", "side": side, "site_id": DONG_KINH,
            "line_id": ensure_line(tx, vault_of(tx), NUMBER), "patient_id": person.id, "meaning": "other",
            "body": vault_of(tx).seal("inbound_messages.body", ref, "da"), "received_at": MORNING, "read_at": MORNING,
        }  # fmt: skip
        tx.execute(insert(InboundMessage).values(**row))
    return ref
