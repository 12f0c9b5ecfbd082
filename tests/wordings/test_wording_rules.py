"""What other words for a text must hold, and that the shipped ones hold it for everybody whom a province may have."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.demo.dice import Dice
from counseling.demo.people import People
from counseling.domain.names import fold, without_marks
from counseling.domain.refusal import Refusal
from counseling.domain.text_purposes import PURPOSE_OF, PURPOSES
from counseling.domain.text_wordings import Wording, placeholders_of, wording_from
from counseling.domain.wording_guard import forbidden_phrase, names_of_site
from counseling.models.texts import REMINDER_KINDS
from counseling.services.sms_consents import PRONOUNS
from counseling.sms.segments import is_gsm7, segments_of
from counseling.sms.spoken_times import day_of, days_of, hour_and_part, hour_of
from counseling.sms.wording import SHIPPED, text_of
from counseling.sms.wording_marks import BEGINNINGS, PRETEXTS
from counseling.sms.wording_marks import MARKED as SHIPPED_MARKED
from counseling.sms.wording_rules import PLACEHOLDERS, allowed_in, check_wording, see

MARKED = "Nhắc việc: hôm qua chưa xong, không sao. Hôm nay cứ đến trước {until}. Trả lời 1 = sẽ đến, 2 = nhờ gọi lại."
MISSED = "Nhac viec: hom nay den truoc {until}. Tra loi 1 = se den, 2 = nho goi lai."
NOT_AT_ONCE = "Tin tra loi khong duoc doc ngay."
TOO_MUCH = " Chuc moi nguoi mot ngay that vui, nhieu niem vui o nha va o cho lam, den som mot chut nua nhe anh chi."
PEOPLE = 10_000


@pytest.mark.parametrize("key", sorted(SHIPPED))
def test_the_shipped_words_hold_their_own_rules(key: str) -> None:
    assert check_wording(key, SHIPPED[key]) == Wording(SHIPPED[key])
    assert see(Wording(SHIPPED[key])).plain_segments == 1
    if key in SHIPPED_MARKED:
        assert check_wording(key, SHIPPED_MARKED[key]) == Wording(SHIPPED[key], SHIPPED_MARKED[key])
    assert set(placeholders_of(SHIPPED[key])) <= set(allowed_in(key)) <= PLACEHOLDERS.keys()


def days_off(since: date, count: int) -> list[date]:
    return [since + timedelta(days=ahead) for ahead in range(count)]


def test_no_value_is_longer_than_the_one_that_is_checked_with() -> None:
    minutes = [time(hour, minute) for hour in range(24) for minute in range(60)]
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    found = {
        "until": map(hour_of, minutes), "hour": map(hour_and_part, minutes), "day": map(day_of, days),
        "opens": map(hour_of, minutes), "closes": map(hour_of, minutes),
        "days": [days_of(days_off(day, count)) for day in days for count in range(1, 12)],
        "pronoun": PRONOUNS, "digits": [f"{number:02d}" for number in range(100)],
    }  # fmt: skip
    assert {name: max(map(len, values)) for name, values in found.items()} == {
        name: len(PLACEHOLDERS[name].plain) for name in found
    }


def test_every_kind_of_reminder_belongs_to_a_purpose_that_is_asked_for() -> None:
    asked = {purpose for purposes in PURPOSES.values() for purpose in purposes}
    assert PURPOSE_OF.keys() >= set(REMINDER_KINDS)
    assert set(PURPOSE_OF.values()) <= asked


def test_nothing_in_any_text_betrays_any_of_ten_thousand_people() -> None:
    """One segment of plain letters, nothing that the guard knows, no name of anybody's; and the guard can fail."""
    people = People(Dice("guard", 1), 2026)
    texts: set[str] = set()
    for number in range(420):  # each hour, day, digit and pronoun; all combinations would say nothing more
        pronoun = PRONOUNS[number % len(PRONOUNS)]
        at, on = time(6 + number % 14, 30 * (number % 2)), date(2026, 2, 1) + timedelta(days=number % 20)
        values = {"digits": f"{number % 100:02d}", "until": hour_of(at), "hour": hour_and_part(at), "day": day_of(on)}
        values |= {"since": f"{hour_of(at)} {day_of(on)}"}
        values |= {"opens": hour_of(at), "closes": hour_of(at), "days": days_of(days_off(on, 1 + number % 9))}
        texts |= {text_of(key, pronoun=pronoun, **values) for key in SHIPPED}
    names = {fold(people.invent().full_name) for _ in range(PEOPLE)}
    whole = [name for name in names if " " in name]
    assert len(whole) > PEOPLE // 4
    for text in texts:
        assert is_gsm7(text) and segments_of(text) == 1 and forbidden_phrase(text) is None, text
    said = " | ".join(fold(text) for text in texts)
    assert [name for name in whole if name in said] == []
    assert forbidden_phrase(f"{min(texts)} methadone") == "methadon"


