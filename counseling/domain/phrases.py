"""Finding phrases in what people type on a phone: without marks, misspelt, run together, torn apart, in teen spelling.

Each word of a text stands for several forms; a phrase is found where every one of its words is among them.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from counseling.domain.names import fold

GAP = "…"  # in a phrase: up to LONGEST_GAP words of any kind
LONGEST_GAP = 3
FIRST = "^"  # among the words in front of a phrase: nothing stands there
SHORTEST_JOINED = 6  # letters of a phrase that is also found written as one word
JOINED = frozenset({"tutu", "115"})  # shorter ones that are, too
TEEN: Mapping[str, str] = {
    **dict.fromkeys(("ko", "k", "kh", "kg", "khg", "khog", "hok", "hog", "hong", "hem", "hum", "khum", "hk", "0"),
                    "khong"),
    **dict.fromkeys(("mun", "mug", "mún", "muong"), "muon"),
    **dict.fromkeys(("chit", "chot", "chec", "chek", "chech", "cht", "cket", "chjt", "chs"), "chet"),
    **dict.fromkeys(("sog", "sg", "shong"), "song"),
    **dict.fromkeys(("wa", "qa", "wua", "q"), "qua"),
    **dict.fromkeys(("kuu", "ciu", "kuw"), "cuu"),
    **dict.fromkeys(("goj", "goy"), "goi"),
    **dict.fromkeys(("zay", "dzay", "dai"), "day"),
    **dict.fromkeys(("thuok", "thuc"), "thuoc"),
    "kap": "cap", "lju": "lieu", "lieuz": "lieu", "ckan": "chan", "tw": "tu", "ngak": "ngat", "dj": "di", "zo": "do",
    "e": "em", "a": "anh", "zoi": "voi", "bun": "buon", "nhaj": "nhay", "jet": "giet", "zet": "giet", "zut": "dut",
}  # fmt: skip
_RUN = re.compile(r"([a-z])\1+")
_LONG_RUN = re.compile(r"([a-z])\1{2,}")
_BETWEEN_SIGNS, _BETWEEN_SPACES, _SIGNS = re.compile(r"[^\W_]+"), re.compile(r"\S+"), re.compile(r"[\W_]+")
_END = re.compile(r"[.!?;…\n](?=\s|$)")
Piece = tuple[str, bool]
# Typed on a phone whose Vietnamese keyboard was off: "tuwj tuwr", "che6t1".
_TELEX_TONE = re.compile(r"(?<=[aeiouyw])[sfrxj]|[sfrxj]$")


@dataclass(frozen=True)
class Word:
    """One word of a text: as it was typed, in lower case, and the plain forms that it may stand for."""

    marked: str
    forms: frozenset[str]
    begins: bool  # a sentence: what stands in front of it says nothing about it


@dataclass(frozen=True)
class Doubt:
    """When a phrase means something else. `meant`: spellings with marks that leave no doubt."""

    meant: frozenset[str] = frozenset()
    harmless: frozenset[str] = frozenset()  # spellings with marks that mean something else
    before: frozenset[str] = frozenset()  # plain words in front of it that make it harmless
    after: frozenset[str] = frozenset()
    unless: frozenset[str] = frozenset()  # plain words in front of it behind which it means what it says


class Phrases:
    """Plain phrases, words that count only with their marks, and the doubts about some of the phrases."""

    def __init__(
        self, plain: Collection[str], marked: Collection[str] = (), doubts: Mapping[str, Doubt] | None = None
    ) -> None:
        self.marked, self.doubts = marked, doubts or {}
        self._by_first: dict[str, list[tuple[str, tuple[str, ...]]]] = defaultdict(list)
        for phrase in plain:
            first, *rest = phrase.split()
            self._by_first[first].append((phrase, tuple(rest)))
        joined = {phrase.replace(" ", ""): phrase for phrase in plain if " " in phrase and GAP not in phrase}
        self._joined = {one: of for one, of in joined.items() if len(one) >= SHORTEST_JOINED or one in JOINED}

    def find(self, text: str) -> str | None:
        """The first phrase that the text says and means, as this list spells it."""
        return next((found for words in readings(text) for found in self._said(words)), None)

    def _said(self, words: list[Word]) -> Iterator[str]:
        for start, word in enumerate(words):
            for form in word.forms:
                if form in self._joined and self._is_meant(self._joined[form], words, start, start + 1):
                    yield self._joined[form]
                for phrase, rest in self._by_first.get(form, ()):
                    end = _end_of(words, start + 1, rest)
                    if end is not None and self._is_meant(phrase, words, start, end):
                        yield phrase
        yield from self._with_marks(words)

    def _with_marks(self, words: list[Word]) -> Iterator[str]:
        typed = f" {' '.join(word.marked for word in words)} "
        yield from (phrase for phrase in self.marked if f" {phrase} " in typed and self._is_free(phrase, words))

    def _is_free(self, phrase: str, words: list[Word]) -> bool:
        doubt, parts = self.doubts.get(phrase), phrase.split()
        if doubt is None:
            return True
        starts = [n for n in range(len(words)) if [word.marked for word in words[n : n + len(parts)]] == parts]
        return any(not _is_beside(doubt, words, start, start + len(parts)) for start in starts)

    def _is_meant(self, phrase: str, words: list[Word], start: int, end: int) -> bool:
        doubt = self.doubts.get(phrase)
        if doubt is None:
            return True
        typed = " ".join(word.marked for word in words[start:end])
        if typed in doubt.meant or typed in {one.replace(" ", "") for one in doubt.meant}:
            return True
        if typed in doubt.harmless or typed in {one.replace(" ", "") for one in doubt.harmless}:
            return False
        return not _is_beside(doubt, words, start, end)


def readings(text: str) -> list[list[Word]]:
    """The words of a text, torn apart at every sign; joined over the signs within; and single letters joined."""
    clean = _clean(text)
    apart = _pieces(_BETWEEN_SIGNS, clean)
    over_signs = [
        (kept, begins) for piece, begins in _pieces(_BETWEEN_SPACES, clean) if (kept := _SIGNS.sub("", piece))
    ]
    ways = [apart]
    ways += [way for way in (over_signs, _letters_joined(apart)) if way not in ways]
    return [[_word(*piece) for piece in way] for way in ways]


def _pieces(shape: re.Pattern[str], text: str) -> list[Piece]:
    """Each piece, and whether a sentence has ended in front of it."""
    found: list[Piece] = []
    end = 0
    for piece in shape.finditer(text):
        found.append((piece.group(), _END.search(text[max(end - 1, 0) : piece.start()]) is not None))
        end = piece.end()
    return found


def _clean(text: str) -> str:
    """Composed letters in lower case; no marks that stand alone, and none of the signs that nobody sees."""
    composed = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text)).casefold()
    return "".join(char for char in composed if unicodedata.category(char) not in ("Mn", "Me", "Cf"))


def _letters_joined(words: list[Piece]) -> list[Piece]:
    """ "t ự t ử" as one word, from three letters in a row on."""
    found: list[Piece] = []
    run: list[Piece] = []
    for word in [*words, ("", False)]:
        if len(word[0]) == 1:
            run.append(word)
            continue
        found += [("".join(letter for letter, _ in run), run[0][1])] if len(run) > 2 else run
        run = []
        found += [word] if word[0] else []
    return found


def _word(piece: str, begins: bool) -> Word:
    base = fold(piece).replace(" ", "")
    forms = {base, _LONG_RUN.sub(r"\1", base), _LONG_RUN.sub(r"\1\1", base), _RUN.sub(r"\1", base)}
    if not base.isdigit():
        forms.add(re.sub(r"\d", "", base))
    telex = _TELEX_TONE.sub("", base).replace("w", "")
    forms |= {_RUN.sub(r"\1", telex)} if len(telex) > 1 else set()
    forms |= {TEEN[form] for form in forms if form in TEEN}
    return Word(piece, frozenset(forms - {""}), begins)


def _end_of(words: list[Word], at: int, rest: tuple[str, ...]) -> int | None:
    """Where the rest of a phrase ends when it begins at `at`; None when it does not stand there."""
    if not rest:
        return at
    if rest[0] == GAP:
        ends = (_end_of(words, at + skipped, rest[1:]) for skipped in range(LONGEST_GAP + 1))
        return next((end for end in ends if end is not None), None)
    if at < len(words) and rest[0] in words[at].forms:
        return _end_of(words, at + 1, rest[1:])
    return None


def _is_beside(doubt: Doubt, words: list[Word], start: int, end: int) -> bool:
    """Whether a word in front of it or behind it, in the same sentence, makes it harmless."""
    nothing: frozenset[str] = frozenset()
    in_front = words[start - 1].forms if start else frozenset({FIRST})
    before = nothing if words[start].begins else in_front
    after = words[end].forms if end < len(words) and not words[end].begins else nothing
    return not in_front & doubt.unless and bool(before & doubt.before or after & doubt.after)
