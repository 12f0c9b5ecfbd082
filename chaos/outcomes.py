"""What a campaign says about a promise, and how it is shown and kept."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Outcome:
    """`trials` faults were made, `failures` times the promise broke; `control_failed`: the broken build was caught."""

    promise: str
    trials: int
    failures: int
    control_failed: bool
    seconds: float
    seed: int

    @property
    def bound_95(self) -> float:
        return upper_bound(self.failures, self.trials)

    @property
    def holds(self) -> bool:
        return self.trials > 0 and self.failures == 0 and self.control_failed

    def as_json(self) -> dict[str, object]:
        return {
            "promise": self.promise,
            "trials": self.trials,
            "failures": self.failures,
            "bound_95": float(f"{self.bound_95:.3g}"),
            "control_failed": self.control_failed,
            "seconds": round(self.seconds, 1),
            "seed": self.seed,
        }


def upper_bound(failures: int, trials: int) -> float:
    """The share of faults that break the promise is below this with 95 % confidence (Clopper and Pearson, one-sided).

    With no failure it is about 3 / trials.
    """
    if failures >= trials:
        return 1.0
    low, high = failures / trials, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(failures, trials, middle) > 1 - CONFIDENCE else (low, middle)
    return high


def table(outcomes: Sequence[Outcome]) -> str:
    rows = [("promise", "trials", "failures", "below (95 %)", "control", "seconds", "")]
    rows += [
        (
            outcome.promise,
            str(outcome.trials),
            str(outcome.failures),
            f"{outcome.bound_95:.2%}",
            "caught" if outcome.control_failed else "MISSED",
            f"{outcome.seconds:.1f}",
            "" if outcome.holds else "BROKEN",
        )
        for outcome in outcomes
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    """Words to the left, figures to the right."""
    figures = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return "  ".join([row[0].ljust(widths[0]), *figures]).rstrip()


def write_json(path: Path, outcomes: Iterable[Outcome]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    rows = [outcome.as_json() for outcome in outcomes]
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    path.chmod(0o600)


def _at_most(failures: int, trials: int, share: float) -> float:
    """The chance of no more than so many failures; by logarithms, because the numbers of ways are astronomic."""
    return math.fsum(
        math.exp(
            math.lgamma(trials + 1)
            - math.lgamma(count + 1)
            - math.lgamma(trials - count + 1)
            + count * math.log(share)
            + (trials - count) * math.log1p(-share)
        )
        for count in range(failures + 1)
    )
