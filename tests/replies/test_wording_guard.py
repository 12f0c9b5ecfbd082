"""What a text may not say, however it is spelled, and the everyday words that only look like it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.names import fold
from counseling.domain.wording_guard import AMBIGUOUS_WORDS, DRUGS, PHRASES, WORDS, forbidden_phrase

HARMLESS = (
    "Chào anh, mai 8h anh ghé em nhé.", "Chao anh, mai 8h anh ghe em nhe.", "cái này để em hỏi lại",
    "cai nay de em hoi",
    "Em cài lại máy rồi, sau cái Tết mình gặp", "Liệu mai anh đến được không?", "lieu mai anh den duoc khong",
    "Tài liệu em để ở bàn", "tai lieu em de o ban", "hai tram nghin", "Hai trăm nghìn", "Mà tùy anh, hôm nào cũng được",
    "Nhà anh thuộc xã nào?", "Nghiên cứu thêm", "Gọi lại cho anh lúc 9h30", "Anh Mẫu ơi", "ok 👍", "", "1", "\x00",
)  # fmt: skip
TELLING = (
    ("Mai anh nhớ uống methadone", "methadon"), ("METHA-DONE", "methadon"), ("methadonee", "methadon"),
    ("anh di dieu tri nhe", "điều trị"), ("Đợt điều trị này", "điều trị"), ("điêu trị", "điều trị"),
    ("Ket qua HIV co roi", "hiv"), ("hiv", "hiv"), ("mai lay thuoc", "lấy thuốc"), ("thuốc", "thuốc"),
    ("thuoc", "thuốc"), ("Anh cai được mấy hôm?", "cai"), ("anh cai nghien may hom", "cai nghiện"),
    ("hôm qua bỏ liều", "bỏ liều"), ("Liều mới", "liều"), ("giam lieu", "giảm liều"), ("60 mg", "60 mg"),
    ("6,5ml nhe", "6,5ml"), ("đến trạm", "trạm"), ("den tram y te", "trạm y tế"), ("ma tuy", "ma túy"),
    ("your next dose", "dose"), ("bac si hen", "bác sĩ"), ("SAU CAI", "sau cai"),
)  # fmt: skip
NAMES = ("Trạm Y tế phường Đông Kinh", "Lý Văn Mẫu", "Mẩy")


@pytest.mark.parametrize("text", HARMLESS)
def test_everyday_words_pass(text: str) -> None:
    assert forbidden_phrase(text, NAMES) is None
    assert forbidden_phrase(unicodedata.normalize("NFD", text), NAMES) is None


@pytest.mark.parametrize(("text", "phrase"), TELLING)
def test_what_tells_is_refused_by_name(text: str, phrase: str) -> None:
    assert forbidden_phrase(text) == phrase
    assert forbidden_phrase(unicodedata.normalize("NFD", text)) == phrase


@pytest.mark.parametrize("phrase", [*DRUGS, *PHRASES, *WORDS])
def test_every_phrase_is_found_with_marks_without_them_and_in_capitals(phrase: str) -> None:
    for text in (
        phrase,
        fold(phrase),
        phrase.upper(),
        fold(phrase).upper(),
        f"(... {phrase}, nhé)",
        f"a {fold(phrase)} b",
    ):
        assert forbidden_phrase(text) is not None, text


@pytest.mark.parametrize("word", AMBIGUOUS_WORDS)
def test_an_everyday_word_without_marks_is_refused_only_where_the_writer_uses_marks(word: str) -> None:
    assert forbidden_phrase(f"ngày mai {word} nhé") == word
    assert forbidden_phrase(fold(f"ngày mai {word} nhé")) is None


def test_names_of_the_conversation_are_refused_whole_and_not_in_part() -> None:
    assert forbidden_phrase("gap o tram y te phuong dong kinh") is not None
    assert forbidden_phrase("gap o Dong Kinh") is None
    assert forbidden_phrase("chào LY VAN MAU", NAMES) == "Lý Văn Mẫu"
    assert forbidden_phrase("chào anh Mẫu, chị Mẩy", NAMES) is None


def test_a_phrase_within_other_words_is_no_phrase() -> None:
    assert forbidden_phrase("chiva shiv") is None
    assert forbidden_phrase("dosette aidsy") is None


@given(st.text(max_size=300), st.lists(st.text(max_size=20), max_size=3))
def test_whatever_is_typed_is_looked_at_without_an_error(text: str, names: list[str]) -> None:
    found = forbidden_phrase(text, names)
    assert found is None or isinstance(found, str)


@given(st.sampled_from(PHRASES), st.text(" .,;:!?\n", min_size=1, max_size=4), st.text("xyz ", max_size=10))
def test_signs_and_words_around_a_phrase_do_not_hide_it(phrase: str, sign: str, around: str) -> None:
    assert forbidden_phrase(f"{around}{sign}{phrase}{sign}{around}") is not None
