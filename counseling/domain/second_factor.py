"""Codes of a second factor: which time steps may be tried, and how what was typed is read."""

from __future__ import annotations

import re

STEP_SECONDS = 30  # RFC 6238
EITHER_SIDE = 1  # clocks of phones and servers differ
RECOVERY_CODES = 10
RECOVERY_LENGTH = 16  # of 31 letters and digits: 79 bits, so that a plain hash of it tells nobody anything
RECOVERY_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # no l, 1, o, i, 0: copied by hand
_TOTP_CODE = re.compile(r"[0-9]{6}", re.ASCII)


def steps_to_try(seconds: float, last_step: int | None) -> list[int]:
    """The time steps whose code is taken at this instant, nearest first; none up to the last that was taken."""
    here = int(seconds // STEP_SECONDS)
    around = sorted(range(here - EITHER_SIDE, here + EITHER_SIDE + 1), key=lambda step: abs(step - here))
    return [step for step in around if last_step is None or step > last_step]


def typed(code: str) -> str:
    """A code without what people put between its groups."""
    return re.sub(r"[\s\-.]", "", code).lower()


def is_totp(code: str) -> bool:
    """Whether it has the shape of a phone's code; else it is read as a recovery code."""
    return _TOTP_CODE.fullmatch(code) is not None


def in_fours(text: str) -> str:
    """How a secret or a recovery code is shown to be copied: "abcd efgh …"."""
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))
