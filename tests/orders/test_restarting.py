"""After days without a known dose: what a doctor has to do before somebody is dosed again."""

from __future__ import annotations

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.missed_doses import gap_days
from counseling.domain.orders import Phase
from counseling.domain.refusal import Refusal
from counseling.models.orders import GapBandRow
from counseling.queries.bands import list_bands
from counseling.queries.orders import orders_for_form
from tests.support.cast import DONG_KINH, Cast
from tests.support.orders import A_DAY, order, write
from tests.support.treatment import TODAY, dose, opened, somebody


@pytest.mark.parametrize("missed", [0, 3])
def test_a_short_gap_asks_the_doctor_for_nothing_and_is_not_hidden(session: Session, cast: Cast, missed: int) -> None:
    person = somebody(session, cast, elsewhere_until=TODAY - (missed + 1) * A_DAY)
    new = write(session, cast, person, restart_examined=True)
    assert order(session, new).gap_reviewed_through is None


@pytest.mark.parametrize("missed", [4, 5])
def test_after_four_days_the_doctor_examines_first(session: Session, cast: Cast, missed: int) -> None:
    person = somebody(session, cast, elsewhere_until=TODAY - (missed + 1) * A_DAY)
    with pytest.raises(Refusal, match="restart_needs_examination") as refused:
        write(session, cast, person)
    assert refused.value.facts == {"gap_days": missed}
    new = write(session, cast, person, restart_examined=True)
    assert order(session, new).gap_reviewed_through == TODAY - A_DAY


@pytest.mark.parametrize("missed", [6, 30])
@pytest.mark.parametrize("phase", [Phase.MAINTENANCE, Phase.ADJUSTMENT, Phase.TAPER])
def test_after_six_days_the_order_is_a_new_induction(session: Session, cast: Cast, missed: int, phase: Phase) -> None:
    person = somebody(session, cast, elsewhere_until=TODAY - (missed + 1) * A_DAY)
    with pytest.raises(Refusal, match="restart_needs_examination"):
        write(session, cast, person, phase=Phase.INDUCTION)
    with pytest.raises(Refusal, match="restart_needs_induction"):
        write(session, cast, person, phase=phase, restart_examined=True)
    new = write(session, cast, person, phase=Phase.INDUCTION, restart_examined=True, parts_tenths=(200,))
    assert order(session, new).gap_reviewed_through == TODAY - A_DAY


def test_an_order_written_ahead_does_not_hide_the_days_missed_until_it_starts(session: Session, cast: Cast) -> None:
    person = somebody(session, cast, elsewhere_until=TODAY - A_DAY)
    ahead = write(session, cast, person, starts_on=TODAY + 6 * A_DAY)
    reviewed = order(session, ahead).gap_reviewed_through
    assert gap_days(TODAY - A_DAY, TODAY + 6 * A_DAY, reviewed) == 6


def test_a_restart_written_ahead_hides_only_the_days_that_the_doctor_saw(session: Session, cast: Cast) -> None:
    person = somebody(session, cast, elsewhere_until=TODAY - 5 * A_DAY)
    ahead = write(session, cast, person, starts_on=TODAY + 4 * A_DAY, restart_examined=True)
    reviewed = order(session, ahead).gap_reviewed_through
    assert gap_days(TODAY - 5 * A_DAY, TODAY + 4 * A_DAY, reviewed) == 4


def test_a_restart_is_dosed_and_the_next_order_asks_for_nothing(session: Session, cast: Cast) -> None:
    person = somebody(session, cast, elsewhere_until=TODAY - 11 * A_DAY)
    restart = write(session, cast, person, phase=Phase.INDUCTION, restart_examined=True, parts_tenths=(200,))
    opened(session, cast)
    dose(session, cast, person, restart)
    following = write(session, cast, person, starts_on=TODAY + A_DAY, phase=Phase.ADJUSTMENT)
    assert order(session, following).gap_reviewed_through is None


def test_an_order_after_an_unused_restart_is_a_restart_again(session: Session, cast: Cast) -> None:
    person = somebody(session, cast, elsewhere_until=TODAY - 11 * A_DAY)
    write(session, cast, person, phase=Phase.INDUCTION, restart_examined=True, parts_tenths=(200,))
    with pytest.raises(Refusal, match="restart_needs_examination"):
        write(session, cast, person, phase=Phase.INDUCTION, parts_tenths=(250,))


def test_the_bands_of_the_day_decide(session: Session, cast: Cast) -> None:
    person = somebody(session, cast, elsewhere_until=TODAY - 3 * A_DAY)
    stricter = {"from_days": 2, "to_days": 3, "response": "suspend", "source": "bác sĩ phụ trách"}
    with writing(session) as tx:
        tx.execute(insert(GapBandRow).values(**stricter, effective_from=TODAY, effective_until=TODAY))
    assert [len(list_bands(session, TODAY + n * A_DAY, DONG_KINH)) for n in (-1, 0, 1)] == [5, 6, 5]
    with pytest.raises(Refusal, match="restart_needs_examination"):
        write(session, cast, person)
    assert write(session, cast, person, today=TODAY + A_DAY, starts_on=TODAY + A_DAY)


def test_the_doctor_sees_the_gap_the_days_and_the_orders(session: Session, cast: Cast) -> None:
    person = somebody(session, cast, elsewhere_until=TODAY - 6 * A_DAY)
    early = TODAY - 8 * A_DAY
    current = write(session, cast, person, starts_on=early, ends_on=TODAY + A_DAY, today=early)
    coming = write(session, cast, person, starts_on=TODAY + 2 * A_DAY, restart_examined=True, phase=Phase.MAINTENANCE)
    facts = orders_for_form(session, person.id, list_bands(session, TODAY, DONG_KINH), TODAY)
    assert (facts.gap, facts.covered_through, facts.restart) == (5, TODAY - 6 * A_DAY, True)
    assert facts.current is not None and facts.coming is not None
    assert (facts.current.id, facts.coming.id, facts.latest_id) == (current, coming, coming)
    assert facts.last_dose is None
    spans = [(span.first_on, span.last_on, span.mark) for span in facts.days]
    assert spans == [
        (TODAY - 5 * A_DAY, TODAY - A_DAY, "missed"),
        (TODAY - 6 * A_DAY, TODAY - 6 * A_DAY, "complete"),
        (TODAY - 8 * A_DAY, TODAY - 7 * A_DAY, "missed"),
        (TODAY - 14 * A_DAY, TODAY - 9 * A_DAY, "no_order"),
    ]


def test_a_day_with_one_of_two_parts_shows_as_a_part(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    split = write(session, cast, person, parts_tenths=(300, 305))
    opened(session, cast)
    dose(session, cast, person, split)
    tomorrow = TODAY + A_DAY
    facts = orders_for_form(session, person.id, list_bands(session, tomorrow, DONG_KINH), tomorrow)
    assert [(span.mark, span.days) for span in facts.days] == [("part", 1), ("complete", 1), ("no_order", 12)]
    assert facts.last_dose is not None and facts.last_dose.mg_tenths == 300


def test_somebody_never_dosed_has_no_gap(session: Session, cast: Cast) -> None:
    person = somebody(session, cast, elsewhere_until=None)
    facts = orders_for_form(session, person.id, list_bands(session, TODAY, DONG_KINH), TODAY)
    assert (facts.gap, facts.band, facts.restart, facts.latest_id) == (None, None, False, 0)
