"""What no text may say: a stranger on a bus could read it over somebody's shoulder.

Compared by whole phrase, with and without marks. A word whose unmarked form is an everyday word as well (cai is also
cái and cài, lieu is also liệu) is refused alone only where its writer uses marks; within a phrase always.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from counseling.domain.names import fold

# Refused also within another word or torn apart by signs ("metha-done"): nothing harmless is spelled like them.
DRUGS = ("methadon", "metadon", "buprenorphin", "suboxon", "naloxon", "heroin", "morphin", "opioid")
PHRASES = (
    "ma túy", "chất gây nghiện", "chất nghiện", "thuốc phiện", "bạch phiến", "hàng trắng", "cần sa", "hút chích",
    "tiêm chích", "chơi thuốc", "bơm kim", "kim tiêm", "quá liều", "sốc thuốc",
    "cai nghiện", "cai thuốc", "đang cai", "trại cai", "sau cai", "người cai", "người nghiện", "con nghiện",
    "tái nghiện", "nghiện hút", "phục hồi chức năng",
    "điều trị", "người bệnh", "bệnh nhân", "bệnh viện", "phòng khám", "bác sĩ", "y tá", "dược sĩ", "đơn thuốc",
    "uống thuốc", "lấy thuốc", "nhận thuốc", "phát thuốc", "cấp thuốc", "cấp phát", "bỏ thuốc", "đi uống", "đến uống",
    "bỏ liều", "giảm liều", "tăng liều", "liều thuốc", "liều dùng", "uống liều", "liều uống", "dò liều", "nhỡ liều",
    "hiv", "aids", "arv", "dương tính", "viêm gan", "xét nghiệm", "nước tiểu", "nhiễm bệnh",
    "trạm y tế", "trung tâm y tế", "cơ sở y tế", "cơ sở điều trị", "điểm cấp phát", "điểm uống", "điểm tư vấn",
    "trạm xá", "phòng tư vấn", "tình nguyện viên",
    "drug", "drugs", "dose", "doses", "overdose", "treatment", "detox", "rehab", "clinic", "addiction", "addict",
)  # fmt: skip
# Refused with exactly these marks, or without any.
WORDS = ("thuốc", "nghiện", "chích")
# Refused alone only with exactly these marks, in a text whose writer uses marks: unmarked they are everyday words.
AMBIGUOUS_WORDS = ("cai", "liều", "trạm")
# What offices put before the name of a place. With their marks: "Điềm He" is a commune.
_OFFICE = re.compile(
    r"(?:(?:cơ sở|trạm|điểm|trung tâm|phòng khám|bệnh viện|y tế|tư vấn|điều trị|cấp phát|uống|thuốc|methadone"
    r"|cộng đồng|phường|xã|thị trấn|huyện|thành phố|tỉnh)\s+)+",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"\d+(?:[.,]\d+)?\s*(?:mg|ml)\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Token:
    marked: str
    plain: str

    @property
    def has_marks(self) -> bool:
        return self.marked != self.plain


def forbidden_phrase(text: str, names: Collection[str] = ()) -> str | None:
    """The first thing in `text` that no text may say, as this list spells it; None when there is nothing.

    `names` are whole names of this conversation that must not be said either: the site's, the person's full name. A
    name of one word is left alone: people are called by it.
    """
    amount = _AMOUNT.search(text)
    if amount:
        return amount.group()
    tokens = list(_tokens(text))
    together = "".join(token.plain for token in tokens)
    drug = next((name for name in DRUGS if name in together), None)
    if drug:
        return drug
    whole_names = [name for name in names if len(fold(name).split()) > 1]
    phrases = (*_PHRASES.items(), *((name, list(_tokens(name))) for name in whole_names))
    return next((phrase for phrase, words in phrases if _says(tokens, words)), None) or _forbidden_word(tokens)


def names_of_site(name: str) -> tuple[str, ...]:
    """A site's name, and what is left of it without the words of an office: "Đông Kinh", as people call it."""
    name = unicodedata.normalize("NFC", name)
    begins = _OFFICE.match(name)
    short = name[begins.end() :] if begins else name
    return (name,) if short == name else (name, short)


def _says(tokens: list[_Token], words: list[_Token]) -> bool:
    starts = range(len(tokens) - len(words) + 1)
    return any(
        _is_meant(tokens[start], words[0]) and all(map(_is_meant, tokens[start + 1 : start + len(words)], words[1:]))
        for start in starts
    )


def _is_meant(typed: _Token, word: _Token) -> bool:
    """Marks may be missing or wrong where the word has some; a word without marks is another one with them."""
    return typed.plain == word.plain and (word.has_marks or not typed.has_marks)


def _forbidden_word(tokens: list[_Token]) -> str | None:
    writes_marks = any(token.has_marks for token in tokens)
    for word in WORDS:
        if any(token.marked in (word, fold(word)) for token in tokens):
            return word
    for word in AMBIGUOUS_WORDS:
        if writes_marks and any(token.marked == word for token in tokens):
            return word
    return None


def _tokens(text: str) -> Iterator[_Token]:
    """Words in order; what `fold` takes for several words counts as several here too."""
    for piece in re.split(r"[\W_]+", unicodedata.normalize("NFC", text)):
        for plain in fold(piece).split():
            yield _Token(piece.casefold(), plain)


_PHRASES = {phrase: list(_tokens(phrase)) for phrase in PHRASES}
