"""Where the lines of the curve of doses stand: numbers for an inline SVG, nothing that needs a script or a style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from counseling.queries.treatment_year import YearOrder

WIDTH, HEIGHT = 328, 180  # at 360 px the drawing stands as it is, so that its letters keep their size
LEFT, RIGHT, TOP, BOTTOM = 38, 6, 20, 22
STEP_TENTHS = 200  # the scale ends at the next 20 mg
MONTHS_NAMED = 4
A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Bar:
    """Days in a row with one amount given."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Level:
    mg_tenths: int
    y: float


@dataclass(frozen=True)
class MonthMark:
    x: float
    first_on: date


@dataclass(frozen=True)
class OrderSpan:
    """What the table behind the curve says of one order within the months shown."""

    first_on: date
    last_on: date
    mg_tenths: int
    days: int
    given_days: int


@dataclass(frozen=True)
class DoseChart:
    """`path`: the ordered amount; `bars`: what was given. `last`: the ordered amount that ends the curve."""

    path: str
    bars: tuple[Bar, ...]
    levels: tuple[Level, ...]
    months: tuple[MonthMark, ...]
    spans: tuple[OrderSpan, ...]  # the newest first
    last: Level | None
    lowest: int
    highest: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    floor: int = HEIGHT - BOTTOM


def draw(orders: Sequence[YearOrder], given: Mapping[date, int], first: date, today: date) -> DoseChart | None:
    """None when no order ran and nothing was given in these months: there is no curve to draw."""
    regular = [order for order in orders if order.phase != "one_time"]
    spans = sorted(_spans(regular, given, first, today), key=lambda span: span.first_on)
    amounts = [span.mg_tenths for span in spans]
    if not amounts and not given:
        return None
    top = -(-max([*amounts, *given.values()]) // STEP_TENTHS) * STEP_TENTHS
    scale = _Scale(first, (today - first).days + 1, top)
    return DoseChart(
        path=_path(spans, scale),
        bars=tuple(_bars(given, scale)),
        levels=tuple(Level(mg_tenths, scale.y(mg_tenths)) for mg_tenths in (0, top // 2, top)),
        months=tuple(MonthMark(scale.x(day), day) for day in _months(first, today)),
        spans=tuple(reversed(spans)),
        last=Level(spans[-1].mg_tenths, scale.y(spans[-1].mg_tenths)) if spans else None,
        lowest=min(amounts, default=0),
        highest=max(amounts, default=0),
    )


@dataclass(frozen=True)
class _Scale:
    first: date
    days: int
    top: int

    def x(self, day: date) -> float:
        """Where a day begins."""
        return round(LEFT + (day - self.first).days * (WIDTH - LEFT - RIGHT) / self.days, 2)

    def y(self, mg_tenths: int) -> float:
        return round(HEIGHT - BOTTOM - mg_tenths * (HEIGHT - TOP - BOTTOM) / self.top, 2)


def _spans(orders: Sequence[YearOrder], given: Mapping[date, int], first: date, today: date) -> list[OrderSpan]:
    spans = []
    for order in orders:
        start, end = max(order.starts_on, first), min(order.last_on, today)
        if start <= end:
            days = [start + number * A_DAY for number in range((end - start).days + 1)]
            spans.append(OrderSpan(start, end, order.mg_tenths, len(days), sum(day in given for day in days)))
    return spans


def _path(spans: Sequence[OrderSpan], scale: _Scale) -> str:
    """A stair: up or down where one order follows another, broken where no order ran."""
    steps, ended_on = [], None
    for span in spans:
        x, y = scale.x(span.first_on), scale.y(span.mg_tenths)
        steps.append(f"V{y}" if ended_on == span.first_on - A_DAY else f"M{x} {y}")
        steps.append(f"H{scale.x(span.last_on + A_DAY)}")
        ended_on = span.last_on
    return "".join(steps)


def _bars(given: Mapping[date, int], scale: _Scale) -> list[Bar]:
    """A day without a dose leaves a gap; days of one amount in a row are one bar."""
    runs: list[tuple[date, date, int]] = []
    for day in sorted(given):
        if runs and runs[-1][1] == day - A_DAY and runs[-1][2] == given[day]:
            runs[-1] = (runs[-1][0], day, given[day])
        else:
            runs.append((day, day, given[day]))
    floor = HEIGHT - BOTTOM
    return [
        Bar(scale.x(start), scale.y(mg), round(scale.x(end + A_DAY) - scale.x(start), 2), round(floor - scale.y(mg), 2))
        for start, end, mg in runs
    ]


def _months(first: date, today: date) -> list[date]:
    """As many as have room for their names, evenly apart."""
    months = (today.year - first.year) * 12 + today.month - first.month + 1
    start = first.year * 12 + first.month - 1
    numbers = range(start, start + months, -(-months // MONTHS_NAMED))
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]
