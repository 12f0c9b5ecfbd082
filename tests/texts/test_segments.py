"""How many segments a text costs, against the figures of the standard and a second way of counting."""

from __future__ import annotations

import unicodedata

import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from counseling.sms.segments import GSM7, GSM7_TWICE, is_gsm7, segments_of, size_of
from counseling.sms.wording import SHIPPED
from counseling.sms.wording_marks import MARKED as MARKED_TEXTS

MARKED = "Nhắc lịch: mời anh/chị đến điểm hẹn lúc 8h sáng mai. Trả lời 1 nếu đến được, 2 nếu cần đổi giờ."
PLAIN = "Nhac lich: moi anh/chi den diem hen luc 8h sang mai. Tra loi 1 neu den duoc, 2 neu can doi gio."
VIETNAMESE = (
    "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩị"
    "òóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ"
)  # fmt: skip


def test_the_alphabet_is_the_one_of_the_standard() -> None:
    """128 places, one of them the escape character; ten letters behind it."""
    assert (len(GSM7), len(GSM7_TWICE)) == (127, 10)
    assert len(VIETNAMESE) == 67
    assert "".join(letter for letter in VIETNAMESE if letter in GSM7) == "àèéìòù"


@pytest.mark.parametrize(
    ("body", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("đ" * 70, 1),
        ("đ" * 71, 2),
        ("đ" * 134, 2),
        ("đ" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_the_limits_are_160_and_153_or_70_and_67(body: str, segments: int) -> None:
    assert segments_of(body) == segments


def test_a_letter_that_counts_twice_is_not_cut_in_half() -> None:
    """76 pairs fill 152 of 153 places of a part: the 77th begins the next one."""
    assert size_of("€" * 153).segments == 3  # 306 units would be two parts of 153
    assert size_of("😀" * 67).segments == 3  # 134 units would be two parts of 67


def test_the_reminder_of_the_design_is_two_segments_with_marks_and_one_without() -> None:
    assert (segments_of(MARKED), segments_of(PLAIN)) == (2, 1)
    assert (size_of(MARKED).has_marks, size_of(PLAIN).has_marks) == (True, False)


def test_a_letter_typed_in_pieces_counts_as_the_one_it_is() -> None:
    for text in (MARKED, "é" * 160):
        assert size_of(unicodedata.normalize("NFD", text)) == size_of(text)


def test_what_is_left_of_the_last_part_is_told() -> None:
    assert (size_of("a" * 10).units, size_of("a" * 10).room) == (10, 160)
    assert (size_of("a" * 161).units, size_of("a" * 161).room) == (8, 153)


@given(st.text(st.sampled_from(sorted(GSM7 | GSM7_TWICE)), max_size=500))
def test_plain_letters_are_counted_as_a_second_hand_counts_them(body: str) -> None:
    widths = [2 if letter in "^{}\\[~]|€\f" else 1 for letter in body]
    parts: list[int] = [0]
    for width in widths:
        parts = [*parts[:-1], parts[-1] + width] if parts[-1] + width <= 153 else [*parts, width]
    assert segments_of(body) == (1 if sum(widths) <= 160 else len(parts))


@given(
    st.lists(st.sampled_from([*SHIPPED.values(), *MARKED_TEXTS.values(), *VIETNAMESE, *"^€|{}", " ", "😀"]), max_size=9)
)
def test_all_our_texts_are_counted_as_an_independent_counter_counts_them(pieces: list[str]) -> None:
    """Whole texts as they ship, in both spellings, and any letters between them."""
    body = unicodedata.normalize("NFC", "".join(pieces))
    assert segments_of(body) == len(smsutil.split(body).parts)


@given(st.text(max_size=300), st.text(max_size=300))
def test_a_longer_text_never_costs_less(first: str, second: str) -> None:
    text = unicodedata.normalize("NFC", first + second)
    if unicodedata.normalize("NFC", first) == text[: len(first)]:  # pieces that merge may make it shorter
        assert segments_of(text) >= segments_of(first)


@given(st.text(max_size=200))
def test_one_letter_outside_makes_all_letters_wide(body: str) -> None:
    assert not is_gsm7(body + "đ")
    assert size_of(body + "đ").room in (70, 67)