def test_both_spellings_come_from_what_was_typed() -> None:
    wording = check_wording("missed_yesterday", f"  {MARKED}\n")
    assert wording == Wording(without_marks(MARKED), MARKED)
    assert wording.body.isascii()
    seen = see(wording)
    assert (seen.plain_segments, seen.marked_segments) == (1, 2)
    assert seen.marked is not None and "trước 10h30" in seen.marked
    assert check_wording("missed_yesterday", MISSED) == Wording(MISSED, None)


@pytest.mark.parametrize(
    ("key", "typed", "code"),
    [
        ("missed_yesterday", "  ", "wording_empty"),
        ("missed_yesterday", MISSED + " a" * 150, "wording_too_long"),
        ("missed_yesterday", MISSED + " Chuc moi nguoi mot ngay that vui va nhieu niem vui o nha, gap sau.", None),
        ("missed_yesterday", MISSED + TOO_MUCH, "wording_too_big"),
        ("missed_yesterday", MISSED.replace("{until}", "10h30"), "placeholder_missing"),
        ("missed_yesterday", MISSED + " {day}", "placeholder_unknown"),
        ("missed_yesterday", MISSED + " {until.__class__}", "placeholder_unknown"),
        ("missed_yesterday", MISSED + " {until!r}", "braces_broken"),
        ("missed_yesterday", MISSED + " {until:>99}", "braces_broken"),
        ("missed_yesterday", MISSED + " {0}", "placeholder_unknown"),
        ("missed_yesterday", MISSED + " {", "braces_broken"),
        ("missed_yesterday", MISSED + " {{x}}", "braces_broken"),
        ("missed_yesterday", MISSED.replace("2 = nho goi lai", "thi thoi"), "answer_missing"),
        ("missed_yesterday", MISSED + " Nho uong thuoc", "wording_says"),
        ("missed_yesterday", MISSED + " Nhớ uống thuốc", "wording_says"),
        ("missed_yesterday", MISSED + " 🙏", "letter_unknown"),
        ("missed_yesterday", MISSED.removeprefix("Nhac viec: "), "beginning_missing"),
        ("missed_yesterday", MISSED.replace("Nhac viec:", "Nhac viec."), "beginning_missing"),
        ("missed_yesterday", MISSED.replace("Nhac viec:", "Nhắc viec:"), "beginning_missing"),
        ("missed_yesterday", MISSED.replace("Nhac viec:", "Nhắc lịch:"), None),
        ("stopped", "Da ngung. Muon nhan lai thi goi.", "word_missing"),
        ("number", f"So: {{digits}}. Chi nhin, khong doc cho ai. {NOT_AT_ONCE} Tra loi NGUNG de thoi.", None),
        ("number", "So: {digits}. Chi nhin, khong doc cho ai. Tra loi NGUNG de thoi.", "word_missing"),
        ("number", f"So: {{digits}}. {NOT_AT_ONCE} Tra loi NGUNG de thoi.", "word_missing"),
        ("number", "So: {digits}. Tra loi NGUNG de thoi.", "word_missing"),
        ("number", "So doi chieu. Tra loi NGUNG de thoi.", "placeholder_missing"),
        ("crisis", "Co the goi ngay nguoi ben canh giup.", "word_missing"),
    ],
)  # fmt: skip
def test_what_is_refused(key: str, typed: str, code: str | None) -> None:
    if code is None:
        assert check_wording(key, typed)
        return
    with pytest.raises(Refusal) as refused:
        check_wording(key, typed)
    assert refused.value.code == code


