"""The texts that go out by themselves: neutral, without marks, one segment each. A stranger on a bus could read them.

Numbers beside them are those of the design's list of texts. "Nhắc việc", not "điểm hẹn": boring beats secret.
"""

from __future__ import annotations

from collections.abc import Mapping

from counseling.sms.segments import is_gsm7, segments_of

PRONOUN = "anh/chi"  # unless the person chose another

_TEXTS: Mapping[str, str] = {
    "missed_yesterday": (  # 3
        "Nhac viec: viec hang ngay hom qua chua xong. Khong sao, hom nay cu den truoc {until}. "
        "Tra loi 1 = se den, 2 = nho goi lai."
    ),
    "appointment": (  # 4
        "Nhac lich: viec da hen luc {hour} {day}. Tra loi 1 = den duoc, 2 = xin doi ngay, 3 = nho goi lai."
    ),
    "check_in": (  # 6
        "Hoi tham: dao nay suc khoe, cong viec {pronoun} the nao? "
        "Tra loi 1 = binh thuong, 2 = dang gap kho, 3 = nho goi lai."
    ),
    "number": (  # 7; compared with the screen, because everybody is warned of swindlers who ask for codes
        "So doi chieu: {digits}. Chi nhin so nay tren may, khong doc cho ai qua dien thoai. "
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
    # The same outside the hours of the duty roster: who reads it, and when.
    "crisis_shut": (
        "Luc nay chua co nguoi doc tin, {since} moi co. Neu nguy cap, goi 115 ngay hoac nho nguoi ben canh giup. "
        "{pronoun_first} khong phai chiu mot minh."
    ),
    # To the phone of somebody of ours who is on duty: no name, no site, no reason.
    "duty": "Nhac viec: co viec can xem ngay. Xin mo may va bam da nhan. Tin nay tu dong, khong can tra loi.",
    # Bare "dung" and "huy" may be "đúng", "dùng": asked back once.
    "stop_hint": "Nhan NGUNG neu muon thoi nhan tin. Neu khong, xin bo qua tin nay.",
}
KEYS = frozenset(_TEXTS)
# Texts that ask, and under which name domain/replies.py knows what their digits mean.
QUESTION_OF: Mapping[str, str] = {
    "missed_yesterday": "missed_yesterday",
    "appointment": "appointment",
    "check_in": "check_in",
    "help": "help",
}
# What answers somebody who has just written, or stands at the desk: no daily cap and no quiet hours hold it back.
ANSWERS = frozenset({"number", "stopped", "help", "crisis", "crisis_shut", "duty", "stop_hint"})
# Whatever else is known of a number: somebody on it may be in danger.
CRISIS = frozenset({"crisis", "crisis_shut"})


def text_of(key: str, **values: str) -> str:
    """One text with its values filled in, which are formatted already ("10h30", "thu Tu 25/11").

    `pronoun` may be given with any. Raises ValueError where a value has marks or is too long for one segment, and
    KeyError where one is missing.
    """
    pronoun = values.pop("pronoun", PRONOUN)
    first = pronoun[:1].upper() + pronoun[1:]
    body = _TEXTS[key].format(pronoun=pronoun, pronoun_first=first, **values)
    if not is_gsm7(body) or segments_of(body) != 1:
        raise ValueError(f"the text {key} is not one segment of plain letters")
    return body
