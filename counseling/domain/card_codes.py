"""The token on a patient's card: `VN1:` and 12 characters that say nothing about the person.

16 characters in all, which is what a QR code of version 1-Q holds in its alphanumeric mode.
"""

import re
from collections.abc import Callable

PREFIX = "VN1:"
# Crockford's base 32: no I, L, O (read as 1, 1, 0) and no U.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_CHARS = 11
BODY_CHARS = RANDOM_CHARS + 1

_VALUES = {char: value for value, char in enumerate(ALPHABET)}
_TYPED = str.maketrans({"O": "0", "I": "1", "L": "1", " ": None, "-": None, ":": None})
_LONGEST_TYPED = 64
_LIKE_PRINTED = re.compile(r"[0-9A-Z]{3,5}([ -])[0-9A-Z]{3,5}\1[0-9A-Z]{3,5}")


def new_card_code(random_bytes: Callable[[int], bytes]) -> str:
    """Make a token from `random_bytes(n)`, which must come from the system's secure source."""
    # 256 is a multiple of 32, so the low five bits of a byte are even.
    body = "".join(ALPHABET[byte & 31] for byte in random_bytes(RANDOM_CHARS))
    return PREFIX + body + ALPHABET[_times_alpha(_remainder(body))]


def read_card_code(text: str) -> str | None:
    """Read a token as scanned or typed; None when it is none or its check character does not fit.

    Small letters, spaces, dashes, a missing prefix and o, i, l for 0, 1, 1 are understood.
    """
    if len(text) > _LONGEST_TYPED or not text.isascii():
        return None
    typed = text.strip().upper().translate(_TYPED)
    prefix = PREFIX.rstrip(":")
    body = typed.removeprefix(prefix) if len(typed) == len(prefix) + BODY_CHARS else typed
    if len(body) != BODY_CHARS or any(char not in _VALUES for char in body) or _remainder(body) != 0:
        return None
    return PREFIX + body


def seems_card_code(text: str) -> bool:
    """Whether somebody meant a card: its beginning, or groups of four as they are printed, whatever else is wrong."""
    typed = text.strip().upper()
    has_letter = any(char.isalpha() for char in typed)  # a phone number is typed in groups too
    return typed.startswith(PREFIX) or (has_letter and bool(_LIKE_PRINTED.fullmatch(typed)))


def grouped(code: str) -> str:
    """Write a token for people to read and type: three groups of four, without the prefix."""
    body = code.removeprefix(PREFIX)
    return " ".join(body[start : start + 4] for start in range(0, len(body), 4))


def _times_alpha(value: int) -> int:
    """Multiply by x in the field of 32 elements, x⁵ = x² + 1."""
    doubled = value << 1
    return doubled ^ 0b100101 if doubled & 0b100000 else doubled


def _remainder(body: str) -> int:
    """Sum the characters, each times its own power of x.

    Why a field and not a sum modulo 32: modulo an even number no weights catch every wrong character and every swap of
    two neighbours; here the weights and their differences are never zero, and nothing but zero divides zero.
    """
    total = 0
    for char in body:
        total = _times_alpha(total) ^ _VALUES[char]
    return total
