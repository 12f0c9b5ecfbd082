"""Sentences reach the catalogue whole, and the English catalogue is complete."""

from __future__ import annotations

import ast
import importlib.util
from types import ModuleType

from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from tests.house.sources import ROOT, calls, dotted, imports, modules, of_layer, templates

GETTEXT = {"_", "gettext", "lazy_gettext"}
PLURAL = {"ngettext", "lazy_ngettext"}
_environment = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])


def test_python_translates_literals_only() -> None:
    """`_("a" + name)` and f-strings never reach the catalogue, or reach it broken."""
    wrong = [
        module.at(call)
        for module in modules()
        for call in calls(module.tree)
        if not all(is_literal(argument) for argument in sentences(call))
    ]
    assert not wrong, "\n".join(wrong)


def test_templates_translate_literals_only() -> None:
    wrong = [
        f"{name}:{call.lineno}"
        for name, text in templates().items()
        if name.endswith(".html")
        for call in _environment.parse(text).find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in GETTEXT | PLURAL
        if not all(
            isinstance(argument, nodes.Const) and isinstance(argument.value, str)
            for argument in call.args[: 2 if call.node.name in PLURAL else 1]
        )
    ]
    assert not wrong, "\n".join(wrong)


def test_rules_and_services_hold_no_sentences() -> None:
    wrong = [
        f"{module.at(node)} imports {name}"
        for module in of_layer("domain", "models", "registers", "queries", "services")
        for node, name in imports(module)
        if name.rpartition(".")[2] in GETTEXT | PLURAL or name.startswith("flask_babel")
    ]
    assert not wrong, "\n".join(wrong)


def test_the_english_catalogue_is_complete() -> None:
    checker = check_translations()
    assert checker.ENGLISH.exists(), "there is no English catalogue: `make translations` begins it"
    with checker.ENGLISH.open("rb") as file:
        found = list(checker.faults(read_po(file, locale="en"), checker.sentences_in_code()))
    assert not found, "\n".join(found)


def check_translations() -> ModuleType:
    """The script, which can be run by itself, too."""
    spec = importlib.util.spec_from_file_location("check_translations", ROOT / "scripts/check_translations.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sentences(call: ast.Call) -> list[ast.expr]:
    name = dotted(call.func).rpartition(".")[2]
    return call.args[:1] if name in GETTEXT else call.args[:2] if name in PLURAL else []


def is_literal(node: ast.expr) -> bool:
    """Literals that Python itself joins ("a" "b") are one constant."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
