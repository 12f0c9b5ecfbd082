import re

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.card_codes import ALPHABET, PREFIX, grouped, new_card_code, read_card_code, seems_card_code

codes = st.binary(min_size=11, max_size=11).map(lambda drawn: new_card_code(lambda count: drawn[:count]))


@given(codes)
def test_a_new_code_reads_as_itself_and_fits_a_small_qr_code(code: str) -> None:
    assert read_card_code(code) == code
    drawn = segno.make_qr(code, error="q", boost_error=False)
    assert (drawn.version, drawn.error, drawn.mode) == (1, "Q", "alphanumeric")


@given(codes)
def test_every_single_wrong_character_is_noticed(code: str) -> None:
    for place in range(len(PREFIX), len(code)):
        for wrong in ALPHABET:
            if wrong != code[place]:
                assert read_card_code(code[:place] + wrong + code[place + 1 :]) is None


@given(codes)
def test_every_swap_of_two_characters_is_noticed(code: str) -> None:
    for first in range(len(PREFIX), len(code)):
        for second in range(first + 1, len(code)):
            swapped = list(code)
            swapped[first], swapped[second] = code[second], code[first]
            if code[first] != code[second]:
                assert read_card_code("".join(swapped)) is None


@given(codes, st.data())
def test_what_a_tired_person_types_is_understood(code: str, data: st.DataObject) -> None:
    alike = {"0": "0oO", "1": "1iIlL"}
    body = code.removeprefix(PREFIX)
    typed = [data.draw(st.sampled_from(alike.get(char, char + char.lower()))) for char in body]
    between = data.draw(st.lists(st.sampled_from(["", " ", "-"]), min_size=12, max_size=12))
    prefix = data.draw(st.sampled_from(["", "VN1:", "vn1:", "vn1 ", "VNl:", "VN1"]))
    assert read_card_code(" " + prefix + "".join(map(str.__add__, typed, between)) + "\n") == code


@given(codes)
def test_the_printed_groups_can_be_typed_back(code: str) -> None:
    assert re.fullmatch(r"\w{4} \w{4} \w{4}", grouped(code))
    assert read_card_code(grouped(code)) == code


@given(st.text())
def test_any_text_is_a_whole_token_or_none(text: str) -> None:
    read = read_card_code(text)
    assert read is None or (read.startswith(PREFIX) and read_card_code(read) == read)


@given(codes, st.text(ALPHABET, min_size=1, max_size=5))
def test_a_code_with_characters_missing_or_added_is_none(code: str, more: str) -> None:
    assert read_card_code(code + more) is None
    assert read_card_code(code[:-1]) is None
    assert read_card_code("VN2:" + code.removeprefix(PREFIX)) is None


@pytest.mark.parametrize(
    "text", ["", "VN1:", "BN-0042", "ＶＮ１", "VN1:UUUUUUUUUUUU", "0" * 1000, "https://example.org"]
)
def test_what_is_no_card_is_none(text: str) -> None:
    assert read_card_code(text) is None


def test_a_printed_card_is_read_for_ever() -> None:
    printed = "VN1:314159265352"
    assert new_card_code(lambda count: bytes([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5])) == printed
    assert read_card_code(printed) == printed


def test_a_code_lost_in_a_long_text_is_not_looked_for() -> None:
    code = new_card_code(bytes)
    assert read_card_code(code + " " * 48) == code
    assert read_card_code(code + " " * 49) is None
    assert read_card_code(code + " " * 9 + "é") is None


def test_codes_use_all_characters_of_the_source() -> None:
    assert new_card_code(lambda count: bytes(range(count))) != new_card_code(lambda count: bytes(count))
    seen = set[str]()
    for byte in range(256):
        seen.update(new_card_code(bytes([byte]).__mul__)[len(PREFIX) : -1])
    assert seen == set(ALPHABET)


@given(codes)
def test_a_code_with_a_wrong_character_still_seems_one(code: str) -> None:
    wrong = code[:-1] + ALPHABET[(ALPHABET.index(code[-1]) + 1) % 32]
    assert read_card_code(wrong) is None
    assert seems_card_code(wrong) and seems_card_code(wrong[:-1].lower())
    assert seems_card_code(grouped(wrong)) == any(char.isalpha() for char in grouped(wrong))


@pytest.mark.parametrize(
    "typed", ["", "LS-0007", "Nông Văn Tập", "0912 345 678", "DT-DK-0001", "Hoàng Thị Vân", "012345678901"]
)
def test_what_people_type_otherwise_does_not_seem_a_card(typed: str) -> None:
    assert not seems_card_code(typed)
