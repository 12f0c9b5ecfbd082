"""A dose on paper that went against a rule: kept as what it is, and told to the doctor."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.domain.late_entry import why_not
from counseling.domain.refusal import Refusal
from counseling.models.doses import DayDose, DoseIncident
from counseling.models.tasks import Task
from counseling.queries.bands import list_bands
from counseling.queries.doctor_desk import list_tasks
from counseling.queries.orders import find_summary
from counseling.queries.paper_days import find_paper_day
from counseling.refs import new_request_key
from counseling.services.ledger_verification import verify_ledger
from tests.late_entries.story import A_DAY, LAST_WEEK, YESTERDAY, doses_of, enter, here_since_last_week, keep, lines
from tests.reversals.story import is_recounted, reverse
from tests.support.cast import DONG_KINH, Cast
from tests.support.orders import stop
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, dose, opened, ordered, somebody


def incidents(session: Session) -> list[DoseIncident]:
    session.rollback()
    return list(session.execute(select(DoseIncident).order_by(DoseIncident.id)).scalars())


def waits_for_the_doctor(session: Session, cast: Cast) -> int:
    page = list_tasks(session, cast.viewer_of("doctor"), TODAY)
    session.rollback()
    return sum(1 for row in page.rows if row.kind == "paper_dose_review")


def test_what_the_band_would_have_stopped_covers_the_day_and_is_told(session: Session, cast: Cast) -> None:
    person, _ = here_since_last_week(session, cast, elsewhere_until=YESTERDAY - 6 * A_DAY)
    kept = keep(session, cast, person, 600)
    assert (kept.is_in_ledger, kept.reason) == (True, "gap_stops_dose")
    (row,) = doses_of(session, person)
    assert (row.source, row.gap_days, row.mg_tenths) == ("late_entry", 5, 600)
    assert find_summary(session, person.id).is_complete(YESTERDAY) and is_recounted(session, person)
    assert waits_for_the_doctor(session, cast) == 1 and incidents(session) == []
    assert verify_ledger(session) == []


def test_an_ordinary_dose_tells_nobody(session: Session, cast: Cast) -> None:
    person, _ = here_since_last_week(session, cast)
    assert keep(session, cast, person, 600).reason is None
    assert waits_for_the_doctor(session, cast) == 0 and len(doses_of(session, person)) == 1


def test_the_second_part_of_a_split_order_is_found_by_its_amount(session: Session, cast: Cast) -> None:
    person, _ = here_since_last_week(session, cast, 300, 200)
    keep(session, cast, person, 200)
    assert [(row.part, row.mg_tenths) for row in doses_of(session, person)] == [(2, 200)]
    assert not find_summary(session, person.id).is_complete(YESTERDAY) and is_recounted(session, person)


def test_another_amount_is_kept_beside_the_ledger(session: Session, cast: Cast) -> None:
    person, _ = here_since_last_week(session, cast)
    kept = keep(session, cast, person, 800)
    assert (kept.is_in_ledger, kept.reason) == (False, "other_amount")
    (row,) = incidents(session)
    assert (row.mg_tenths, row.part, row.dose_on, row.collided_with_id) == (800, 1, YESTERDAY, None)
    assert row.paper == "phiếu trong ngày, tờ 2 · Chị Hạnh" and row.given_at < MORNING
    assert doses_of(session, person) == [] and not find_summary(session, person.id).is_covered(YESTERDAY)
    assert waits_for_the_doctor(session, cast) == 1
    assert enter(session, cast, lines(session, (person, row.part))).given == 0


def test_a_second_dose_of_the_day_names_the_first(session: Session, cast: Cast) -> None:
    opened(session, cast)
    person, order_id = here_since_last_week(session, cast, elsewhere_until=YESTERDAY)
    first = dose(session, cast, person, order_id)
    assert keep(session, cast, person, 600, day=TODAY).reason == "already_dosed"
    (row,) = incidents(session)
    assert row.collided_with_id == first.id and waits_for_the_doctor(session, cast) == 1
    assert len(doses_of(session, person)) == 1


def test_without_an_order_or_after_it_was_stopped(session: Session, cast: Cast) -> None:
    nobody = somebody(session, cast, now=LAST_WEEK, elsewhere_until=LAST_WEEK.date())
    assert keep(session, cast, nobody, 600).reason == "no_order"
    stopped, order_id = here_since_last_week(session, cast)
    stop(session, cast, stopped, order_id, today=YESTERDAY)
    assert keep(session, cast, stopped, 600).reason == "order_stopped"
    assert [row.reason for row in incidents(session)] == ["no_order", "order_stopped"]


@pytest.mark.parametrize("amount", [600, 800])
def test_after_a_dose_beside_the_ledger_the_window_gives_none_that_day(
    session: Session, cast: Cast, amount: int
) -> None:
    opened(session, cast)
    person = somebody(session, cast)
    keep(session, cast, person, amount, day=TODAY)
    order_id = ordered(session, cast, person, amount)  # written after it
    with pytest.raises(Refusal, match="drank_beside"):
        dose(session, cast, person, order_id)
    assert session.execute(select(DayDose.id)).first() is None
    session.rollback()
    row = find_paper_day(session, DONG_KINH, person.id, TODAY, VIETNAM)
    assert row is not None and why_not(row.facts, list_bands(session, TODAY, DONG_KINH)) == "outside_ledger"
    opened(session, cast, TODAY + A_DAY, now=MORNING + A_DAY)
    session.rollback()
    assert dose(session, cast, person, order_id, day=TODAY + A_DAY, now=MORNING + A_DAY, gap_check=True)


def test_a_second_dose_and_a_reversed_first_one_still_keep_the_window_shut(session: Session, cast: Cast) -> None:
    opened(session, cast)
    person, order_id = here_since_last_week(session, cast, elsewhere_until=YESTERDAY)
    first = dose(session, cast, person, order_id)
    keep(session, cast, person, 600, day=TODAY)
    reverse(session, cast, person, first.id)
    with pytest.raises(Refusal, match="drank_beside"):
        dose(session, cast, person, order_id)


def test_the_same_form_twice_is_kept_once(session: Session, cast: Cast) -> None:
    person, _ = here_since_last_week(session, cast)
    for amount in (800, 600):
        key = new_request_key()
        first, second = (keep(session, cast, person, amount, key=key) for _ in range(2))
        assert first.is_in_ledger == second.is_in_ledger
    other, _ = here_since_last_week(session, cast)
    key = new_request_key()
    keep(session, cast, person, 700, key=key)
    with pytest.raises(Refusal, match="request_key_taken"):
        keep(session, cast, other, 700, key=key)
    assert [row.mg_tenths for row in incidents(session)] == [800, 600, 700]
    assert session.execute(select(Task.id)).scalars().all() != []


def test_before_the_registration_nothing_is_kept(session: Session, cast: Cast) -> None:
    person, _ = here_since_last_week(session, cast)
    with pytest.raises(Refusal, match="before_registration"):
        keep(session, cast, person, 600, day=LAST_WEEK.date() - A_DAY)
    with pytest.raises(Refusal, match="late_entry_in_future"):
        keep(session, cast, person, 600, day=TODAY + A_DAY)
    assert incidents(session) == []
