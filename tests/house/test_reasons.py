"""Why something did not go out is a code of domain/unsent.py or a neighbour, so that pages have words for it."""

from __future__ import annotations

import ast
import re

from tests.house.sources import of_layer

VERDICT = re.compile(r"(cancelled|cleared|refused|failed|held):[a-z_]+$")
LAYERS = ("domain", "queries", "services", "jobs", "demo")


def test_no_verdict_is_a_loose_string() -> None:
    wrong = [
        module.at(node)
        for module in of_layer(*LAYERS)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and VERDICT.match(node.value)
    ]
    assert not wrong, "\n".join(wrong)


def test_no_reason_of_a_reminder_or_a_text_is_a_loose_string() -> None:
    wrong = [
        module.at(keyword.value)
        for module in of_layer(*LAYERS)
        if {"Reminder", "OutboundMessage"} & {node.id for node in ast.walk(module.tree) if isinstance(node, ast.Name)}
        for keyword in ast.walk(module.tree)
        if isinstance(keyword, ast.keyword) and keyword.arg == "reason" and isinstance(keyword.value, ast.Constant)
        if isinstance(keyword.value.value, str)
    ]
    assert not wrong, "\n".join(wrong)