@pytest.mark.parametrize("pretext", sorted(PRETEXTS))
@pytest.mark.parametrize("key", sorted(key for key in SHIPPED_MARKED if SHIPPED[key].startswith(BEGINNINGS)))
def test_other_words_keep_the_beginning_that_somebody_chose(key: str, pretext: str) -> None:
    words = check_wording(key, SHIPPED_MARKED[key].replace("Trả lời", "Nhắn lại"))
    values = {name: placeholder.plain for name, placeholder in PLACEHOLDERS.items() if not name.startswith("pronoun")}
    for has_marks in (False, True):
        said = text_of(key, {key: words}, has_marks=has_marks, pretext=pretext, **values)
        begins = BEGINNINGS if pretext == "work" else f"{PRETEXTS[pretext][has_marks]}:"
        assert said.startswith(begins)


@pytest.mark.parametrize(
    "typed", ["nha van hoa Dong Kinh", "nhà văn hóa đông kinh", "DONG-KINH", "tram Dong Kinh", "Đông Kinh"]
)
def test_no_text_says_where(typed: str) -> None:
    names = names_of_site("Trạm Y tế phường Đông Kinh")
    assert names == ("Trạm Y tế phường Đông Kinh", "Đông Kinh")
    with pytest.raises(Refusal) as refused:
        check_wording("missed_yesterday", f"{MISSED} {typed}", names)
    assert refused.value.code == "wording_says"
    assert check_wording("missed_yesterday", f"{MISSED} Dong vui", names)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Trung tâm Y tế huyện Văn Lãng", "Văn Lãng"),
        ("Điểm tư vấn cộng đồng thị trấn Đồng Đăng", "Đồng Đăng"),
        ("Cơ sở điều trị Methadone Cao Lộc", "Cao Lộc"),
        ("Trạm Y tế xã Điềm He", "Điềm He"),
    ],
)
def test_a_place_is_known_by_its_short_name_too(name: str, short: str) -> None:
    assert names_of_site(name) == (name, short)


@given(st.text(max_size=320), st.sampled_from(sorted(SHIPPED)))
def test_whatever_is_typed_is_refused_or_fits_on_every_phone(typed: str, key: str) -> None:
    try:
        wording = check_wording(key, typed)
    except Refusal:
        return
    values = {
        name: placeholder.plain
        for name, placeholder in PLACEHOLDERS.items()
        if name not in ("pronoun", "pronoun_first")
    }
    assert segments_of(text_of(key, {key: wording}, **values)) == 1


@given(st.text(alphabet="aăâđêôơưÁẠẾỘờ {}until123.", max_size=60))
def test_both_spellings_say_the_same(typed: str) -> None:
    wording = wording_from(typed)
    assert without_marks(wording.marked or wording.body) == wording.body


@pytest.mark.parametrize("body", ["Den truoc {hour}.", "Den truoc {until}." + " a" * 90, "Đến trước {until}."])
def test_words_that_do_not_fit_any_more_give_way_to_the_shipped_ones(body: str) -> None:
    assert text_of("missed_yesterday", {"missed_yesterday": Wording(body)}, until="8h") == text_of(
        "missed_yesterday", until="8h"
    )
