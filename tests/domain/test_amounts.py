from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.amounts import BadAmount, ensure_pourable, format_mg, format_ml, ml_hundredths, parse_mg
from counseling.domain.refusal import Refusal

marks = st.sampled_from([",", "."])


@pytest.mark.parametrize(
    ("typed", "tenths"),
    [("60", 600), ("60,5", 605), ("60.5", 605), (" 60 ", 600), ("0,5", 5), ("60,0", 600), ("9999", 99990)],
)
def test_plain_numbers_are_read_as_tenths(typed: str, tenths: int) -> None:
    assert parse_mg(typed) == tenths


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("1e2", "not_a_number"),
        ("６０", "not_a_number"),
        ("٦٠", "not_a_number"),
        ("6０", "not_a_number"),
        ("-60", "not_a_number"),
        ("+60", "not_a_number"),
        ("6O", "not_a_number"),
        ("60,", "not_a_number"),
        (",5", "not_a_number"),
        ("60,5,5", "not_a_number"),
        ("60,５", "not_a_number"),
        ("60 5", "not_a_number"),
        ("6_0", "not_a_number"),
        ("60½", "not_a_number"),
        ("0x60", "not_a_number"),
        ("60mg", "not_a_number"),
        ("nan", "not_a_number"),
        ("inf", "not_a_number"),
        ("12345", "not_a_number"),
        ("60\n5", "not_a_number"),
        ("60,55", "too_many_decimals"),
        ("60,50", "too_many_decimals"),
        ("1.000", "too_many_decimals"),
        ("0", "zero"),
        ("0,0", "zero"),
        ("0000", "zero"),
    ],
)
def test_anything_else_is_refused_with_its_reason(typed: str, code: str) -> None:
    with pytest.raises(BadAmount) as caught:
        parse_mg(typed)
    assert caught.value.code == code


@given(st.text())
def test_no_text_is_read_as_another_amount_than_its_ascii_digits_say(text: str) -> None:
    try:
        tenths = parse_mg(text)
    except BadAmount:
        return
    assert set(text.strip()) <= set("0123456789.,")
    assert Fraction(text.strip().replace(",", ".")) * 10 == tenths > 0


@given(st.integers(1, 99999), marks)
def test_what_is_written_is_read_again_as_the_same_dose(tenths: int, mark: str) -> None:
    assert parse_mg(format_mg(tenths, decimal_mark=mark)) == tenths


@pytest.mark.parametrize(("tenths", "written"), [(600, "60"), (605, "60,5"), (5, "0,5"), (0, "0"), (-605, "-60,5")])
def test_mg_are_written_with_a_comma_and_only_the_decimal_that_is_there(tenths: int, written: str) -> None:
    assert format_mg(tenths) == written


def test_english_pages_write_a_point() -> None:
    assert format_mg(605, decimal_mark=".") == "60.5"
    assert format_ml(605, decimal_mark=".") == "6.05"


def test_the_usual_solution_gives_the_exact_volume() -> None:
    assert ml_hundredths(605, 100) == 605
    assert format_ml(ml_hundredths(605, 100)) == "6,05"


@pytest.mark.parametrize(
    ("hundredths", "written"), [(600, "6,0"), (605, "6,05"), (610, "6,1"), (5, "0,05"), (0, "0,0"), (-5, "-0,05")]
)
def test_ml_are_written_with_one_or_two_decimals(hundredths: int, written: str) -> None:
    assert format_ml(hundredths) == written


@given(st.integers(0, 100_000), st.integers(1, 1000))
def test_a_volume_is_exact_or_refused_and_never_rounded(mg_tenths: int, strength: int) -> None:
    exact = Fraction(mg_tenths, 10) / Fraction(strength, 10) * 100
    try:
        assert ml_hundredths(mg_tenths, strength) == exact
    except BadAmount as bad:
        assert bad.code == "not_measurable"
        assert exact.denominator != 1


@given(st.integers(-100_000, 100_000), marks)
def test_ml_can_be_read_back_from_what_is_written(hundredths: int, mark: str) -> None:
    assert Fraction(format_ml(hundredths, decimal_mark=mark).replace(mark, ".")) * 100 == hundredths


@pytest.mark.parametrize("strength", [0, -100])
def test_a_solution_without_strength_is_an_error_of_the_program(strength: int) -> None:
    with pytest.raises(ValueError, match="strength"):
        ml_hundredths(600, strength)


@pytest.mark.parametrize(("volume", "step"), [(605, 5), (600, 50), (605, 1), (605, None)])
def test_a_volume_on_the_measures_step_can_be_poured(volume: int, step: int | None) -> None:
    ensure_pourable(volume, step)


@pytest.mark.parametrize(("volume", "step"), [(605, 10), (601, 5), (650, 100)])
def test_a_volume_between_two_steps_of_the_measure_is_refused(volume: int, step: int) -> None:
    with pytest.raises(Refusal) as caught:
        ensure_pourable(volume, step)
    assert caught.value.code == "not_pourable"
    assert caught.value.facts == {"ml_hundredths": volume, "step_hundredths": step}


def test_a_measure_without_a_step_above_zero_is_an_error_of_the_program() -> None:
    with pytest.raises(ValueError, match="step"):
        ensure_pourable(600, 0)
