"""A set of rules is signed whole, holds from a day on, and is never edited."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.missed_doses import SHIPPED_BANDS
from counseling.domain.order_limits import LimitName
from counseling.domain.refusal import Refusal
from counseling.models.audit import AuditEntry
from counseling.models.orders import GapBandRow, OrderLimitRow, RuleChange
from counseling.models.places import Site
from counseling.queries.bands import list_limits
from counseling.queries.rules import find_bands
from counseling.refs import new_request_key
from tests.support.cast import CAO_LOC, DONG_KINH, FACILITY, Cast
from tests.support.orders import make_doctor, write
from tests.support.races import at_the_same_second
from tests.support.rules import (
    LOOSER,
    SHIPPED_STARTS,
    STRICTER,
    R,
    approve,
    in_force,
    set_bands,
    set_limits,
    signing,
    starts_of,
)
from tests.support.treatment import TODAY, dose, opened, ordered, somebody

A_DAY = timedelta(days=1)
TOMORROW = TODAY + A_DAY


def test_shipped_rows_hold_and_are_approved_by_nobody(session: Session, cast: Cast) -> None:
    assert starts_of(in_force(session)) == SHIPPED_STARTS
    assert all(band.approved_on is None for band in in_force(session))
    assert [limit.approved_on for limit in list_limits(session, TODAY, DONG_KINH)] == [None] * 8


def test_approving_changes_no_rule_and_names_the_day(session: Session, cast: Cast) -> None:
    before = in_force(session)
    approve(session, cast)
    after = in_force(session)
    content = [(b.from_days, b.to_days, b.response, b.source) for b in before]
    assert [(b.from_days, b.to_days, b.response, b.source) for b in after] == content
    assert {band.approved_on for band in after} == {TODAY}
    assert {band.approved_on for band in in_force(session, TODAY - A_DAY)} == {None}
    assert [limit.approved_on for limit in list_limits(session, TODAY, DONG_KINH)] == [None] * 8
    approve(session, cast, "limits")
    assert [limit.approved_on for limit in list_limits(session, TODAY, DONG_KINH)] == [TODAY] * 8


def test_every_station_of_the_facility_follows_it_and_nobody_else(session: Session, cast: Cast) -> None:
    with writing(session) as tx:
        area = tx.execute(select(Site.area_id).where(Site.id == FACILITY)).scalar_one()
        other = Site(code="XX", name="Nơi khác", area_id=area, treats=True, dispenses=True, counsels=False)
        tx.add(other)
        tx.flush()
        elsewhere = other.id
    set_bands(session, cast, from_today=True)
    for site in (FACILITY, DONG_KINH, CAO_LOC):
        assert starts_of(in_force(session, site=site)) == STRICTER
    assert starts_of(in_force(session, site=elsewhere)) == SHIPPED_STARTS


def test_what_is_written_counts_from_tomorrow_unless_today_is_chosen(session: Session, cast: Cast) -> None:
    set_bands(session, cast)
    assert starts_of(in_force(session)) == SHIPPED_STARTS
    assert starts_of(in_force(session, TOMORROW)) == STRICTER
    set_bands(session, cast, {**STRICTER, R.SUSPEND: 2, R.CHECK: 1}, from_today=True)
    assert starts_of(in_force(session))[R.SUSPEND] == 2
    assert starts_of(in_force(session, TOMORROW))[R.SUSPEND] == 2
    assert starts_of(in_force(session, TODAY - A_DAY)) == SHIPPED_STARTS


def test_what_was_changed_takes_the_source_and_the_rest_keeps_its_own(session: Session, cast: Cast) -> None:
    set_bands(session, cast, from_today=True)
    sources = [band.source == "quyết định 12" for band in in_force(session)]
    assert sources == [False, True, True, False, False]
    set_limits(session, cast, {LimitName.TAPER_DAYS: 90}, from_today=True)
    limits = {limit.name: limit for limit in list_limits(session, TODAY, DONG_KINH)}
    assert limits[LimitName.TAPER_DAYS].source == "quyết định 12" and limits[LimitName.TAPER_DAYS].value == 90
    assert limits[LimitName.MAINTENANCE_DAYS].source == "Thông tư 26/2023/TT-BYT, điều 5"


def test_looser_than_shipped_needs_another_doctor(session: Session, cast: Cast) -> None:
    with pytest.raises(Refusal, match="looser_needs_second_doctor") as caught:
        set_bands(session, cast, LOOSER)
    assert caught.value.facts["gap"] == 4
    with pytest.raises(Refusal, match="second_doctor_is_the_same"):
        set_bands(session, cast, LOOSER, second_id=cast.staff["doctor"])
    with pytest.raises(Refusal, match="second_doctor_not_a_doctor"):
        set_bands(session, cast, LOOSER, second_id=cast.staff["dispenser"])
    with pytest.raises(Refusal, match="looser_needs_second_doctor"):
        set_limits(session, cast, {LimitName.MAINTENANCE_DAYS: 31})
    assert in_force(session, TOMORROW) == in_force(session)
    colleague = make_doctor(session, cast, "counselor")
    set_bands(session, cast, LOOSER, second_id=colleague)
    assert starts_of(in_force(session, TOMORROW)) == LOOSER
    with pytest.raises(Refusal, match="looser_needs_second_doctor"):
        set_bands(session, cast, {**LOOSER, R.CHECK: 1})
    set_bands(session, cast, STRICTER)


def test_the_database_holds_that_looser_is_signed_by_two(session: Session, cast: Cast) -> None:
    approve(session, cast)
    with pytest.raises(IntegrityError), writing(session) as tx:
        row = tx.execute(select(RuleChange)).scalar_one()
        values = {
            c.name: getattr(row, c.name) for c in RuleChange.__table__.columns if c.name not in ("id", "request_key")
        }
        tx.add(RuleChange(**{**values, "is_looser": True, "request_key": new_request_key()}))
        tx.flush()


def test_the_same_again_is_no_change(session: Session, cast: Cast) -> None:
    approve(session, cast)
    with pytest.raises(Refusal, match="rules_unchanged"):
        set_bands(session, cast, SHIPPED_STARTS)
    with pytest.raises(Refusal, match="rules_unchanged"):
        set_limits(session, cast, {})
    with pytest.raises(Refusal, match="rules_approved_already"):
        approve(session, cast)


def test_what_was_signed_meanwhile_is_read_first(session: Session, cast: Cast) -> None:
    stale = signing(session, cast)
    set_bands(session, cast)
    with pytest.raises(Refusal, match="rules_changed_meanwhile"):
        approve(session, cast, seen=stale.seen)
    approve(session, cast, "limits")  # another kind is another matter


def test_a_form_sent_twice_is_one_change(session: Session, cast: Cast) -> None:
    key = new_request_key()
    first = set_bands(session, cast, request_key=key, seen=0)
    assert set_bands(session, cast, request_key=key, seen=0) == first
    assert len(find_bands(session, FACILITY, TODAY).history) == 1
    with pytest.raises(Refusal, match="request_key_taken"):
        approve(session, cast, "limits", request_key=key)


def test_of_two_doctors_at_the_same_second_one_is_told_of_the_other(session: Session, cast: Cast) -> None:
    colleague = make_doctor(session, cast, "counselor")
    for number in range(5):
        seen, new = signing(session, cast).seen, {**STRICTER, R.CONSIDER_ENDING: 20 + number}
        bind = session.get_bind()
        outcomes = at_the_same_second(
            bind,  # type: ignore[arg-type]  # an engine
            lambda own, seen=seen, new=new: set_bands(own, cast, new, seen=seen),
            lambda own, seen=seen, new=new: set_bands(own, cast, {**new, R.END: 5}, seen=seen, by=colleague),
        )
        refused = [str(outcome) for outcome in outcomes if isinstance(outcome, Exception)]
        assert refused == ["rules_changed_meanwhile"], outcomes


def test_rows_are_only_ever_closed(session: Session, cast: Cast) -> None:
    set_bands(session, cast, from_today=True)
    set_bands(session, cast, {**STRICTER, R.END: 5})
    set_limits(session, cast, {LimitName.TAPER_DAYS: 90})
    for statement in (
        update(GapBandRow).values(to_days=9),
        update(GapBandRow).values(approved_on=TODAY - A_DAY),
        update(GapBandRow).where(GapBandRow.effective_until.is_not(None)).values(effective_until=None),
        update(GapBandRow).where(GapBandRow.effective_until.is_not(None)).values(effective_until=TODAY + 9 * A_DAY),
        delete(GapBandRow),
        update(OrderLimitRow).values(value=999),
        delete(OrderLimitRow),
        update(RuleChange).values(is_looser=False),
        delete(RuleChange),
    ):
        with pytest.raises(IntegrityError), writing(session) as tx:
            tx.execute(statement)


def test_a_signature_stands_in_the_chain_of_every_site_that_follows_it(session: Session, cast: Cast) -> None:
    change = set_bands(session, cast)
    query = select(AuditEntry.chain, AuditEntry.subject, AuditEntry.details).where(AuditEntry.action == "rules.signed")
    rows = session.execute(query.order_by(AuditEntry.id)).all()
    assert [(row.chain, row.subject) for row in rows] == [
        (f"site:{site}", f"rules:{change}") for site in (FACILITY, DONG_KINH, CAO_LOC)
    ]
    assert all("quyết định" not in row.details for row in rows)


def test_the_window_asks_the_version_of_the_day(session: Session, cast: Cast) -> None:
    first, second = (somebody(session, cast, elsewhere_until=TODAY - 4 * A_DAY) for _ in range(2))
    orders = [ordered(session, cast, person) for person in (first, second)]
    opened(session, cast)
    set_bands(session, cast)  # suspended from 3 days on, from tomorrow
    dose(session, cast, first, orders[0], gap_check=True)
    set_bands(session, cast, {**STRICTER, R.END: 5}, from_today=True)
    with pytest.raises(Refusal, match="gap_stops_dose"):
        dose(session, cast, second, orders[1], gap_check=True)


def test_the_limits_of_the_day_bound_an_order(session: Session, cast: Cast) -> None:
    set_limits(session, cast, {LimitName.MAINTENANCE_DAYS: 14, LimitName.TWO_DOCTORS: 1200})
    write(session, cast, somebody(session, cast), ends_on=TODAY + 14 * A_DAY)
    tomorrow = {"today": TOMORROW, "starts_on": TOMORROW}
    with pytest.raises(Refusal, match="order_too_long"):
        write(session, cast, somebody(session, cast), **tomorrow, ends_on=TOMORROW + 14 * A_DAY)
    with pytest.raises(Refusal, match="needs_second_doctor"):
        write(session, cast, somebody(session, cast), **tomorrow, ends_on=TOMORROW, parts_tenths=(1210,))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(6, 40)), min_size=1, max_size=6))
def test_every_day_has_one_set_and_no_later_signature_changes_a_day_that_is_over(
    session: Session, cast: Cast, signatures: list[tuple[int, bool, int]]
) -> None:
    """Against a slow model: of all that was signed by then and had begun, the last one written holds."""
    day = _day_after_everything(session)
    model: dict[date, int] = {}
    for waited, from_today, ending in signatures:
        day += waited * A_DAY
        new = {**STRICTER, R.CONSIDER_ENDING: ending if ending != 6 else None}
        try:
            set_bands(session, cast, new, today=day, from_today=from_today, now=_at(day))
        except Refusal as refusal:
            assert refusal.code in ("rules_unchanged", "looser_needs_second_doctor")
            continue
        since = day if from_today else day + A_DAY
        model = {d: end for d, end in model.items() if d < since} | {since + n * A_DAY: ending for n in range(30)}
    for shown, ending in model.items():
        found = in_force(session, shown)
        assert [band.from_days for band in found if band.response is R.CONSIDER_ENDING] == [ending]
        assert sum(band.from_days == 1 for band in found) == 1 and len(found) == len(SHIPPED_BANDS)


def _day_after_everything(session: Session) -> date:
    """Examples of one story share the database: each begins when the former ones are long over."""
    session.rollback()
    days = session.execute(select(GapBandRow.effective_from).order_by(GapBandRow.effective_from.desc())).scalars()
    return max(next(iter(days)), TODAY) + 60 * A_DAY


def _at(day: date):  # type: ignore[no-untyped-def]  # an instant of that day
    from tests.support.settings import MORNING

    return MORNING + (day - TODAY)
