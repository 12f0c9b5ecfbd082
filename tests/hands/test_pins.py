"""Which six digits are a PIN."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.pins import ensure_pin
from counseling.domain.refusal import Refusal
from counseling.domain.second_factor import in_fours, is_totp, steps_to_try, typed

RUNS = {"".join(str((start + step * n) % 10) for n in range(6)) for start in range(10) for step in (1, -1)}
SAME = {digit * 6 for digit in "0123456789"}


def code_of(pin: str) -> str | None:
    try:
        ensure_pin(pin)
    except Refusal as refusal:
        return refusal.code
    return None


def test_all_the_same_and_runs_are_refused() -> None:
    assert {code_of(pin) for pin in SAME} == {"pin_all_the_same"}
    assert {code_of(pin) for pin in RUNS} == {"pin_is_a_run"}
    assert {"123456", "654321", "012345", "543210", "567890"} <= RUNS


def test_a_birthday_is_fine() -> None:
    assert [code_of(pin) for pin in ("240613", "010190", "121212", "112233")] == [None] * 4


@given(st.text(alphabet="0123456789", min_size=6, max_size=6))
def test_any_other_six_digits_are_taken(pin: str) -> None:
    assert (code_of(pin) is None) == (pin not in RUNS | SAME)


@given(st.text(max_size=12).filter(lambda text: not (len(text) == 6 and text.isascii() and text.isdigit())))
def test_what_is_not_six_plain_digits_is_refused(text: str) -> None:
    assert code_of(text) == "pin_not_six_digits"


@pytest.mark.parametrize("pin", ["１２３４０９", "٢٤٠٦١٣", "24061³", "24 613", "-24061", "2406130", "24061", ""])
def test_digits_of_other_scripts_are_none(pin: str) -> None:
    assert code_of(pin) == "pin_not_six_digits"


@given(st.integers(0, 4_000_000_000), st.integers(-3, 3))
def test_a_code_is_taken_one_step_either_side_and_never_again(seconds: int, apart: int) -> None:
    step = seconds // 30 + apart
    assert (step in steps_to_try(seconds, None)) == (abs(apart) <= 1)
    assert all(later > step for later in steps_to_try(seconds, step))


def test_codes_are_read_as_people_copy_them() -> None:
    assert typed(" 123 456 ") == "123456"
    assert typed("ABCD-efgh jkmn.pqrs") == "abcdefghjkmnpqrs"
    assert in_fours("abcdefghjkmnpqrs") == "abcd efgh jkmn pqrs"
    assert is_totp("123456") and not is_totp("12345") and not is_totp("１２３４５６")
