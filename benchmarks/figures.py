"""What a measurement says, and how it is shown: never a figure alone, always beside its floor of the same run."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """`floor` is what the bare thing costs in the same run; `holds` is None where the figure has no goal."""

    name: str
    value: float
    unit: str
    floor: float | None
    goal: str
    holds: bool | None

    @property
    def ratio(self) -> float | None:
        return self.value / self.floor if self.floor else None

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "floor": None if self.floor is None else round(self.floor, 3),
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            "goal": self.goal,
            "holds": self.holds,
        }


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that `percent` of all are not above (nearest rank)."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def write_json(path: Path, figures: Iterable[Figure], only: Collection[str] = ()) -> None:
    """Where `only` some were measured, keep what other runs have said of the others; else nothing of them.

    A figure that has another name now does not stay beside it under the old one.
    """
    kept = {str(row["name"]): row for row in _read(path) if only and not _is_of(str(row["name"]), only)}
    kept |= {figure.name: figure.as_json() for figure in figures}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(json.dumps(list(kept.values()), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    path.chmod(0o600)


def _is_of(name: str, measurements: Collection[str]) -> bool:
    """Whether one of these measurements says this of a database, or of all: "list" is not "list adherence sqlite"."""
    return any(name == one or name.startswith((f"{one} sqlite", f"{one} postgresql")) for one in measurements)


def _read(path: Path) -> list[dict[str, object]]:
    try:
        rows: list[dict[str, object]] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return []
    return rows


def table(figures: Sequence[Figure]) -> str:
    heads = ("figure", "value", "floor", "ratio", "goal", "")
    lines = [heads, *(_cells(figure) for figure in figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join(_aligned(line, widths) for line in lines)


def _cells(figure: Figure) -> tuple[str, ...]:
    floor = "" if figure.floor is None else f"{_number(figure.floor)} {figure.unit}"
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    says = {True: "holds", False: "MISSED", None: ""}[figure.holds]
    return (figure.name, f"{_number(figure.value)} {figure.unit}", floor, ratio, figure.goal, says)


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    name, value, floor, ratio, goal, says = line
    return (
        f"{name:<{widths[0]}}  {value:>{widths[1]}}  {floor:>{widths[2]}}  {ratio:>{widths[3]}}"
        f"  {goal:<{widths[4]}}  {says}"
    ).rstrip()
