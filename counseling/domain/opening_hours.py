"""Opening hours of a day as people write them: "7:00-11:30, 13h30-16h30"; an empty text is a day that is shut."""

import re
from datetime import time
from itertools import pairwise

from counseling.domain.refusal import Refusal
from counseling.domain.station_days import Hours

# ASCII digits on purpose. "7h", "7h30", "07:30", "7.30" and "7g30" are all in use.
_TIME = r"([0-9]{1,2})(?:\s*[:hHgG.]\s*([0-9]{2})?)?"
_SPAN = re.compile(rf"\s*{_TIME}\s*(?:-|–|—|đến|to)\s*{_TIME}\s*")


def parse_day(text: str) -> list[Hours]:
    """Read the spans of one day, earliest first.

    Refuses with hours_not_understood, hours_backwards or hours_overlap.
    """
    if not text.strip():
        return []
    spans = sorted((_span(part) for part in re.split(r"[,;+]", text)), key=lambda span: span.opens_at)
    if any(later.opens_at < earlier.closes_at for earlier, later in pairwise(spans)):
        raise Refusal("hours_overlap")
    return spans


def write_day(spans: list[Hours]) -> str:
    """Write them so that `parse_day` reads the same again."""
    return ", ".join(f"{span.opens_at:%H:%M}–{span.closes_at:%H:%M}" for span in spans)


def _span(text: str) -> Hours:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise Refusal("hours_not_understood")
    hour, minute, to_hour, to_minute = (int(part or 0) for part in match.groups())
    try:
        span = Hours(time(hour, minute), time(to_hour, to_minute))
    except ValueError:  # 25:00, 7:75
        raise Refusal("hours_not_understood") from None
    if span.opens_at >= span.closes_at:
        raise Refusal("hours_backwards")
    return span
