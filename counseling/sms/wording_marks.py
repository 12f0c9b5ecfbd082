"""The texts as they are spelled with marks, for those who ask for it; and the words a person may put in front of one.

The same words as in wording.py, which a test compares letter by letter. Two or three segments instead of one.
"""

from __future__ import annotations

from collections.abc import Mapping

MOST_SEGMENTS = 3
MARKED: Mapping[str, str] = {
    "dose_today": (
        "Nhắc việc: việc hằng ngày hôm nay chưa xong, còn kịp trước {until}. "
        "Trả lời 1 = sẽ đến, 2 = nhờ gọi lại. Nếu xong rồi, xin bỏ qua tin này."
    ),
    "weekend": (
        "Nhắc việc: mai {days} vẫn như thường lệ, giờ từ {opens} đến {closes}. Xin sắp xếp đến sớm. "
        "Trả lời 1 = đã rõ, 2 = nhờ gọi lại."
    ),
    "missed_yesterday": (
        "Nhắc việc: việc hằng ngày hôm qua chưa xong. Không sao, hôm nay cứ đến trước {until}. "
        "Trả lời 1 = sẽ đến, 2 = nhờ gọi lại."
    ),
    "appointment": (
        "Nhắc lịch: việc đã hẹn lúc {hour} {day}. Trả lời 1 = đến được, 2 = xin đổi ngày, 3 = nhờ gọi lại."
    ),
    "weekly": (
        "Hỏi thăm hằng tuần: tuần này {pronoun} thế nào? "
        "Trả lời 1 = ổn, 2 = có việc cần nói, 3 = nhờ gọi lại. Không cần viết thêm."
    ),
    "check_in": (
        "Hỏi thăm: dạo này sức khỏe, công việc {pronoun} thế nào? "
        "Trả lời 1 = bình thường, 2 = đang gặp khó, 3 = nhờ gọi lại."
    ),
    "evening_before": (
        "Nhắc việc: ngày mai vẫn như thường lệ, từ {opens} đến {closes}. Trả lời 1 = đã rõ, 2 = nhờ gọi lại."
    ),
    "order_ending": (
        "Nhắc việc: tuần này xin đến sớm 15 phút để gặp người phụ trách. Trả lời 1 = đã rõ, 2 = nhờ gọi lại."
    ),
    "second_text": "Hỏi thăm: tin trước chưa thấy trả lời, không sao. Trả lời 1 = ổn, 2 = nhờ gọi lại.",
    "first": (
        "Nhắc việc: từ nay số này nhận tin nhắc như {pronoun} đã đồng ý. "
        "Tin trả lời không được đọc ngay. Thôi nhận: trả lời NGUNG."
    ),
    # Answers. What is to be typed stands as most type it, without marks.
    "stopped": "Đã ngừng. Từ giờ số này không gửi tin nhắc nữa. Khi nào muốn nhận lại, {pronoun} nhắn BAT DAU.",
    "help": (
        "Đây là tin nhắc việc tự động. Nhắn 2 để được gọi lại trong giờ làm việc, NGUNG để thôi nhận. "
        "Tin không được đọc ngay."
    ),
    "crisis": (
        "Tin này có thể chưa có người đọc. Nếu nguy cấp, gọi 115 ngay hoặc nhờ người bên cạnh giúp. "
        "{pronoun_first} không phải chịu một mình."
    ),
    "crisis_shut": (
        "Lúc này chưa có người đọc tin, {since} mới có. Nếu nguy cấp, gọi 115 ngay hoặc nhờ người bên cạnh giúp. "
        "{pronoun_first} không phải chịu một mình."
    ),
    "call_back_shut": (
        "Đã nhận lời nhờ gọi lại. Lúc này chưa có người gọi, từ {since} mới gọi lại được. Nếu nguy cấp, gọi 115 ngay."
    ),
    "stop_hint": "Nhắn NGUNG nếu muốn thôi nhận tin. Nếu không, xin bỏ qua tin này.",
}
PRONOUNS: Mapping[str, str] = {
    "anh/chi": "anh/chị", "chi": "chị", "co": "cô", "chu": "chú", "bac": "bác", "ban": "bạn",
}  # fmt: skip
# How a text may begin, without marks and with them; covert by default, and of these none says what it is about.
PRETEXTS: Mapping[str, tuple[str, str]] = {
    "work": ("Nhac viec", "Nhắc việc"),
    "diary": ("Nhac lich", "Nhắc lịch"),
    "note": ("Loi nhan", "Lời nhắn"),
    "home": ("Viec nha", "Việc nhà"),
    "club": ("Doi bong", "Đội bóng"),
    "health": ("Suc khoe", "Sức khỏe"),
}
# What says what it is about goes only to whom asked for it, and never to a phone that others read.
OVERT = frozenset({"health"})
# What a chosen beginning takes the place of. "Hỏi thăm" stays: it says what the question is.
BEGINNINGS = ("Nhac viec:", "Nhac lich:", "Nhắc việc:", "Nhắc lịch:")


def begun_with(body: str, pretext: str, *, has_marks: bool) -> str:
    """The text under the name that the person chose for it; the one that ships leaves each text as it is."""
    if pretext == "work":
        return body
    words = PRETEXTS[pretext][has_marks]
    return next((words + ":" + body[len(begin) :] for begin in BEGINNINGS if body.startswith(begin)), body)
