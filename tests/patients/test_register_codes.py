"""Codes as they are typed in haste, and the next one of a register."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.register_codes import is_same_code, next_code, number_of


@pytest.mark.parametrize("typed", ["LS-0012", "ls0012", "LS 12", "12", "0012", " 012 ", "ls-12"])
def test_a_code_is_found_however_it_is_typed(typed: str) -> None:
    assert is_same_code(typed, "LS-0012")


@pytest.mark.parametrize("typed", ["", "-", "LS", "2", "112", "120", "DT-0012", "LS-0012a"])
def test_another_code_is_not_taken_for_it(typed: str) -> None:
    assert not is_same_code(typed, "LS-0012")


def test_a_code_without_a_number_is_found_whole() -> None:
    assert is_same_code("đk/a", "ĐK-A")
    assert number_of("ĐK-A") is None


@given(st.text(max_size=30))
def test_every_code_means_itself_or_nothing(code: str) -> None:
    assert is_same_code(code, code) or not any(char.isalnum() for char in code)


@pytest.mark.parametrize(
    ("codes", "proposed"),
    [
        ([], None),
        (["A", "B"], None),
        (["LS-0001", "LS-0009"], "LS-0010"),
        (["LS-0099", "KHÁC-7000", "LS-0003"], "LS-0100"),
        (["9", "10"], "11"),
        (["LS-9999"], "LS-10000"),
        (["12/25"], "12/26"),
    ],
)
def test_the_next_code_follows_the_common_pattern(codes: list[str], proposed: str | None) -> None:
    assert next_code(codes) == proposed
