"""Names of people as they are typed, searched and kept."""

import re
import unicodedata

# đ has no Unicode decomposition, so stripping marks alone leaves it. Ð (Icelandic) and Ɖ (African) look exactly like Đ
# and come out of old Vietnamese fonts and spreadsheets.
_D_WITH_STROKE = str.maketrans({"đ": "d", "ð": "d", "ɖ": "d", "Đ": "D", "Ð": "D", "Ɖ": "D"})
_LOOKALIKE_D = str.maketrans({"Ð": "Đ", "Ɖ": "Đ"})


class _Marks(dict[int, int | None]):
    """What `str.translate` makes of a character: nothing of a mark, itself of any other; looked up once each."""

    def __missing__(self, point: int) -> int | None:
        self[point] = None if unicodedata.category(chr(point)).startswith("M") else point
        return self[point]


_MARKS = _Marks()
_NUMBER = re.compile(r"(\d+)")
_BETWEEN_WORDS = re.compile(r"[\W_]+")
# What one writes before a hamlet's name and another leaves out. Before a number it is half of the name:
# "Thôn 3" is not "Tổ 3".
_KIND_OF_HAMLET = re.compile(
    r"^(?:thon|xom|ban|khoi pho|khoi|khu pho|khu|to dan pho|to) (?!(?:(?:dan )?pho )?(?:so )?(?:\d|[ivx]+\b))(?=\D{2})"
)


def fold(text: str) -> str:
    """Give the form that is compared when searching: no marks, no capitals, single spaces.

    "Nguyễn  Văn-Đức" and "nguyen van duc" fold to the same text, and folding twice changes nothing.
    """
    plain = unicodedata.normalize("NFC", text).translate(_D_WITH_STROKE)
    # Marks go before and after: folding the case turns one Greek mark into a letter, and İ into a letter with a mark.
    plain = _without_marks(_without_marks(plain).casefold()).translate(_D_WITH_STROKE)
    return _BETWEEN_WORDS.sub(" ", plain).strip()


def words(text: str) -> list[str]:
    """List the folded words of a text, in their order."""
    return fold(text).split()


def fold_hamlet(text: str) -> str:
    """Give the form by which two hamlets are the same: "Thôn Nà Mìu", "nà mìu" and "Bản Nà Mìu" are one."""
    return _KIND_OF_HAMLET.sub("", fold(text))


def short_hamlet(text: str) -> str:
    """The name of a hamlet where there is little room: "Thôn Nà Mìu" is "Nà Mìu", "Thôn 3" stays."""
    kind = _KIND_OF_HAMLET.match(fold(text))
    short = " ".join(text.split()[len(kind[0].split()) :]) if kind else text
    return short if fold(short) == fold_hamlet(text) else text  # "Thôn:Nà Mìu" is no word for the kind and then a name


def in_counting_order(text: str) -> tuple[tuple[int, str], ...]:
    """A key for sorting: "khối 2" stands before "khối 10"."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in _NUMBER.split(text))


def tidy_name(text: str) -> str:
    """Give the form that is kept: NFC and single spaces; the person's own capitals stay.

    A name in one case only ("NGUYỄN VĂN AN", "nguyễn văn an") is an office's habit: it becomes "Nguyễn Văn An".
    """
    name = " ".join(unicodedata.normalize("NFC", text).translate(_LOOKALIKE_D).split())
    if name.isupper() or name.islower():
        name = unicodedata.normalize("NFC", name.title())
    return name


def without_marks(text: str) -> str:
    """The same text in plain letters, capitals and signs as they were: "Nhắc việc" is "Nhac viec"."""
    return _without_marks(unicodedata.normalize("NFC", text).translate(_D_WITH_STROKE))


def _without_marks(text: str) -> str:
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).translate(_MARKS))
