"""What an incoming text means: the table of replies, read in its order. A text is a claim, never a diagnosis.

Order of reading: opt-out, words of danger, the open question, a wrong number, then the inbox: READERS.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from counseling.domain.crisis_words import says_danger
from counseling.domain.names import fold
from counseling.domain.phrases import Doubt, Phrases

# Question key → what each digit means, as the texts of sms/wording.py say it.
QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "missed_yesterday": {"1": "will_come", "2": "call_back"},
    "appointment": {"1": "will_come", "2": "other_day", "3": "call_back"},
    "check_in": {"1": "well", "2": "trouble", "3": "call_back"},
    "dose_today": {"1": "will_come", "2": "call_back"},
    "weekend": {"1": "noted", "2": "call_back"},
    "weekly": {"1": "well", "2": "trouble", "3": "call_back"},
    "evening_before": {"1": "noted", "2": "call_back"},
    "order_ending": {"1": "noted", "2": "call_back"},
    "second_text": {"1": "well", "2": "call_back"},
    "help": {"2": "call_back"},
}
ASKS_FOR_A_CALL = frozenset({"call_back", "trouble", "other_day"})

# Read without marks, signs and spaces: "Ngừng!", "HUY-TIN" and "huy tin" are the same.
_TEXTS = ("tin", "tinnhan")
STOP = frozenset(
    {
        "ngung", "ngungnhan", "tuchoi", "tc", "huydk", "huytin", "khongnhan", "khongnhannua", "thoi",
        "stop", "stopall", "end", "cancel", "unsubscribe", "quit",
        # "đừng nhắn nữa" in the words of people. "dung" is đừng or dừng here: both want it to end.
        "dungnhannua", "dungnhantinnua", "dunggui", "dungguinua", "dungguitinnua", "dungnhanchotoinua",
        "dungnhanchoemnua", "dungnhantinchotoinua", "xindungnhannua", "khongnhantinnua", "thoidungnhannua",
        "thoinhan", "thoigui", "thoikhongnhannua", "ngunggui",
        *(f"{verb}{what}{whom}" for verb in ("thoinhan", "ngungnhan", "huynhan", "tuchoinhan") for what in _TEXTS
          for whom in ("", "nua")),
        *(f"{verb}gui{what}{whom}" for verb in ("thoi", "ngung", "dung") for what in _TEXTS
          for whom in ("chotoi", "choem", "chotoinua", "choemnua", "nua")),
        *(f"{who}{no}{wants}nhan{what}nua" for who in ("", "toi", "em", "minh") for no in ("khong", "ko", "k")
          for wants in ("muon", "can") for what in ("", *_TEXTS)),
    }
)  # fmt: skip
STOP_WITH_MARKS = frozenset({"dừng", "hủy", "huỷ"})  # hủy and huỷ are two spellings of one word
BARE = frozenset({"dung", "huy"})  # without marks "dung" is also đúng and dùng, "huy" a name
START = frozenset({"batdau", "tieptuc", "dk", "start", "unstop"})
HELP = frozenset({"trogiup", "help"})
# Somebody else has the phone. Read in short texts only: a long one is a story, and for a person.
WRONG_NUMBER = Phrases(
    (
        "nham so", "sai so", "lon so", "nham may", "nham nguoi", "lon nguoi", "gui nham", "nhan nham", "nhan tin nham",
        "khong phai so", "khong phai toi", "khong phai minh", "khong phai em", "khong quen", "khong biet ai",
        "khong biet ban", "toi khong biet", "ai day", "ai do", "ai vay", "ai the", "so ai", "la ai", "so la",
        "so cua ai", "chu moi", "so moi mua", "moi mua sim", "moi mua so", "wrong number", "who is this",
    ),
    doubts={
        "sai so": Doubt(after=frozenset({"tien", "lieu", "lieuz"})),
        "nham so": Doubt(after=frozenset({"tien", "luong", "nha"})),
        "so la": Doubt(harmless=frozenset({"sợ là", "số là"}), before=frozenset({"toi", "em", "anh"})),
        "ai day": Doubt(harmless=frozenset({"ai dạy", "ai đẩy"}), before=frozenset({"co", "nho", "goi"})),
        "ai do": Doubt(harmless=frozenset({"ai đo"}), before=frozenset({"co", "nho", "gap", "goi", "voi"})),
        "gui nham": Doubt(after=frozenset({"tien"})),
        "khong quen": Doubt(harmless=frozenset({"không quên"})),
        "la ai": Doubt(before=frozenset({"biet"})),
        "nhan nham": Doubt(harmless=frozenset({"nhận nhầm"})),
    },
)  # fmt: skip
LONGEST_WRONG_NUMBER = 12  # words


@dataclass(frozen=True)
class Reply:
    """`meaning` is one of models/texts.MEANINGS; `answer` a word of QUESTIONS when it is an answer."""

    meaning: str
    answer: str | None = None


@dataclass(frozen=True)
class Typed:
    """A text as the readers compare it: `marked` keeps its marks, `plain` has none; neither has signs or spaces.

    `text` is what was typed.
    """

    marked: str
    plain: str
    text: str


Reader = Callable[[Typed, str | None], Reply | None]


def read_reply(text: str, open_question: str | None) -> Reply:
    """What a text means while `open_question` (a key of QUESTIONS, or None) waits for an answer."""
    marked = _letters(unicodedata.normalize("NFC", text).casefold())
    typed = Typed(marked=marked, plain=_letters(fold(text)), text=text)
    for read in READERS:
        reply = read(typed, open_question)
        if reply is not None:
            return reply
    return Reply("other")


def digit_of(text: str) -> str | None:
    """The one digit that a text consists of, signs and marks aside; None for anything else."""
    plain = _letters(fold(text))
    return plain if len(plain) == 1 and plain in "123456789" else None


def _read_stop(typed: Typed, open_question: str | None) -> Reply | None:
    if typed.plain in STOP or typed.marked in STOP_WITH_MARKS:
        return Reply("stop")
    if typed.marked in BARE:
        return Reply("stop" if open_question is None else "ask_again")
    return None


def _read_danger(typed: Typed, open_question: str | None) -> Reply | None:
    return None if says_danger(typed.text) is None else Reply("crisis")


def _read_wrong_number(typed: Typed, open_question: str | None) -> Reply | None:
    is_short = len(typed.text.split()) <= LONGEST_WRONG_NUMBER
    return Reply("wrong_number") if is_short and WRONG_NUMBER.find(typed.text) is not None else None


def _read_start(typed: Typed, open_question: str | None) -> Reply | None:
    return Reply("start") if typed.plain in START else None


def _read_help(typed: Typed, open_question: str | None) -> Reply | None:
    return Reply("help") if typed.plain in HELP else None


def _read_answer(typed: Typed, open_question: str | None) -> Reply | None:
    answer = QUESTIONS.get(open_question or "", {}).get(typed.plain)
    return None if answer is None else Reply("answer", answer)


READERS: tuple[Reader, ...] = (
    _read_stop, _read_danger, _read_start, _read_help, _read_answer, _read_wrong_number
)  # fmt: skip


def _letters(text: str) -> str:
    return "".join(char for char in text if char.isalnum())
