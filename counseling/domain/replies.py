"""What an incoming text means: the table of replies, read in its order. A text is a claim, never a diagnosis.

Order of reading: opt-out, the open question, then the inbox. Another row of the table (words that need somebody at
once, a wrong number) is one more reader in READERS, at its place in that order.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from counseling.domain.names import fold

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
STOP = frozenset(
    {
        "ngung", "ngungnhan", "tuchoi", "tc", "huydk", "huytin", "khongnhan", "khongnhannua", "thoi",
        "stop", "stopall", "end", "cancel", "unsubscribe", "quit",
    }
)  # fmt: skip
STOP_WITH_MARKS = frozenset({"dừng", "hủy", "huỷ"})  # hủy and huỷ are two spellings of one word
BARE = frozenset({"dung", "huy"})  # without marks "dung" is also đúng and dùng, "huy" a name
START = frozenset({"batdau", "tieptuc", "dk", "start", "unstop"})
HELP = frozenset({"trogiup", "help"})


@dataclass(frozen=True)
class Reply:
    """`meaning` is one of models/texts.MEANINGS; `answer` a word of QUESTIONS when it is an answer."""

    meaning: str
    answer: str | None = None


@dataclass(frozen=True)
class Typed:
    """A text as the readers compare it: `marked` keeps its marks, `plain` has none; neither has signs or spaces."""

    marked: str
    plain: str


Reader = Callable[[Typed, str | None], Reply | None]


def read_reply(text: str, open_question: str | None) -> Reply:
    """What a text means while `open_question` (a key of QUESTIONS, or None) waits for an answer."""
    typed = Typed(marked=_letters(unicodedata.normalize("NFC", text).casefold()), plain=_letters(fold(text)))
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


def _read_start(typed: Typed, open_question: str | None) -> Reply | None:
    return Reply("start") if typed.plain in START else None


def _read_help(typed: Typed, open_question: str | None) -> Reply | None:
    return Reply("help") if typed.plain in HELP else None


def _read_answer(typed: Typed, open_question: str | None) -> Reply | None:
    answer = QUESTIONS.get(open_question or "", {}).get(typed.plain)
    return None if answer is None else Reply("answer", answer)


READERS: tuple[Reader, ...] = (_read_stop, _read_start, _read_help, _read_answer)


def _letters(text: str) -> str:
    return "".join(char for char in text if char.isalnum())
