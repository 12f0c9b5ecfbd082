"""The table of replies, row by row, and what must never be read into a text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.names import fold
from counseling.domain.replies import ASKS_FOR_A_CALL, QUESTIONS, Reply, digit_of, read_reply
from counseling.models.texts import MEANINGS

OPEN = "missed_yesterday"
STOPS = (
    "NGUNG", "NGUNG NHAN", "TU CHOI", "TC", "HUY DK", "HUY TIN", "KHONG NHAN", "KHONG NHAN NUA", "THOI", "STOP",
    "STOPALL", "END", "CANCEL", "UNSUBSCRIBE", "QUIT", "dừng", "hủy", "huỷ", "thôi nhận", "thôi nhận tin",
    "ngừng nhận tin", "ngừng nhận tin nhắn", "hủy nhận tin", "đừng gửi tin nữa", "không muốn nhận tin nữa",
)  # fmt: skip
AS_PEOPLE_TYPE = (
    "Ngừng",
    " ngừng nhận! ",
    "Từ chối.",
    "HUY-ĐK",
    "thôi",
    "Không nhận nữa!!",
    "DỪNG",
    "Hủy.",
    "stop 🙏",
)
NEVER_STOPS = (
    "đúng", "dùng", "Đúng", "DÙNG", "đừng", "đụng", "đung", "dứng", "hủy hoại", "tôi muốn dừng", "đừng dừng",
    "thôi được", "không nhận ra", "end game", "stop it", "ngừng thuốc", "huy dk di", "tc nhe", "dung roi", "anh huy",
    "thôi nhận thuốc", "đúng, nhận", "không nhận tiền nữa",
)  # fmt: skip
questions = st.sampled_from([None, *QUESTIONS])


@pytest.mark.parametrize("text", (*STOPS, *AS_PEOPLE_TYPE))
@pytest.mark.parametrize("question", [None, OPEN])
def test_a_stop_word_stops_whether_a_question_is_open_or_not(text: str, question: str | None) -> None:
    assert read_reply(text, question) == Reply("stop")
    assert read_reply(unicodedata.normalize("NFD", text), question) == Reply("stop")


@pytest.mark.parametrize("text", NEVER_STOPS)
@pytest.mark.parametrize("question", [None, OPEN])
def test_what_only_looks_like_a_stop_goes_to_the_inbox(text: str, question: str | None) -> None:
    assert read_reply(text, question) == Reply("other")
    assert read_reply(unicodedata.normalize("NFD", text), question) == Reply("other")


@pytest.mark.parametrize("text", ["dung", "Dung", "DUNG!", "huy", "HUY."])
def test_a_bare_dung_or_huy_is_asked_about_while_a_question_is_open(text: str) -> None:
    assert read_reply(text, OPEN) == Reply("ask_again")
    assert read_reply(text, None) == Reply("stop")


@pytest.mark.parametrize("text", ["BAT DAU", "Bắt đầu", "tiếp tục", "DK", "ĐK", "start", "Unstop"])
def test_somebody_begins_again(text: str) -> None:
    assert read_reply(text, None) == read_reply(text, OPEN) == Reply("start")


@pytest.mark.parametrize("text", ["TRO GIUP", "Trợ giúp", "help", "HELP?"])
def test_somebody_asks_for_help(text: str) -> None:
    assert read_reply(text, None) == read_reply(text, OPEN) == Reply("help")


@pytest.mark.parametrize(("question", "digits"), QUESTIONS.items())
def test_a_digit_answers_the_question_that_is_open(question: str, digits: dict[str, str]) -> None:
    for digit in "123456789":
        expected = Reply("answer", digits[digit]) if digit in digits else Reply("other")
        for text in (digit, f" {digit}. ", f"{digit}!", f"({digit})", f"{digit}\ufe0f\u20e3", f"{digit}\n"):
            assert read_reply(text, question) == expected, (question, text)


@pytest.mark.parametrize(
    "text", [*"0123456789", "1 2", "12", "1 nhé", "so 2", "²", "１", "một", "", " ", "?", "👍", "\x00"]
)
def test_without_a_question_a_digit_means_nothing_and_never_does_anything_else(text: str) -> None:
    assert read_reply(text, None) == Reply("other")


@pytest.mark.parametrize("text", ["0", "12", "1 2", "1/2", "1 nhé", "so 2", "²", "１", "một", "", "👍", "1,5", "\x00"])
def test_what_is_not_one_digit_is_no_answer(text: str) -> None:
    assert read_reply(text, OPEN) == Reply("other")


def test_the_questions_are_those_of_the_texts() -> None:
    assert QUESTIONS["missed_yesterday"] == {"1": "will_come", "2": "call_back"}
    assert QUESTIONS["appointment"] == {"1": "will_come", "2": "other_day", "3": "call_back"}
    assert QUESTIONS["check_in"] == {"1": "well", "2": "trouble", "3": "call_back"}
    assert QUESTIONS["help"] == {"2": "call_back"}
    assert {answer for digits in QUESTIONS.values() for answer in digits.values()} > ASKS_FOR_A_CALL


@given(st.text(max_size=200), questions)
def test_whatever_comes_has_one_of_the_meanings(text: str, question: str | None) -> None:
    reply = read_reply(text, question)
    assert reply.meaning in MEANINGS
    assert (reply.answer is None) == (reply.meaning != "answer")


@given(st.text(max_size=200), questions)
def test_only_a_single_digit_is_an_answer(text: str, question: str | None) -> None:
    if read_reply(text, question).meaning == "answer":
        assert question is not None
        assert digit_of(text) in QUESTIONS[question]


@given(
    st.sampled_from([*STOPS, "dung", "huy"]),
    st.lists(st.text("abcđeghiklmnopqrstuvxyươ", min_size=1), min_size=1),
    questions,
)
def test_a_longer_sentence_is_never_a_stop(stop: str, words: list[str], question: str | None) -> None:
    """With a stop word at its beginning, its end or in its middle; whatever else the words say."""
    for text in (" ".join([stop, *words]), " ".join([*words, stop]), " ".join([*words, stop, *words])):
        if fold(text).replace(" ", "") in {fold(s).replace(" ", "") for s in STOPS}:
            continue  # "ngung" + "nhan"
        assert read_reply(text, question).meaning in ("other", "crisis", "wrong_number")


@given(st.sampled_from(STOPS), st.text("!.?,;:-_…🙏 \t\n\x00\u200b", max_size=6), st.text("!. ", max_size=6))
def test_signs_around_a_stop_do_not_hide_it(stop: str, before: str, after: str) -> None:
    assert read_reply(f"{before}{stop.swapcase()}{after}", OPEN) == Reply("stop")


@given(st.text(max_size=80), questions)
def test_capitals_and_the_way_of_encoding_marks_change_nothing(text: str, question: str | None) -> None:
    text = unicodedata.normalize("NFC", text)
    assert read_reply(unicodedata.normalize("NFD", text), question) == read_reply(text, question)
    if text.isascii():
        assert read_reply(text.upper(), question) == read_reply(text.lower(), question)
