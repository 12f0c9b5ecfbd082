"""instance/bench.json: what one run says of a figure stands there once, under the name that it has now."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.figures import Figure, write_json

OLD = ("inbound sqlite burst read", "inbound sqlite", "list sqlite", "list adherence sqlite", "planning")


def names(path: Path) -> list[str]:
    return [row["name"] for row in json.loads(path.read_text(encoding="utf-8"))]


def figure(name: str, value: float = 1.0) -> Figure:
    return Figure(name, value, "/s", None, "", None)


def test_a_figure_that_was_renamed_does_not_stay_under_its_old_name(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    write_json(path, map(figure, OLD))
    write_json(path, [figure("inbound sqlite"), figure("inbound sqlite 1800 at once read")], only=["inbound"])
    assert names(path) == [*OLD[2:], "inbound sqlite", "inbound sqlite 1800 at once read"]


def test_of_two_measurements_whose_names_begin_alike_each_keeps_its_own(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    write_json(path, map(figure, OLD))
    write_json(path, [figure("list sqlite", 2.0)], only=["list"])
    assert set(names(path)) == set(OLD)


def test_a_run_of_everything_leaves_nothing_of_earlier_ones(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    write_json(path, map(figure, OLD))
    write_json(path, [figure("planning")])
    assert names(path) == ["planning"]
