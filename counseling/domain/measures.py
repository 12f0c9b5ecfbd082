"""The smallest step that a station's measure can pour, as somebody types it."""

import re

from counseling.domain.amounts import BadAmount

# ASCII digits on purpose, as for doses.
_TYPED = re.compile(r"([0-9]{1,2})(?:[.,]([0-9]+))?")
LARGEST_STEP = 1_000  # hundredths of a ml: no dispenser pours in steps above 10 ml


def parse_step(text: str) -> int:
    """Read ml as typed ("0,5", "1", "0.05") and return hundredths of a ml.

    Raises BadAmount: empty, not_a_number, too_many_decimals, zero, or too_large (above 10 ml).
    """
    typed = text.strip()
    if not typed:
        raise BadAmount("empty")
    match = _TYPED.fullmatch(typed)
    if match is None:
        raise BadAmount("not_a_number")
    whole, decimals = match.group(1), match.group(2) or "0"
    if len(decimals) > 2:
        raise BadAmount("too_many_decimals")
    hundredths = int(whole) * 100 + int(decimals.ljust(2, "0"))
    if hundredths == 0:
        raise BadAmount("zero")
    if hundredths > LARGEST_STEP:
        raise BadAmount("too_large")
    return hundredths
