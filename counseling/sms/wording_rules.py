"""What other words for a text must hold before anybody is sent them: checked with the longest values there are."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from counseling.domain.refusal import Refusal
from counseling.domain.replies import QUESTIONS
from counseling.domain.text_wordings import Wording, placeholders_of, wording_from
from counseling.domain.wording_guard import forbidden_phrase
from counseling.sms.segments import GSM7_TWICE, ONE_GSM7, is_gsm7, size_of
from counseling.sms.wording import QUESTION_OF, SHIPPED
from counseling.sms.wording_marks import BEGINNINGS, MARKED

LONGEST = 300  # letters of a template
MOST_MARKED = 3  # segments of the spelling with marks


@dataclass(frozen=True)
class Placeholder:
    """The longest value that a placeholder takes, as the two spellings write it."""

    plain: str
    marked: str


PLACEHOLDERS: Mapping[str, Placeholder] = {
    "digits": Placeholder("48", "48"),
    "until": Placeholder("10h30", "10h30"),
    "opens": Placeholder("10h30", "10h30"),
    "closes": Placeholder("10h30", "10h30"),
    "days": Placeholder("Chu nhat 22/11 den Chu nhat 29/11", "Chủ nhật 22/11 đến Chủ nhật 29/11"),
    "since": Placeholder("10h30 Chu nhat 22/11", "10h30 Chủ nhật 22/11"),
    "hour": Placeholder("14h30 chieu", "14h30 chiều"),
    "day": Placeholder("Chu nhat 25/11", "Chủ nhật 25/11"),
    "pronoun": Placeholder("anh/chi", "anh/chị"),
    "pronoun_first": Placeholder("Anh/chi", "Anh/chị"),
}
ALWAYS = frozenset({"pronoun", "pronoun_first"})  # of any text, and of none by need
# What a person has to be told whatever the words are: how to stop and begin again, whom to ring, that nobody of ours
# asks them to read the digits out, and in a first text that nobody reads answers at once.
MUST_SAY: Mapping[str, tuple[str, ...]] = {
    "number": ("NGUNG", "khong doc", "khong duoc doc ngay"),
    "first": ("NGUNG", "khong duoc doc ngay"),
    "stopped": ("BAT DAU",),
    "help": ("NGUNG",),
    "stop_hint": ("NGUNG",),
    "crisis": ("115",),
    "crisis_shut": ("115",),
    "call_back_shut": ("115",),
}


@dataclass(frozen=True)
class Seen:
    """A text as a phone shows it, with the longest values, and what it costs."""

    plain: str
    plain_units: int
    plain_segments: int
    marked: str | None
    marked_segments: int


def check_wording(key: str, typed: str, names: Collection[str] = ()) -> Wording:
    """Both spellings of what was typed, fit to be sent. `names`: of places, which no text says.

    Raises Refusal: wording_empty, wording_too_long (most), braces_broken, placeholder_unknown and placeholder_missing
    (name), answer_missing (digit), word_missing (word), letter_unknown (letter), wording_says (phrase),
    beginning_missing (begin), wording_too_big (units, most), marked_too_big (segments, most).
    """
    wording = wording_from(typed)
    if not wording.body:
        raise Refusal("wording_empty")
    if len(typed) > LONGEST:
        raise Refusal("wording_too_long", most=LONGEST)
    _ensure_placeholders(key, wording.body)
    _ensure_told(key, wording.body)
    _ensure_beginning(key, wording)
    seen = see(wording)
    for text in (seen.plain, seen.marked or ""):
        phrase = forbidden_phrase(text, names)
        if phrase is not None:
            raise Refusal("wording_says", phrase=phrase)
    odd = next((letter for letter in seen.plain if not is_gsm7(letter)), None)
    if odd is not None:
        raise Refusal("letter_unknown", letter=odd)
    if seen.plain_segments > 1:
        raise Refusal("wording_too_big", units=seen.plain_units, most=ONE_GSM7)
    if seen.marked_segments > MOST_MARKED:
        raise Refusal("marked_too_big", segments=seen.marked_segments, most=MOST_MARKED)
    return wording


def see(wording: Wording) -> Seen:
    """How the two spellings look with the longest values. The placeholders are known ones."""
    plain = wording.body.format(**{name: value.plain for name, value in PLACEHOLDERS.items()})
    marked = wording.marked and wording.marked.format(**{name: value.marked for name, value in PLACEHOLDERS.items()})
    size = size_of(plain)
    units = sum(2 if letter in GSM7_TWICE else 1 for letter in plain)
    return Seen(plain, units, size.segments, marked, size_of(marked).segments if marked else 0)


def allowed_in(key: str) -> list[str]:
    """The placeholders that a text may have: those of the shipped one, and how the person is addressed."""
    return sorted({*placeholders_of(SHIPPED[key]), *ALWAYS})


def _ensure_placeholders(key: str, body: str) -> None:
    used, allowed = placeholders_of(body), allowed_in(key)
    unknown = next((name for name in used if name not in allowed), None)
    if unknown is not None:
        raise Refusal("placeholder_unknown", name=unknown)
    missing = next((name for name in allowed if name not in ALWAYS and name not in used), None)
    if missing is not None:
        raise Refusal("placeholder_missing", name=missing)


def _ensure_beginning(key: str, wording: Wording) -> None:
    """The words that a person chose to stand in front take the place of this beginning, in either spelling."""
    shipped = MARKED.get(key, "")
    if not shipped.startswith(BEGINNINGS):
        return
    if not all(text.startswith(BEGINNINGS) for text in (wording.body, wording.marked or wording.body)):
        raise Refusal("beginning_missing", begin=shipped.partition(":")[0] + ":")


def _ensure_told(key: str, body: str) -> None:
    """A digit that the reader of replies understands stands in the text, and so does the way out."""
    said = re.findall(r"\d+", re.sub(r"\{\w+\}", " ", body))
    for digit in QUESTIONS.get(QUESTION_OF.get(key, ""), {}):
        if digit not in said:
            raise Refusal("answer_missing", digit=digit)
    for word in MUST_SAY.get(key, ()):
        if not re.search(rf"\b{word}\b", body):
            raise Refusal("word_missing", word=word)
