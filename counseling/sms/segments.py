"""How many parts a text is sent in, and paid for: the letters decide (3GPP TS 23.038)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_TWICE = frozenset("^{}\\[~]|€\f")  # behind an escape character: each counts as two
ONE_GSM7, PART_GSM7 = 160, 153  # a part of a longer text gives room for the header that joins the parts
ONE_UCS2, PART_UCS2 = 70, 67


@dataclass(frozen=True)
class Size:
    """`units` of `room` in the last part are used; `has_marks`: a letter that only the wide alphabet has."""

    segments: int
    units: int
    room: int
    has_marks: bool


def size_of(body: str) -> Size:
    """Measure a text as it goes out, in composed letters (NFC): "ệ" typed as three characters counts as one."""
    text = unicodedata.normalize("NFC", body)
    if is_gsm7(text):
        return _size((2 if letter in GSM7_TWICE else 1 for letter in text), ONE_GSM7, PART_GSM7, has_marks=False)
    # Beyond the first 65,536 characters (emoji) a letter takes two units.
    return _size((2 if ord(letter) > 0xFFFF else 1 for letter in text), ONE_UCS2, PART_UCS2, has_marks=True)


def segments_of(body: str) -> int:
    """The number of segments that are sent and paid; an empty text is one."""
    return size_of(body).segments


def is_gsm7(text: str) -> bool:
    """Whether every letter is in the small alphabet; of the accented Vietnamese letters six are."""
    return all(letter in GSM7 or letter in GSM7_TWICE for letter in text)


def _size(widths: Iterable[int], one: int, part: int, *, has_marks: bool) -> Size:
    listed = list(widths)
    if sum(listed) <= one:
        return Size(1, sum(listed), one, has_marks)
    segments, used = 1, 0
    for width in listed:  # a letter of two units is never cut in half: it moves to the next part whole
        if used + width > part:
            segments, used = segments + 1, 0
        used += width
    return Size(segments, used, part, has_marks)
