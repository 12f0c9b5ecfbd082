"""Find the commune of today that an office means, whichever of the old or new names it writes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from counseling.domain.names import fold
from counseling.registers.bad_cell import BadCell

# Folded spellings of what a commune or a district is, to the word in the keys.
_KINDS = {
    "xa": "xa", "x": "xa", "phuong": "phuong", "p": "phuong", "thi tran": "thi tran", "tt": "thi tran",
    "dac khu": "dac khu",
}  # fmt: skip
_DISTRICTS = re.compile(r"(?:huyen|h|thanh pho|tp|thi xa|tx|quan|q)\s+(.+)")
_PARTS = re.compile(r"[,;\n()]|\s[-–—]\s")


class CommuneFinder:
    """Names to codes. Keys are folded; build them with `current_names` and `former_names`.

    A name of today wins over the same name of before July 2025, unless the text says the kind ("thị trấn Cao Lộc"
    is in Kỳ Lừa today, not in Cao Lộc) or names the former district ("xã Hồng Phong, huyện Cao Lộc").
    """

    def __init__(self, current: Mapping[str, Sequence[str]], former: Mapping[str, Sequence[str]]) -> None:
        self._current = current
        self._former = former
        self._found: dict[str, tuple[str, ...]] = {}

    def find(self, text: str) -> str:
        """Give the code; raise BadCell commune_unknown, or commune_ambiguous with the codes in `choices`."""
        if text not in self._found:
            self._found[text] = tuple(dict.fromkeys(self._look_up(text)))
        codes = self._found[text]
        if not codes:
            raise BadCell("commune_unknown")
        if len(codes) > 1:
            raise BadCell("commune_ambiguous", codes)
        return codes[0]

    def _look_up(self, text: str) -> Sequence[str]:
        parts = [folded for part in _PARTS.split(text) if (folded := fold(part))]
        if not parts:
            return ()
        position = next((at for at, part in enumerate(parts) if split_kind(part)[0]), 0)
        kind, name = split_kind(parts[position])
        whole = f"{kind} {name}".strip()
        for district in self._districts(parts[position + 1 :]):
            for key in (f"{whole} | {district}", f"{name} | {district}"):
                if key in self._former:
                    return self._former[key]
        if kind and whole in self._current:
            return self._current[whole]
        if kind in ("phuong", "thi tran") and whole in self._former:
            return self._former[whole]
        for names, key in ((self._current, name), (self._former, whole), (self._former, name)):
            if key in names:
                return names[key]
        return ()

    def _districts(self, parts: list[str]) -> list[str]:
        """List the districts that the text names; "Lạng Sơn" alone is the province, the city needs its "TP"."""
        named = [match.group(1) for part in parts if (match := _DISTRICTS.fullmatch(part))]
        return named + [part for part in parts if part != "lang son" and not _DISTRICTS.fullmatch(part)]


def split_kind(folded: str) -> tuple[str, str]:
    """Cut the kind off a folded name: "x binh gia" → ("xa", "binh gia"); ("", name) without one."""
    words = folded.split()
    for length in (2, 1):
        kind = _KINDS.get(" ".join(words[:length]))
        if kind and len(words) > length:
            return kind, " ".join(words[length:])
    return "", folded


def current_names(communes: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Build the keys from (full name, code): "Xã Chi Lăng" is found as "xa chi lang" and as "chi lang"."""
    names: dict[str, list[str]] = {}
    for name, code in communes:
        kind, bare = split_kind(fold(name))
        for key in {bare, f"{kind} {bare}".strip()}:
            _add(names, key, code)
    return names


def former_names(communes: Iterable[tuple[str, str, str]]) -> dict[str, list[str]]:
    """Build the keys from (full former name, former district, code of today), with and without the district."""
    names: dict[str, list[str]] = {}
    for name, district, code in communes:
        kind, bare = split_kind(fold(name))
        place = fold(district).removeprefix("thanh pho ")
        for key in {bare, f"{kind} {bare}".strip()}:
            _add(names, key, code)
            _add(names, f"{key} | {place}", code)
    return names


def _add(names: dict[str, list[str]], key: str, code: str) -> None:
    codes = names.setdefault(key, [])
    if code not in codes:
        codes.append(code)
