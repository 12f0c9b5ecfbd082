"""Passwords as argon2id keeps them: 19 MiB, two passes, one lane, about 26 ms (OWASP's second parameter set)."""

from __future__ import annotations

import secrets
import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Each hash takes 19 MiB; eight at once would not fit a small machine.
_at_once = threading.BoundedSemaphore(2)
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # no l, 1, o, i, 0: it is read out or copied by hand


def hash_password(password: str) -> str:
    """Never call it inside `writing()`: it is slow on purpose."""
    with _at_once:
        return HASHER.hash(_typed(password))


def matches(password_hash: str | None, password: str) -> bool:
    """Whether it is the password. None, for somebody who does not exist, costs the same time and never matches."""
    with _at_once:
        try:
            HASHER.verify(password_hash or NOBODY, _typed(password))
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether it was made with other figures than today's."""
    return HASHER.check_needs_rehash(password_hash)


def one_time_password() -> str:
    """Three groups of four, 59 bits: given once by an administrator, changed at the first sign-in."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))


def _typed(password: str) -> str:
    # Some Vietnamese keyboards send letter and mark apart; the same word typed on another phone must match.
    return unicodedata.normalize("NFC", password)


NOBODY = hash_password(secrets.token_urlsafe())
