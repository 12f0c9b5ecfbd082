"""What a doctor's order is refused for; nothing is written then."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.orders import Phase
from counseling.domain.refusal import Refusal
from counseling.models.orders import Drug
from counseling.models.patients import TreatmentFile
from counseling.models.places import Site
from tests.support.cast import CAO_LOC, DONG_KINH, Cast
from tests.support.orders import A_DAY, how_many_orders, make_doctor, write
from tests.support.treatment import TODAY, dose, opened, ordered, somebody


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"parts_tenths": ()}, "order_no_dose"),
        ({"parts_tenths": (-600,)}, "order_no_dose"),
        ({"parts_tenths": (600, 0)}, "order_no_dose"),
        ({"parts_tenths": (100,) * 5}, "order_too_many_parts"),
        ({"parts_tenths": (6050,)}, "order_dose_above_ceiling"),
        ({"parts_tenths": (3001,)}, "dose_above_300_needs_second_doctor"),
        ({"ends_on": TODAY - A_DAY}, "order_ends_before_start"),
        ({"starts_on": TODAY - A_DAY}, "order_starts_in_past"),
        ({"starts_on": TODAY + 61 * A_DAY}, "order_starts_too_late"),
        ({"ends_on": TODAY + 30 * A_DAY}, "order_too_long"),
        ({"phase": Phase.ONE_TIME, "ends_on": TODAY}, "order_phase_one_time"),
        ({"station_id": CAO_LOC}, "order_not_for_this_person"),
        ({"patient_id": 999}, "order_not_for_this_person"),
    ],
)
def test_an_order_against_the_rules_is_refused(
    session: Session, cast: Cast, changes: dict[str, Any], code: str
) -> None:
    person = somebody(session, cast)
    with pytest.raises(Refusal) as refused:
        write(session, cast, person, **changes)
    assert refused.value.code == code
    assert how_many_orders(session) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"parts_tenths": (3000,)},
        {"ends_on": TODAY + 29 * A_DAY},
        {"ends_on": TODAY},
        {"starts_on": TODAY + 60 * A_DAY},
        {"phase": Phase.TAPER, "ends_on": TODAY + 90 * A_DAY},
    ],
)
def test_an_order_at_the_edge_of_the_rules_is_written(session: Session, cast: Cast, changes: dict[str, Any]) -> None:
    write(session, cast, somebody(session, cast), **changes)
    assert how_many_orders(session) == 1


@pytest.mark.parametrize(("parts", "is_refused"), [((301,), True), ((150, 151), True), ((300,), False)])
def test_the_first_day_of_somebody_never_dosed_is_at_most_30_mg(
    session: Session, cast: Cast, parts: tuple[int, ...], is_refused: bool
) -> None:
    person = somebody(session, cast, elsewhere_until=None)
    if is_refused:
        with pytest.raises(Refusal, match="first_dose_above_30"):
            write(session, cast, person, parts_tenths=parts, phase=Phase.INDUCTION)
    else:
        with pytest.raises(Refusal, match="first_dose_above_usual"):
            write(session, cast, person, parts_tenths=parts, phase=Phase.INDUCTION)
        assert write(session, cast, person, parts_tenths=parts, phase=Phase.INDUCTION, above_usual_considered=True)


def test_whoever_was_dosed_here_is_not_at_a_first_dose(session: Session, cast: Cast) -> None:
    person = somebody(session, cast, elsewhere_until=None)
    first = ordered(session, cast, person, 200, phase=Phase.INDUCTION)
    opened(session, cast)
    dose(session, cast, person, first)
    assert write(session, cast, person, starts_on=TODAY + A_DAY, parts_tenths=(350,), phase=Phase.INDUCTION)


@pytest.mark.parametrize(("parts", "is_refused"), [((605,), True), ((600, 605), True), ((650,), False)])
def test_a_dose_that_the_stations_measure_cannot_pour_is_refused(
    session: Session, cast: Cast, parts: tuple[int, ...], is_refused: bool
) -> None:
    person = somebody(session, cast)
    with writing(session) as tx:
        tx.execute(update(Site).where(Site.id == DONG_KINH).values(pour_step_hundredths=50))
    if is_refused:
        with pytest.raises(Refusal, match="not_pourable"):
            write(session, cast, person, parts_tenths=parts)
    else:
        assert write(session, cast, person, parts_tenths=parts)


def test_a_dose_without_an_exact_volume_is_refused(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    with writing(session) as tx:
        tx.execute(update(Drug).values(strength=70))
    with pytest.raises(Refusal, match="not_measurable"):
        write(session, cast, person, parts_tenths=(600,))


@pytest.mark.parametrize("status", ["discharged", "moved", "died"])
def test_nobody_who_has_left_gets_an_order(session: Session, cast: Cast, status: str) -> None:
    person = somebody(session, cast)
    with writing(session) as tx:
        tx.execute(update(TreatmentFile).where(TreatmentFile.patient_id == person.id).values(status=status))
    with pytest.raises(Refusal, match="patient_not_active"):
        write(session, cast, person)


def test_above_300_mg_another_doctor_signs(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    colleague = make_doctor(session, cast, "counselor")
    for second, code in (
        (cast.staff["doctor"], "second_doctor_is_the_same"),
        (cast.staff["dispenser"], "second_doctor_not_a_doctor"),
        (999, "second_doctor_not_a_doctor"),
    ):
        with pytest.raises(Refusal, match=code):
            write(session, cast, person, parts_tenths=(3001,), second_doctor_id=second)
    assert write(session, cast, person, parts_tenths=(3001,), second_doctor_id=colleague)


def test_a_doctor_who_has_left_signs_nothing(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    colleague = make_doctor(session, cast, "counselor", disabled=True)
    with pytest.raises(Refusal, match="second_doctor_not_a_doctor"):
        write(session, cast, person, parts_tenths=(3001,), second_doctor_id=colleague)


def test_a_day_that_has_its_dose_belongs_to_its_order(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    running = write(session, cast, person)
    opened(session, cast)
    dose(session, cast, person, running)
    with pytest.raises(Refusal, match="order_after_todays_dose") as refused:
        write(session, cast, person, parts_tenths=(700,))
    assert refused.value.facts == {"dose_on": TODAY}
    assert write(session, cast, person, parts_tenths=(700,), starts_on=TODAY + A_DAY)


def test_the_second_of_two_doctors_reads_the_first_ones_order_before_replacing_it(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    first = write(session, cast, person, latest_seen=0)
    with pytest.raises(Refusal, match="order_written_meanwhile"):
        write(session, cast, person, parts_tenths=(700,), latest_seen=0)
    assert write(session, cast, person, parts_tenths=(700,), latest_seen=first) > first


def test_a_doctors_today_is_the_day_that_counts(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    with pytest.raises(Refusal, match="order_starts_in_past"):
        write(session, cast, person, today=date(2026, 11, 23))
