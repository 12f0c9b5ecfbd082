"""What is read for the year of a treatment, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import writing
from counseling.domain.treatment_year import Mark
from counseling.models.doses import DoseIncident
from counseling.models.places import SiteHours
from counseling.models.window import DosePour
from counseling.queries.holds import list_holds
from counseling.queries.public_holidays import holidays_between
from counseling.queries.treatment_events import list_happenings
from counseling.queries.treatment_year import TreatmentYear, load_year
from counseling.refs import new_request_key
from counseling.routes.patients.dose_chart import draw
from counseling.services.doses import SeenDose
from counseling.services.holds import lift_hold, set_hold
from counseling.services.pours import pour_dose, spill_pour
from tests.support.cast import DONG_KINH, Cast
from tests.support.orders import write
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, by, came, opened, somebody, window
from tests.treatment.story import A_DAY, ago, at, dosed, long_known, open_all_week, voided


def year_of(session: Session, person: Person, known_for: int = 29) -> TreatmentYear:
    session.rollback()
    return load_year(session, person.id, DONG_KINH, ago(known_for), TODAY)


def marks(year: TreatmentYear) -> dict[int, Mark]:
    """By days before today."""
    squares = [square for month in year.months for week in month.weeks for square in week if square]
    return {(TODAY - square.day).days: square.mark for square in squares}


def visited(session: Session, cast: Cast, person: Person, outcome: str, back: int) -> None:
    came(session, cast, person, outcome, reason="signs", day=ago(back), now=at(ago(back), 8))


def test_every_kind_of_day_has_its_mark(session: Session, cast: Cast) -> None:
    person, order_id = long_known(session, cast)
    dosed(session, cast, person, order_id, at(ago(1), 7))
    voided(session, cast, dosed(session, cast, person, order_id, at(ago(2), 7)))
    visited(session, cast, person, "withheld", 3)
    visited(session, cast, person, "stopped", 4)
    visited(session, cast, person, "refused", 5)
    visited(session, cast, person, "withheld", 6)
    dosed(session, cast, person, order_id, at(ago(6), 9))
    open_all_week(session, ("06:30", "10:00"))
    with writing(session) as tx:
        tx.execute(delete(SiteHours).where(SiteHours.weekday == 6))  # 7 and 14 days ago were Sundays, like today
    opened(session, cast, ago(14), now=at(ago(14), 6))
    year = year_of(session, person)
    found = marks(year)
    assert year.given.keys() == {ago(1), ago(6)}, "what was voided was not given"
    assert [found[back] for back in range(9)] == [
        Mark.TODAY, Mark.COMPLETE, Mark.MISSED, Mark.STOPPED, Mark.STOPPED, Mark.REFUSED, Mark.COMPLETE, Mark.SHUT,
        Mark.MISSED,
    ]  # fmt: skip
    assert found[14] is Mark.MISSED, "the hours said shut, and the station was open"
    assert found[30] is Mark.ELSEWHERE and found[31] is Mark.BEFORE


def test_one_of_two_parts_makes_a_day_in_part(session: Session, cast: Cast) -> None:
    since = MORNING - 3 * A_DAY
    person = somebody(session, cast, elsewhere_until=ago(4), now=since)
    order_id = write(session, cast, person, parts_tenths=(300, 300), starts_on=ago(3), today=ago(3), now=since)
    dosed(session, cast, person, order_id, at(ago(2), 7), mg_tenths=300)
    for part in (1, 2):
        dosed(session, cast, person, order_id, at(ago(1), 6 + part), part=part, mg_tenths=300)
    year = year_of(session, person, known_for=3)
    assert (marks(year)[1], marks(year)[2]) == (Mark.COMPLETE, Mark.PART)
    assert year.given == {ago(1): 600, ago(2): 300}
    assert year.complete == (1, 3)
    assert [order.parts for order in year.orders] == [(300, 300)]


def test_the_weekends_share_counts_saturdays_sundays_and_holidays(session: Session, cast: Cast) -> None:
    """Of the 29 days since the file was made: 5 Saturdays, 4 Sundays, and no holiday."""
    person, order_id = long_known(session, cast)
    for back in (1, 7, 8, 10):  # Saturday, Sunday, Saturday, Thursday
        dosed(session, cast, person, order_id, at(ago(back), 7))
    year = year_of(session, person)
    assert year.complete == (4, 29)
    assert year.weekend == (3, 9)


def test_the_library_knows_tet() -> None:
    assert TODAY.replace(month=2, day=17) in holidays_between(ago(365), TODAY)
    assert TODAY.replace(month=2, day=15) not in holidays_between(ago(365), TODAY)


def test_what_happened_stands_latest_first_with_who_and_where(session: Session, cast: Cast) -> None:
    person, order_id = long_known(session, cast)
    dosed(session, cast, person, order_id, at(ago(3), 7))
    voided(session, cast, dosed(session, cast, person, order_id, at(ago(2), 7)))
    visited(session, cast, person, "withheld", 1)
    with writing(session) as tx:
        row = {"patient_id": person.id, "dose_on": ago(2), "part": 1, "mg_tenths": 600, "site_id": DONG_KINH}
        said = {"reason": "collided", "given_at": at(ago(2), 9), "recorded_at": at(ago(2), 10), "recorded_by_id": 1}
        tx.execute(insert(DoseIncident).values(**row, **said, request_key=new_request_key()))
    session.rollback()
    found = list_happenings(session, person.id, VIETNAM)
    assert [(row.what, row.word, (TODAY - row.on).days) for row in found.rows] == [
        ("visit", "withheld", 1), ("incident", "collided", 2), ("dose", "observed", 2), ("dose", "observed", 3),
    ]  # fmt: skip
    wrong = found.rows[2].voided
    assert wrong and (wrong.asked_by, wrong.signed_by) == ("Người mẫu dispenser", "Người mẫu doctor")
    assert found.rows[3].voided is None and found.rows[3].recorded_by == "Người mẫu dispenser"


def test_spills_and_holds_stand_among_what_happened_on_the_stations_day(session: Session, cast: Cast) -> None:
    """Set before dawn: in UTC that is the day before, at the station it is not."""
    person, order_id = long_known(session, cast)
    opened(session, cast)
    dosed(session, cast, person, order_id, at(ago(1), 23))
    who = by(cast, "doctor")
    key = new_request_key()
    set_hold(session, person.id, "hold", "chờ khám", by_doctor=True, by=who, request_key=key, now=at(TODAY, 5))
    (hold,) = list_holds(session, person.id, TODAY)
    lift_hold(session, person.id, hold.ref, "đã khám", is_doctor=True, by=who, now=at(TODAY, 6))
    seen = SeenDose(TODAY, order_id, 1, 600)
    pour_dose(session, person.ref, seen, request_key=key, **window(cast))
    pour_id = session.execute(select(DosePour.id)).scalar_one()
    cup = {**window(cast, now=MORNING + timedelta(minutes=1)), "observations": None, "request_key": key}
    spill_pour(session, person.id, pour_id, "overturned", **cup)
    found = list_happenings(session, person.id, VIETNAM)
    assert [(row.what, row.word, row.on, row.recorded_by) for row in found.rows] == [
        ("spill", "overturned", TODAY, "Người mẫu dispenser"),
        ("lifted", "hold", TODAY, "Người mẫu doctor"),
        ("hold", "hold", TODAY, "Người mẫu doctor"),
        ("dose", "observed", ago(1), "Người mẫu dispenser"),
    ]
    assert [row.mg_tenths for row in found.rows] == [600, None, None, 600] and found.total == 4
    other, _ = long_known(session, cast)
    assert list_happenings(session, other.id, VIETNAM).rows == []


@pytest.mark.parametrize("page, expected", [(1, 20), (2, 5), (3, 5), (0, 20), (-1, 20)])
def test_pages_of_what_happened_never_run_out(session: Session, cast: Cast, page: int, expected: int) -> None:
    person, order_id = long_known(session, cast)
    for back in range(1, 26):
        dosed(session, cast, person, order_id, at(ago(back), 7))
    session.rollback()
    found = list_happenings(session, person.id, VIETNAM, page)
    assert (len(found.rows), found.total, found.pages) == (expected, 25, 2)


def test_the_curve_steps_where_an_order_follows_and_breaks_where_none_runs(session: Session, cast: Cast) -> None:
    since = MORNING - timedelta(days=29)
    person = somebody(session, cast, elsewhere_until=ago(30), now=since)
    when = {"today": ago(29), "now": since}
    first = write(session, cast, person, starts_on=ago(29), ends_on=ago(20), **when)
    write(session, cast, person, parts_tenths=(700,), starts_on=ago(19), ends_on=ago(10), **when)
    write(session, cast, person, parts_tenths=(800,), starts_on=ago(5), ends_on=TODAY + 3 * A_DAY, **when)
    for back in (29, 28, 26):
        dosed(session, cast, person, first, at(ago(back), 7))
    year = year_of(session, person)
    chart = draw(year.orders, year.given, year.first_on, TODAY)
    assert chart
    assert (chart.path.count("M"), chart.path.count("V"), chart.path.count("H")) == (2, 1, 3)
    assert len(chart.bars) == 2, "a day without a dose leaves a gap"
    assert (chart.lowest, chart.highest, chart.last and chart.last.mg_tenths) == (600, 800, 800)
    assert [(span.mg_tenths, span.days, span.given_days) for span in chart.spans] == [
        (800, 6, 0), (700, 10, 0), (600, 10, 3),
    ]  # fmt: skip
    assert all(0 <= bar.y <= chart.floor and bar.x + bar.width <= chart.right + 0.1 for bar in chart.bars)


def test_there_is_no_curve_of_nothing(session: Session, cast: Cast) -> None:
    person = somebody(session, cast, elsewhere_until=None)
    year = year_of(session, person)
    assert draw(year.orders, year.given, year.first_on, TODAY) is None
    assert VIETNAM and year.complete == (0, 0)
