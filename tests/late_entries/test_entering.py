"""A sheet of a paper morning: one transaction, the order's parts, and nobody whom the rules leave out."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import writing
from counseling.domain.late_entry import why_not
from counseling.domain.orders import Phase
from counseling.domain.refusal import Refusal
from counseling.domain.station_days import DayState
from counseling.models.doses import DayDose, LateEntry, StationDay, StationVisit
from counseling.models.window import DosePour, PatientHold
from counseling.queries.bands import list_bands
from counseling.queries.orders import find_summary
from counseling.queries.paper_days import list_paper_days
from counseling.refs import new_request_key
from counseling.services.doses import SeenDose
from counseling.services.holds import lift_hold, set_hold
from counseling.services.late_entries import Paper, SeenPart
from counseling.services.ledger_verification import verify_ledger
from counseling.services.patients import change_status
from counseling.services.pours import pour_dose
from counseling.services.station_days import move_station_day
from tests.late_entries.story import A_DAY, LAST_WEEK, SHEET, YESTERDAY, doses_of, enter, here_since_last_week, lines
from tests.reversals.story import is_recounted, reverse
from tests.support.cast import CAO_LOC, DONG_KINH, Cast
from tests.support.orders import last_entry, stop
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, by, dose, opened, ordered, somebody, window


def codes(session: Session, cast: Cast, day: date = YESTERDAY) -> list[str | None]:
    """What the sheet would say of each, in the order of the register."""
    found = [
        why_not(row.facts, list_bands(session, day, DONG_KINH))
        for row in list_paper_days(session, DONG_KINH, day, VIETNAM)
    ]
    session.rollback()
    return found


def test_all_but_one_are_entered_with_the_paper_and_the_gap_of_that_day(session: Session, cast: Cast) -> None:
    people = [here_since_last_week(session, cast, elsewhere_until=YESTERDAY - (1 + n) * A_DAY) for n in range(4)]
    entered = enter(session, cast, lines(session, *people[:3]), not_given={people[3][0].id})
    assert (entered.given, entered.people, entered.left_out) == (3, 3, ())
    for n, (person, order_id) in enumerate(people[:3]):
        (row,) = doses_of(session, person)
        assert (row.source, row.paper) == ("late_entry", "phiếu trong ngày, tờ 2 · Chị Hạnh")
        assert (row.dose_on, row.order_id, row.mg_tenths, row.gap_days) == (YESTERDAY, order_id, 600, n)
        assert (row.attempt, row.kind, row.recorded_at) == (1, "observed", MORNING)
        assert find_summary(session, person.id).is_complete(YESTERDAY) and is_recounted(session, person)
    assert doses_of(session, people[3][0]) == []
    row = session.execute(select(LateEntry)).scalar_one()
    assert (row.given, row.people, row.not_given, row.left_out, row.day_on) == (3, 3, 1, 0, YESTERDAY)
    assert verify_ledger(session) == []


def test_one_audit_entry_tells_of_the_whole_sheet_in_ids(session: Session, cast: Cast) -> None:
    people = [here_since_last_week(session, cast) for _ in range(3)]
    absent, _ = here_since_last_week(session, cast)
    enter(session, cast, lines(session, *people), not_given={absent.id})
    entry = last_entry(session, "doses.entered_late")
    said = json.loads(entry.details)
    assert entry.chain == f"site:{DONG_KINH}" and said["not_given"] == [absent.id]
    assert [row[1] for row in said["doses"]] == [person.id for person, _ in people]
    assert "Hạnh" not in entry.details and "phiếu" not in entry.details


def test_one_hundred_and_eighty_people_are_one_transaction(session: Session, cast: Cast) -> None:
    people = [here_since_last_week(session, cast) for _ in range(180)]
    before = session.execute(select(func.count()).select_from(LateEntry)).scalar_one()
    entered = enter(session, cast, lines(session, *people[:178]), not_given={p.id for p, _ in people[178:]})
    assert (entered.given, before) == (178, 0)
    assert session.execute(select(func.count()).select_from(DayDose)).scalar_one() == 178


def test_a_repeat_of_the_key_gives_the_first_result(session: Session, cast: Cast) -> None:
    one, two, key = here_since_last_week(session, cast), here_since_last_week(session, cast), new_request_key()
    first = enter(session, cast, lines(session, one), key=key)
    again = enter(session, cast, lines(session, one, two), key=key)
    assert (again.id, again.given) == (first.id, 1) and doses_of(session, two[0]) == []
    with pytest.raises(Refusal, match="request_key_taken"):
        enter(session, cast, lines(session, one), key=key, station=CAO_LOC)


@pytest.mark.parametrize("state", [None, DayState.OPENED, DayState.ON_PAPER, DayState.CLOSED])
def test_the_state_of_the_day_stays_as_it_is(session: Session, cast: Cast, state: DayState | None) -> None:
    person, order_id = here_since_last_week(session, cast)
    if state is not None:
        opened(session, cast, YESTERDAY)
        if state is not DayState.OPENED:
            who = {"by": cast.staff["dispenser"], "actor": "test", "now": MORNING}
            move_station_day(session, DONG_KINH, YESTERDAY, state, **who)
    assert enter(session, cast, lines(session, (person, order_id))).given == 1
    assert session.execute(select(StationDay.state)).scalars().all() == ([] if state is None else [state.value])


def test_a_split_order_is_entered_part_by_part(session: Session, cast: Cast) -> None:
    person, order_id = here_since_last_week(session, cast, 300, 200)
    enter(session, cast, [SeenPart(person.id, order_id, 1)])
    summary = find_summary(session, person.id)
    assert summary.is_covered(YESTERDAY) and not summary.is_complete(YESTERDAY)
    entered = enter(session, cast, lines(session, (person, order_id)))
    assert entered.given == 1 and entered.left_out == ((person.id, "already_dosed"),)
    assert [(row.part, row.mg_tenths) for row in doses_of(session, person)] == [(1, 300), (2, 200)]
    assert find_summary(session, person.id).is_complete(YESTERDAY) and is_recounted(session, person)


def test_both_parts_at_once_say_the_gap_once(session: Session, cast: Cast) -> None:
    person, order_id = here_since_last_week(session, cast, 300, 200, elsewhere_until=YESTERDAY - 3 * A_DAY)
    assert enter(session, cast, lines(session, (person, order_id))).people == 1
    assert [row.gap_days for row in doses_of(session, person)] == [2, 0]


def test_a_line_twice_on_the_form_is_one_dose(session: Session, cast: Cast) -> None:
    someone = here_since_last_week(session, cast)
    assert enter(session, cast, lines(session, someone) * 3).given == 1


def test_whoever_was_dosed_meanwhile_is_left_out(session: Session, cast: Cast) -> None:
    opened(session, cast)
    dosed, other = (here_since_last_week(session, cast, elsewhere_until=YESTERDAY) for _ in range(2))
    dose(session, cast, *dosed)
    entered = enter(session, cast, lines(session, dosed, other), day=TODAY)
    assert (entered.given, entered.left_out) == (1, ((dosed[0].id, "already_dosed"),))
    assert len(doses_of(session, dosed[0])) == 1
    assert session.execute(select(LateEntry.left_out)).scalar_one() == 1


def test_after_the_sheet_the_window_gives_no_second_dose(session: Session, cast: Cast) -> None:
    opened(session, cast)
    person, order_id = here_since_last_week(session, cast, elsewhere_until=YESTERDAY)
    enter(session, cast, lines(session, (person, order_id)), day=TODAY)
    with pytest.raises(Refusal, match="already_dosed"):
        dose(session, cast, person, order_id)


def test_a_reversed_dose_is_entered_as_the_next_attempt(session: Session, cast: Cast) -> None:
    opened(session, cast)
    person, order_id = here_since_last_week(session, cast, elsewhere_until=YESTERDAY)
    reverse(session, cast, person, dose(session, cast, person, order_id).id)
    enter(session, cast, lines(session, (person, order_id)), day=TODAY)
    assert [(row.attempt, row.source) for row in doses_of(session, person)] == [(1, "window"), (2, "late_entry")]
    assert verify_ledger(session) == []


def test_who_cannot_be_entered_stands_apart_with_the_reason(session: Session, cast: Cast) -> None:
    dosed_elsewhere, _ = here_since_last_week(session, cast, elsewhere_until=YESTERDAY)
    gap, _ = here_since_last_week(session, cast, elsewhere_until=YESTERDAY - 5 * A_DAY)
    stopped, stopped_order = here_since_last_week(session, cast)
    stop(session, cast, stopped, stopped_order, today=YESTERDAY)
    left, _ = here_since_last_week(session, cast)
    moved = {"status": "moved", "since_on": YESTERDAY, "reason": None, "today": TODAY, "now": MORNING}
    change_status(session, left.id, by=by(cast, "dispenser"), **moved)
    well, well_order = here_since_last_week(session, cast)
    expected = ["dosed_elsewhere", "gap_stops_dose", "order_stopped", "not_active", None]
    assert codes(session, cast) == expected
    orders = [row.facts.order for row in list_paper_days(session, DONG_KINH, YESTERDAY, VIETNAM)]
    people = [dosed_elsewhere, gap, stopped, left, well]
    seen = [SeenPart(p.id, o.id if o else stopped_order, 1) for p, o in zip(people, orders, strict=True)]
    entered = enter(session, cast, seen)
    assert entered.given == 1
    assert entered.left_out == tuple(zip([p.id for p in people[:4]], expected[:4], strict=True))
    assert doses_of(session, well)[0].order_id == well_order


def test_an_order_replaced_since_the_page_was_read_is_left_out(session: Session, cast: Cast) -> None:
    person, old = here_since_last_week(session, cast, elsewhere_until=YESTERDAY)
    new = ordered(session, cast, person, 700)
    entered = enter(session, cast, lines(session, (person, old)), day=TODAY)
    assert entered.left_out == ((person.id, "order_changed"),)
    assert enter(session, cast, lines(session, (person, new)), day=TODAY).given == 1
    assert doses_of(session, person)[0].mg_tenths == 700


def test_the_gap_is_that_of_the_day_whatever_covers_later_ones(session: Session, cast: Cast) -> None:
    opened(session, cast)
    person, order_id = here_since_last_week(session, cast, elsewhere_until=TODAY - 4 * A_DAY)
    dose(session, cast, person, order_id, gap_check=True)  # today, after three missed days
    assert doses_of(session, person)[0].gap_days == 3
    enter(session, cast, lines(session, (person, order_id)), day=TODAY - 2 * A_DAY)
    enter(session, cast, lines(session, (person, order_id)), day=TODAY - A_DAY)
    assert [row.gap_days for row in doses_of(session, person)] == [3, 1, 0]
    assert is_recounted(session, person)


def test_never_before_the_registration_nor_ahead_nor_long_ago(session: Session, cast: Cast) -> None:
    someone = here_since_last_week(session, cast)
    seen = lines(session, someone)
    for day, code in ((TODAY + A_DAY, "late_entry_in_future"), (TODAY - 31 * A_DAY, "late_entry_too_old")):
        with pytest.raises(Refusal, match=code):
            enter(session, cast, seen, day=day)
    before = LAST_WEEK.date() - A_DAY
    assert enter(session, cast, seen, day=before).given == 0 and doses_of(session, someone[0]) == []


def test_the_paper_and_its_writer_are_named(session: Session, cast: Cast) -> None:
    someone = here_since_last_week(session, cast)
    seen = lines(session, someone)
    for paper, code in (
        (Paper("  ", writer_name="Hạnh"), "paper_missing"),
        (Paper("tờ 1"), "writer_missing"),
        (Paper("tờ 1", writer_name=" "), "writer_missing"),
        (Paper("tờ 1", writer_id=987_654), "writer_missing"),
    ):
        with pytest.raises(Refusal, match=code):
            enter(session, cast, seen, paper=paper)
    enter(session, cast, seen, paper=Paper("tờ " + "1" * 200, writer_id=cast.staff["dispenser"]))
    row = session.execute(select(LateEntry)).scalar_one()
    assert row.writer_id == cast.staff["dispenser"] and row.paper.endswith(" · Người mẫu dispenser")
    assert len(row.paper) <= 160


def test_a_sheet_without_anybody_is_refused(session: Session, cast: Cast) -> None:
    with pytest.raises(Refusal, match="nothing_to_enter"):
        enter(session, cast, [], not_given={1})


def test_another_stations_people_are_left_out(session: Session, cast: Cast) -> None:
    theirs = somebody(session, cast, station=CAO_LOC, now=LAST_WEEK, elsewhere_until=LAST_WEEK.date())
    since = {"starts_on": LAST_WEEK.date(), "ends_on": TODAY, "now": LAST_WEEK, "station": CAO_LOC}
    order_id = ordered(session, cast, theirs, **since)
    assert enter(session, cast, lines(session, (theirs, order_id))).left_out == ((theirs.id, "no_order"),)
    assert list_paper_days(session, DONG_KINH, YESTERDAY, VIETNAM) == []


def test_whoever_left_without_a_dose_that_day_is_shown_with_what_was_said(session: Session, cast: Cast) -> None:
    person, _ = here_since_last_week(session, cast)
    visit = {
        "patient_id": person.id, "site_id": DONG_KINH, "visit_on": YESTERDAY, "outcome": "withheld",
        "recorded_by_id": cast.staff["dispenser"], "recorded_at": MORNING, "request_key": new_request_key(),
    }  # fmt: skip
    with writing(session) as tx:
        tx.execute(insert(StationVisit).values(**visit))
    (row,) = list_paper_days(session, DONG_KINH, YESTERDAY, VIETNAM)
    assert row.visit_outcome == "withheld"


def test_a_restart_counts_what_the_doctor_had_in_view(session: Session, cast: Cast) -> None:
    person = somebody(session, cast, elsewhere_until=YESTERDAY - timedelta(days=8), now=LAST_WEEK)

    when = {
        "starts_on": YESTERDAY,
        "ends_on": TODAY,
        "now": MORNING - A_DAY,
        "phase": Phase.INDUCTION,
        "restart_examined": True,
    }
    order_id = ordered(session, cast, person, 200, **when)
    assert enter(session, cast, lines(session, (person, order_id)), paper=SHEET).given == 1


def test_the_cup_that_stood_when_the_power_went_was_the_dose_on_the_paper(session: Session, cast: Cast) -> None:
    person, order = here_since_last_week(session, cast)
    opened(session, cast)
    pour_dose(session, person.ref, SeenDose(TODAY, order, 1, 600, True), request_key=new_request_key(), **window(cast))
    assert enter(session, cast, lines(session, (person, order)), day=TODAY).given == 1
    (row,) = doses_of(session, person)
    cup = session.execute(select(DosePour)).scalar_one()
    assert (cup.ended_by, cup.day_dose_id) == ("swallowed", row.id)


@pytest.mark.parametrize(("set_on", "lifted_on", "code"), [
    (LAST_WEEK.date(), None, "on_hold"), (LAST_WEEK.date(), TODAY, "on_hold"),
    (LAST_WEEK.date(), YESTERDAY - A_DAY, None), (TODAY, None, None),
])  # fmt: skip
def test_who_was_on_hold_that_day_stands_apart(
    session: Session, cast: Cast, set_on: date, lifted_on: date | None, code: str | None
) -> None:
    person, _ = here_since_last_week(session, cast)
    noon = LAST_WEEK.replace(hour=12)
    at = {day: noon + (day - LAST_WEEK.date()) for day in (set_on, lifted_on) if day}
    who = by(cast, "doctor")
    key = new_request_key()
    set_hold(session, person.id, "hold", "chờ khám", by_doctor=True, by=who, request_key=key, now=at[set_on])
    if lifted_on:
        hold = session.execute(select(PatientHold.ref)).scalar_one()
        lift_hold(session, person.id, hold, "đã khám", is_doctor=True, by=who, now=at[lifted_on])
    assert codes(session, cast) == [code]
