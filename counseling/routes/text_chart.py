"""Where the bars of a fortnight of texts stand: numbers for an inline SVG, nothing that needs a script or a style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from counseling.queries.sent_texts import DayOfTexts

WIDTH, HEIGHT = 328, 160  # at 360 px the drawing stands as it is, so that its letters keep their size
LEFT, RIGHT, TOP, BOTTOM = 34, 6, 20, 22
SHARE = 0.72  # of a day's width that its bar takes
NAMED_EVERY = 3  # days: each name needs the room of three


@dataclass(frozen=True)
class Bar:
    """One day: `sent` high as a line, `delivered` as a pale bar, `answered` as a dark one in front; all by y."""

    x: float
    width: float
    sent: float
    delivered: float
    answered: float
    on: date
    is_named: bool


@dataclass(frozen=True)
class Level:
    count: int
    y: float


@dataclass(frozen=True)
class TextChart:
    """`last`: the last day on which something was sent, whose figure is written out; the sums are of all days."""

    bars: tuple[Bar, ...]
    levels: tuple[Level, ...]
    last: Bar
    last_sent: int
    sent: int
    delivered: int
    answered: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    floor: int = HEIGHT - BOTTOM


def draw(days: Sequence[DayOfTexts]) -> TextChart | None:
    """None when nothing was sent: there is nothing to draw."""
    most = max((day.sent for day in days), default=0)
    if most == 0:
        return None
    top = _round_up(most)
    room = (WIDTH - LEFT - RIGHT) / len(days)

    def y(count: int) -> float:
        return round(HEIGHT - BOTTOM - count * (HEIGHT - TOP - BOTTOM) / top, 2)

    bars = tuple(
        Bar(
            x=round(LEFT + number * room + room * (1 - SHARE) / 2, 2),
            width=round(room * SHARE, 2),
            sent=y(day.sent),
            delivered=y(day.delivered),
            answered=y(day.answered),
            on=day.on,
            is_named=(len(days) - 1 - number) % NAMED_EVERY == 0,
        )
        for number, day in enumerate(days)
    )
    levels = tuple(Level(count, y(count)) for count in sorted({0, top // 2, top}))
    latest = max(number for number, day in enumerate(days) if day.sent)
    return TextChart(
        bars=bars,
        levels=levels,
        last=bars[latest],
        last_sent=days[latest].sent,
        sent=sum(day.sent for day in days),
        delivered=sum(day.delivered for day in days),
        answered=sum(day.answered for day in days),
    )


def _round_up(count: int) -> int:
    """The next figure that halves to a whole one and is easily read."""
    step = 2 if count <= 20 else 20 if count <= 200 else 200
    return -(-count // step) * step
