"""Sizes at which a file or function is no longer read, and words that say something was left for later."""

from __future__ import annotations

import ast
import re
import subprocess

from tests.house.sources import ROOT, TEMPLATES, modules, templates

LONGEST_FUNCTION, LOOK_AGAIN_AT = 60, 35
LONGEST_MODULE, LONGEST_TEMPLATE = 300, 150
# Longer than that for a reason.
LONG_MODULES: dict[str, str] = {}
LONG_TEMPLATES = {"macros/ui.html": "all components of the look, one macro after another, stand in one place"}
LEFT_FOR_LATER = re.compile(
    r"\b(TODO|FIXME|XXX|HACK|TBD|WIP)\b|lorem ipsum|not (yet )?implemented|coming soon|raise NotImplementedError"
)
OF_THIS_MACHINE = re.compile(r"/work/|/root/|/home/(?!{)|/tmp/[a-z]")
TEXTS = (".py", ".html", ".css", ".js", ".toml", ".md", ".mako", ".ini", ".in", ".yml", ".sh", "Makefile", "run")


def test_no_function_is_too_long_to_be_read() -> None:
    lengths = sorted(function_lengths(), reverse=True)
    print("\n".join(f"look again: {length} lines {where}" for length, where in lengths if length > LOOK_AGAIN_AT))
    too_long = [f"{length} lines {where}" for length, where in lengths if length > LONGEST_FUNCTION]
    assert not too_long, "\n".join(too_long)


def test_no_module_is_too_long_to_be_read() -> None:
    lengths = {module.name: module.text.count("\n") for module in modules()}
    too_long = {name for name, length in lengths.items() if length > LONGEST_MODULE}
    assert too_long == LONG_MODULES.keys(), "split by reason to change, or say why not in LONG_MODULES"


def test_no_template_is_too_long_to_be_read() -> None:
    too_long = {name for name, text in templates().items() if text.count("\n") > LONGEST_TEMPLATE and "svg" not in name}
    assert too_long == LONG_TEMPLATES.keys(), "split it, or say why not in LONG_TEMPLATES"


def test_nothing_is_left_for_later() -> None:
    found = [
        f"{path}: {match.group()}"
        for path, text in tracked_texts()
        if not path.startswith("tests/house/")
        for match in LEFT_FOR_LATER.finditer(text)
    ]
    assert not found, "\n".join(found)


def test_nothing_names_the_machine_it_was_written_on() -> None:
    found = [
        f"{path}: {match.group()}"
        for path, text in tracked_texts()
        if not path.startswith("tests/house/")
        for match in OF_THIS_MACHINE.finditer(text)
    ]
    assert not found, "\n".join(found)


def test_every_silenced_rule_says_why() -> None:
    """`noqa` and `type: ignore` name their rule, and say why at least once in each file that silences it."""
    bare = re.compile(r"#\s*(noqa(?!:)|type:\s*ignore(?!\[))")
    found = [f"{module.name}: {match.group()}" for module in modules() for match in bare.finditer(module.text)]
    found += [module.name for module in modules() if unexplained(module.text)]
    assert not found, "\n".join(found)


def unexplained(text: str) -> bool:
    """Whether some rule is silenced and no line that silences it says why."""
    silenced: dict[str, bool] = {}
    for found in re.finditer(r"#\s*(?:noqa: ?|type: ignore\[)([\w\-, ]+?)(?:\]|(?= -)|(?=\s\s)|$)(.*)", text, re.M):
        rule, reason = found.group(1).strip(), found.group(2).strip(" #-")
        silenced[rule] = silenced.get(rule, False) or bool(reason)
    return not all(silenced.values())


def function_lengths() -> list[tuple[int, str]]:
    return [
        ((node.end_lineno or node.lineno) - node.lineno + 1, f"{module.at(node)} {node.name}")
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def tracked_texts() -> list[tuple[str, str]]:
    """Texts that are part of the project: what git knows, or all of the program where there is no git."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    names = listed or [str(p.relative_to(ROOT)) for p in (*(m.path for m in modules()), *TEMPLATES.rglob("*.html"))]
    wanted = [name for name in names if name.endswith(TEXTS) and "/vendor/" not in name and (ROOT / name).is_file()]
    return [(name, (ROOT / name).read_text(encoding="utf-8")) for name in wanted]
