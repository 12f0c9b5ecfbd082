"""Every text that goes out by itself is one segment, and a stranger on a bus may read it."""

from __future__ import annotations

import re
import unicodedata

import pytest

from counseling.domain.names import fold
from counseling.domain.reminder_kinds import KINDS_OF
from counseling.domain.replies import QUESTIONS
from counseling.domain.wording_guard import forbidden_phrase
from counseling.services.reminder_words import WORDING_OF
from counseling.sms.segments import is_gsm7, segments_of
from counseling.sms.wording import ANSWERS, KEYS, QUESTION_OF, text_of
from counseling.sms.wording_marks import MARKED, MOST_SEGMENTS, PRETEXTS

# The longest that a planner writes into them.
VALUES = {
    "missed_yesterday": {"until": "10h30"},
    "dose_today": {"until": "10h30"},
    "weekend": {"days": "Chu nhat 22/11 den Chu nhat 29/11", "opens": "10h30", "closes": "10h30"},
    "evening_before": {"opens": "10h30", "closes": "10h30"},
    "appointment": {"hour": "10h30 chieu", "day": "Chu nhat 29/11/2026"},
    "number": {"digits": "48"},
    "crisis_shut": {"since": "10h30 Chu nhat 29/11"},
    "call_back_shut": {"since": "10h30 Chu nhat 29/11"},
}
FORBIDDEN = (
    "methadone", "thuoc", "lieu", "uong", "ma tuy", "heroin", "nghien", "cai", "dieu tri", "hiv", "aids", "arv",
    "tram", "benh", "y te", "phong kham", "co so", "diem hen", "cap phat", "tu van", "dong kinh", "cao loc",
)  # fmt: skip


def texts() -> dict[str, str]:
    return {key: text_of(key, **VALUES.get(key, {})) for key in KEYS}


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_text_is_one_segment_of_plain_letters(key: str) -> None:
    body = texts()[key]
    assert is_gsm7(body) and body.isascii()
    assert segments_of(body) == 1
    assert "{" not in body


@pytest.mark.parametrize("key", sorted(KEYS))
def test_no_text_names_what_it_is_about(key: str) -> None:
    plain = f" {fold(texts()[key])} "
    assert [word for word in FORBIDDEN if f" {word} " in plain] == []
    assert forbidden_phrase(texts()[key]) is None


def test_a_text_that_asks_says_which_digits_answer_it() -> None:
    """The digits in its words are those that are read as its answer, no more and no fewer."""
    asked = {key: sorted(re.findall(r"(\d) = |Nhan (\d)", text)) for key, text in texts().items()}
    assert {key: ["".join(found) for found in digits] for key, digits in asked.items() if digits} == {
        key: sorted(QUESTIONS[question]) for key, question in QUESTION_OF.items()
    }


def test_the_first_text_says_that_replies_wait_and_how_to_stop() -> None:
    assert "Tin tra loi khong duoc doc ngay. Thoi nhan: tra loi NGUNG." in texts()["number"]


def test_the_texts_are_those_of_the_design() -> None:
    assert texts()["missed_yesterday"] == (
        "Nhac viec: viec hang ngay hom qua chua xong. Khong sao, hom nay cu den truoc 10h30. "
        "Tra loi 1 = se den, 2 = nho goi lai."
    )
    assert text_of("appointment", hour="8h sang", day="thu Tu 25/11") == (
        "Nhac lich: viec da hen luc 8h sang thu Tu 25/11. Tra loi 1 = den duoc, 2 = xin doi ngay, 3 = nho goi lai."
    )
    assert texts()["crisis"].endswith("Anh/chi khong phai chiu mot minh.")
    assert texts()["dose_today"] == (
        "Nhac viec: viec hang ngay hom nay chua xong, con kip truoc 10h30. Tra loi 1 = se den, 2 = nho goi lai. "
        "Neu xong roi, xin bo qua tin nay."
    )
    assert text_of("weekend", days="thu Bay va Chu nhat", opens="7h", closes="10h") == (
        "Nhac viec: mai thu Bay va Chu nhat van nhu thuong le, gio tu 7h den 10h. Xin sap xep den som. "
        "Tra loi 1 = da ro, 2 = nho goi lai."
    )
    assert texts()["weekly"] == (
        "Hoi tham hang tuan: tuan nay anh/chi the nao? Tra loi 1 = on, 2 = co viec can noi, 3 = nho goi lai. "
        "Khong can viet them."
    )
    assert text_of("evening_before", opens="7h", closes="10h30") == (
        "Nhac viec: ngay mai van nhu thuong le, tu 7h den 10h30. Tra loi 1 = da ro, 2 = nho goi lai."
    )
    assert texts()["order_ending"] == (
        "Nhac viec: tuan nay xin den som 15 phut de gap nguoi phu trach. Tra loi 1 = da ro, 2 = nho goi lai."
    )
    assert texts()["second_text"] == (
        "Hoi tham: tin truoc chua thay tra loi, khong sao. Tra loi 1 = on, 2 = nho goi lai."
    )


@pytest.mark.parametrize("key", sorted(MARKED))
def test_with_marks_the_words_are_the_same_and_the_guard_reads_them_too(key: str) -> None:
    values = VALUES.get(key, {})
    marked = text_of(key, has_marks=True, pronoun="chi", **values)
    assert unmarked(marked) == text_of(key, pronoun="chi", **values) and unmarked(marked) != marked
    assert forbidden_phrase(marked) is None
    assert segments_of(marked) <= MOST_SEGMENTS


@pytest.mark.parametrize("pretext", sorted(PRETEXTS))
def test_under_any_name_a_text_is_one_segment_and_says_the_same(pretext: str) -> None:
    for key, plain in texts().items():
        body = text_of(key, pretext=pretext, **VALUES.get(key, {}))
        assert segments_of(body) == 1 and body.isascii() and forbidden_phrase(body) is None
        assert body.partition(": ")[2] == plain.partition(": ")[2]
        begins = PRETEXTS[pretext][0] if pretext != "work" and plain.startswith("Nhac") else plain.partition(":")[0]
        assert body.partition(":")[0] == begins


def test_every_reminder_and_every_answer_to_a_person_can_be_spelled_with_marks() -> None:
    """The first text, too. Not the digits, which may reach a stranger, nor what goes to people of ours."""
    reminders = {WORDING_OF.get(kind, kind) for kinds in KINDS_OF.values() for kind in kinds}
    assert reminders | {"first"} | ANSWERS - {"number", "duty"} == set(MARKED)


def unmarked(text: str) -> str:
    bare = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in bare if not unicodedata.combining(letter))


def test_a_person_is_addressed_as_they_chose() -> None:
    assert "cong viec chi the nao?" in text_of("check_in", pronoun="chi")
    assert "Chi khong phai chiu mot minh." in text_of("crisis", pronoun="chi")
    assert text_of("missed_yesterday", until="10h30", pronoun="chi") == texts()["missed_yesterday"]


@pytest.mark.parametrize("until", ["10 giờ rưỡi", "10h30" * 20])
def test_a_value_that_would_make_the_text_dear_is_refused(until: str) -> None:
    with pytest.raises(ValueError, match="not one segment"):
        text_of("missed_yesterday", until=until)


def test_a_missing_value_is_an_error_and_no_text() -> None:
    with pytest.raises(KeyError):
        text_of("missed_yesterday")


def test_answers_are_texts() -> None:
    assert ANSWERS <= KEYS
