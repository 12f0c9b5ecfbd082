"""One module looks at the time; everybody else is told."""

from __future__ import annotations

import ast

from tests.house.sources import calls, dotted, imports, modules

READS_THE_CLOCK = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now",
    "datetime.datetime.utcnow", "datetime.date.today", "time.time", "time.time_ns", "time.monotonic",
    "time.perf_counter", "time.localtime", "time.gmtime", "func.now", "func.current_timestamp", "func.current_date",
}  # fmt: skip
PASSES_TIME = {"time.sleep"}  # waiting is not asking


def test_only_the_clock_reads_the_clock() -> None:
    wrong = [
        f"{module.at(call)} calls {dotted(call.func)}"
        for module in modules()
        if module.name != "counseling.clock"
        for call in calls(module.tree)
        if dotted(call.func) in READS_THE_CLOCK
    ]
    assert not wrong, "\n".join(wrong)


def test_nobody_hides_the_clock_behind_another_name() -> None:
    wrong = [
        f"{module.at(node)} imports {name}"
        for module in modules()
        for node, name in imports(module)
        if isinstance(node, ast.ImportFrom) and name.startswith("time.") and name not in PASSES_TIME
    ]
    assert not wrong, "\n".join(wrong)


def test_no_column_lets_the_database_look_at_its_own_clock() -> None:
    wrong = [module.at(node) for module in modules() for node in ast.walk(module.tree) if is_default(node)]
    assert not wrong, "\n".join(wrong)


def is_default(node: ast.AST) -> bool:
    return isinstance(node, ast.keyword) and node.arg in ("server_default", "onupdate", "server_onupdate")
