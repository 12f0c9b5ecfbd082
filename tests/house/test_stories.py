"""Tests in a browser wait for what they say they wait for."""

from __future__ import annotations

import re

from tests.house.sources import ROOT

PROMISED = re.compile(r"wait_for_function\(\s*\w*[\"']+\s*(async\b|\([^)]*\)\s*=>\s*(Promise|fetch|caches)\b)")


def test_nothing_waits_for_a_promise_that_counts_as_a_yes_before_it_is_kept() -> None:
    """`wait_for_function` takes the promise itself for true: `comes_true` of tests/phone/taps.py asks until it is."""
    files = [path for folder in ("tests", "benchmarks", "chaos") for path in sorted((ROOT / folder).rglob("*.py"))]
    wrong = [
        f"{path.relative_to(ROOT)}: {found.group()}"
        for path in files
        for found in PROMISED.finditer(path.read_text(encoding="utf-8"))
    ]
    assert len(files) > 100 and not wrong, "\n".join(wrong)
