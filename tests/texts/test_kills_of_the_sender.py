"""A taste of the campaign `sender` of `make chaos`: 30 kills, and the broken builds that it must catch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chaos import __main__ as command
from chaos.outcomes import Outcome, table, upper_bound
from chaos.sender import PROMISES
from tests.house.sources import ROOT


def test_thirty_kills_send_nothing_twice_and_broken_builds_are_caught(tmp_path: Path) -> None:
    """In a process of its own: who forks must have no connection and no thread, and a test process has both."""
    results = tmp_path / "chaos.json"
    settings = {"TIER": "taste", "SEED": "1", "ONLY": "sender", "CHAOS_RESULTS": str(results)}
    done = subprocess.run(
        [sys.executable, "-m", "chaos"],
        cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(results.read_text(encoding="utf-8"))
    assert [row["promise"] for row in rows] == list(PROMISES.values())
    for row in rows:
        assert row["trials"] >= 30
        assert (row["failures"], row["control_failed"], row["seed"]) == (0, True, 1)
        assert set(row) == {"promise", "trials", "failures", "bound_95", "control_failed", "seconds", "seed"}
    assert "they hit: " in done.stderr


def outcome(failures: int = 0, *, control_failed: bool = True, trials: int = 500) -> Outcome:
    return Outcome("nothing twice", trials, failures, control_failed, 1.0, 1)


@pytest.mark.parametrize(
    ("broken", "holds"),
    [
        (outcome(), True),
        (outcome(1), False),
        (outcome(control_failed=False), False),
        (outcome(trials=0), False),
    ],
)
def test_a_promise_holds_only_when_its_broken_build_was_caught(broken: Outcome, holds: bool) -> None:
    assert broken.holds is holds
    assert ("BROKEN" in table([broken])) is not holds


@pytest.mark.parametrize(("failures", "control_failed", "code"), [(0, True, 0), (1, True, 1), (0, False, 1)])
def test_the_command_ends_with_1_when_a_promise_broke_or_a_broken_build_passed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, failures: int, control_failed: bool, code: int
) -> None:
    asked: list[tuple[int, int]] = []

    def campaign(faults: int, seed: int) -> list[Outcome]:
        asked.append((faults, seed))
        return [outcome(failures, control_failed=control_failed)]

    monkeypatch.setattr(command, "CAMPAIGNS", {"mine": campaign})
    for name, value in {"TIER": "", "SEED": "7", "ONLY": "", "CHAOS_RESULTS": str(tmp_path / "chaos.json")}.items():
        monkeypatch.setenv(name, value)
    assert command.main() == code
    assert asked == [(500, 7)]
    assert len(json.loads((tmp_path / "chaos.json").read_text(encoding="utf-8"))) == 1


@pytest.mark.parametrize("settings", [{"TIER": "huge"}, {"ONLY": "nobody"}, {"SEED": "x"}])
def test_a_setting_that_means_nothing_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], settings: dict[str, str]
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert command.main() == 2
    assert "sender" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("failures", "trials", "bound"),
    [(0, 30, 0.0950), (0, 500, 0.00597), (1, 30, 0.149), (5, 100, 0.1023), (30, 30, 1.0), (0, 0, 1.0)],
)
def test_the_bound_is_that_of_clopper_and_pearson(failures: int, trials: int, bound: float) -> None:
    """Figures from printed tables of one-sided 95 % limits."""
    assert upper_bound(failures, trials) == pytest.approx(bound, rel=0.01)
