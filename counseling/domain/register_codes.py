"""Codes of a station's register, as they are typed in haste and as the next one is proposed."""

import re
from collections import Counter
from collections.abc import Iterable

from counseling.domain.names import fold

_NUMBERED = re.compile(r"(.*?)([0-9]+)\Z", re.DOTALL)


def is_same_code(typed: str, kept: str) -> bool:
    """Whether somebody who typed this may mean the code: "12", "012", "ls12" and "LS-0012" all mean LS-0012."""
    wanted, code = _plain(typed), _plain(kept)
    if not wanted:
        return False
    if wanted == code:
        return True
    wanted_prefix, wanted_number = _parts(wanted)
    prefix, number = _parts(code)
    return number is not None and wanted_number == number and wanted_prefix in ("", prefix)


def number_of(code: str) -> str | None:
    """The number a code ends in, without leading zeros; None when it ends in no digit."""
    return _parts(_plain(code))[1]


def next_code(codes: Iterable[str]) -> str | None:
    """Propose the code after the highest of the station's most common pattern; None where no code has a number."""
    patterns = [found.groups() for found in map(_NUMBERED.match, codes) if found]
    if not patterns:
        return None
    common, _ = Counter(prefix for prefix, _ in patterns).most_common(1)[0]
    highest = max((digits for prefix, digits in patterns if prefix == common), key=int)
    return f"{common}{int(highest) + 1:0{len(highest)}d}"


def _plain(code: str) -> str:
    return fold(code).replace(" ", "")


def _parts(plain: str) -> tuple[str, str | None]:
    found = _NUMBERED.match(plain)
    return (found[1], found[2].lstrip("0") or "0") if found else (plain, None)
