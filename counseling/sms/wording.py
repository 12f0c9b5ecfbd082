"""The texts that go out by themselves: neutral, without marks, one segment each. A stranger on a bus could read them.

Numbers beside them are those of the design's list of texts. "Nhắc việc", not "điểm hẹn": boring beats secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from counseling.domain.text_wordings import Wording
from counseling.sms.segments import is_gsm7, segments_of
from counseling.sms.wording_marks import MARKED, MOST_SEGMENTS, begun_with
from counseling.sms.wording_marks import PRONOUNS as MARKED_PRONOUNS

PRONOUN = "anh/chi"  # unless the person chose another

SHIPPED: Mapping[str, str] = {
    "dose_today": (  # 1
        "Nhac viec: viec hang ngay hom nay chua xong, con kip truoc {until}. "
        "Tra loi 1 = se den, 2 = nho goi lai. Neu xong roi, xin bo qua tin nay."
    ),
    "weekend": (  # 2
        "Nhac viec: mai {days} van nhu thuong le, gio tu {opens} den {closes}. Xin sap xep den som. "
        "Tra loi 1 = da ro, 2 = nho goi lai."
    ),
    "missed_yesterday": (  # 3
        "Nhac viec: viec hang ngay hom qua chua xong. Khong sao, hom nay cu den truoc {until}. "
        "Tra loi 1 = se den, 2 = nho goi lai."
    ),
    "appointment": (  # 4
        "Nhac lich: viec da hen luc {hour} {day}. Tra loi 1 = den duoc, 2 = xin doi ngay, 3 = nho goi lai."
    ),
    "weekly": (  # 5
        "Hoi tham hang tuan: tuan nay {pronoun} the nao? "
        "Tra loi 1 = on, 2 = co viec can noi, 3 = nho goi lai. Khong can viet them."
    ),
    "check_in": (  # 6
        "Hoi tham: dao nay suc khoe, cong viec {pronoun} the nao? "
        "Tra loi 1 = binh thuong, 2 = dang gap kho, 3 = nho goi lai."
    ),
    "number": (  # 7; compared with the screen, because everybody is warned of swindlers who ask for codes
        "So doi chieu: {digits}. Chi nhin so nay tren may, khong doc cho ai qua dien thoai. "
        "Tin tra loi khong duoc doc ngay. Thoi nhan: tra loi NGUNG."
    ),
    "first": (  # before any other to somebody who has rung instead of comparing digits
        "Nhac viec: tu nay so nay nhan tin nhac nhu {pronoun} da dong y. "
        "Tin tra loi khong duoc doc ngay. Thoi nhan: tra loi NGUNG."
    ),
    "stopped": (  # 8
        "Da ngung. Tu gio so nay khong gui tin nhac nua. Khi nao muon nhan lai, {pronoun} nhan BAT DAU."
    ),
    "help": (  # 9
        "Day la tin nhac viec tu dong. Nhan 2 de duoc goi lai trong gio lam viec, NGUNG de thoi nhan. "
        "Tin khong duoc doc ngay."
    ),
    "crisis": (  # 10
        "Tin nay co the chua co nguoi doc. Neu nguy cap, goi 115 ngay hoac nho nguoi ben canh giup. "
        "{pronoun_first} khong phai chiu mot minh."
    ),
    "evening_before": (  # 11
        "Nhac viec: ngay mai van nhu thuong le, tu {opens} den {closes}. Tra loi 1 = da ro, 2 = nho goi lai."
    ),
    "order_ending": (  # 12
        "Nhac viec: tuan nay xin den som 15 phut de gap nguoi phu trach. Tra loi 1 = da ro, 2 = nho goi lai."
    ),
    "second_text": "Hoi tham: tin truoc chua thay tra loi, khong sao. Tra loi 1 = on, 2 = nho goi lai.",  # 13
    # The same outside the hours of the duty roster: who reads it, and when.
    "crisis_shut": (
        "Luc nay chua co nguoi doc tin, {since} moi co. Neu nguy cap, goi 115 ngay hoac nho nguoi ben canh giup. "
        "{pronoun_first} khong phai chiu mot minh."
    ),
    # "Nhờ gọi lại" outside these hours: when somebody will be there to call.
    "call_back_shut": (
        "Da nhan loi nho goi lai. Luc nay chua co nguoi goi, tu {since} moi goi lai duoc. Neu nguy cap, goi 115 ngay."
    ),
    # To the phone of somebody of ours who is on duty: no name, no site, no reason.
    "duty": "Nhac viec: co viec can xem ngay. Xin mo may va bam da nhan. Tin nay tu dong, khong can tra loi.",
    # Bare "dung" and "huy" may be "đúng", "dùng": asked back once.
    "stop_hint": "Nhan NGUNG neu muon thoi nhan tin. Neu khong, xin bo qua tin nay.",
}
KEYS = frozenset(SHIPPED)
AS_SHIPPED: Mapping[str, Wording] = {}  # no province has other words
# Texts that ask, and under which name domain/replies.py knows what their digits mean.
QUESTION_OF: Mapping[str, str] = {
    "dose_today": "dose_today",
    "weekend": "weekend",
    "missed_yesterday": "missed_yesterday",
    "appointment": "appointment",
    "weekly": "weekly",
    "check_in": "check_in",
    "help": "help",
    "evening_before": "evening_before",
    "order_ending": "order_ending",
    "second_text": "second_text",
}
# What answers somebody who has just written, or stands at the desk: no daily cap and no quiet hours hold it back.
ANSWERS = frozenset({"number", "stopped", "help", "crisis", "crisis_shut", "call_back_shut", "duty", "stop_hint"})
# Whatever else is known of a number: somebody on it may be in danger.
CRISIS = frozenset({"crisis", "crisis_shut"})
DUTY = "duty"  # to one of ours


def text_of(
    key: str,
    words: Mapping[str, Wording] = AS_SHIPPED,
    /,
    *,
    has_marks: bool = False,
    pretext: str = "work",
    **values: str,
) -> str:
    """One text with its values filled in, which are formatted already ("10h30", "thu Tu 25/11").

    `words`: those that the site's province has instead of the shipped ones (queries/wordings.py). `pronoun` may be
    given with any, always without marks. Raises ValueError where the text would not be one segment of plain letters, or
    with marks more than wording_marks.MOST_SEGMENTS; KeyError where a value is missing.
    """
    if key in words:
        # Words written for an older version of the program may name a value that is not given any more: one text of a
        # province must not keep all the others waiting, so the shipped words hold until somebody writes new ones.
        with suppress(KeyError, ValueError):
            return _filled(key, words[key], has_marks, pretext, values)
    return _filled(key, Wording(SHIPPED[key], MARKED.get(key)), has_marks, pretext, values)


def _filled(key: str, wording: Wording, has_marks: bool, pretext: str, values: Mapping[str, str]) -> str:
    pronoun = values.get("pronoun", PRONOUN)
    if has_marks:
        pronoun = MARKED_PRONOUNS.get(pronoun, pronoun)
    template = wording.marked if has_marks and wording.marked else wording.body
    filled = {**values, "pronoun": pronoun, "pronoun_first": pronoun[:1].upper() + pronoun[1:]}
    body = begun_with(template.format(**filled), pretext, has_marks=has_marks)
    if has_marks:
        if segments_of(body) > MOST_SEGMENTS:
            raise ValueError(f"the text {key} is too long with marks")
        return body
    if not is_gsm7(body) or segments_of(body) != 1:
        raise ValueError(f"the text {key} is not one segment of plain letters")
    return body
