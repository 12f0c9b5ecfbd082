"""A staff PIN: six digits that re-enter on a station's own device, and when they do not."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from counseling.domain.refusal import Refusal

DIGITS = 6
# After so many wrong tries of one person on one device their PIN is off there, until they sign in with the password.
# Of a million PINs five may be tried: a chance of 1 in 200,000.
MOST_WRONG = 5
# A PIN stands on the password that was given on that very device: a week that somebody works, with the weekend.
TRUSTED_FOR = timedelta(days=7)
# Without a key or a touch for so long the screen of a station's device locks: longer than one talk at the window.
LOCK_AFTER = timedelta(minutes=3)
# From so many wrong tries on, whoever then gets in is told of them.
WORTH_TELLING = 3


def ensure_pin(pin: str) -> None:
    """Refuse what is tried first or cannot be typed: pin_not_six_digits, pin_all_the_same, pin_is_a_run."""
    if len(pin) != DIGITS or not (pin.isascii() and pin.isdigit()):
        raise Refusal("pin_not_six_digits")
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    if steps == {0}:
        raise Refusal("pin_all_the_same")
    if steps in ({1}, {9}):  # 123456, 654321; keypads go on from 9 to 0
        raise Refusal("pin_is_a_run")
