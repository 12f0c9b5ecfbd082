"""The source of the program as house tests read it: every module parsed once, every template as text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "counseling"
TEMPLATES = PACKAGE / "templates"


@dataclass(frozen=True)
class Module:
    """`name` is dotted (counseling.services.doses); `layer` its folder, or the name itself at the top."""

    path: Path
    name: str
    text: str
    tree: ast.Module

    @property
    def layer(self) -> str:
        return layer_of(self.name)

    def at(self, node: ast.AST) -> str:
        """file:line, for the message of a failing test."""
        return f"{self.path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


@cache
def modules() -> tuple[Module, ...]:
    found = tuple(_read(path) for path in sorted(PACKAGE.rglob("*.py")))
    assert len(found) > 100, "the program is not where these tests look for it"
    return found


def of_layer(*layers: str) -> list[Module]:
    return [module for module in modules() if module.layer in layers]


def layer_of(dotted: str) -> str:
    """counseling.services.doses → services; counseling.clock → clock; counseling → counseling."""
    return dotted.split(".")[1] if "." in dotted else dotted


def imports(module: Module) -> Iterator[tuple[ast.stmt, str]]:
    """Every imported module or name in full, also of imports inside functions: (where, counseling.services.audit)."""
    for node in walked(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.at(node)}: write the import in full"
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def dotted(node: ast.AST) -> str:
    """`a.b.c` of names and attributes; "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return ""


@cache
def walked(tree: ast.AST) -> tuple[ast.AST, ...]:
    """Every node below, itself included; most house tests ask for those of every module."""
    return tuple(ast.walk(tree))


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in walked(tree) if isinstance(node, ast.Call))


@cache
def templates() -> dict[str, str]:
    """Name within the template folder → text."""
    paths = sorted(path for path in TEMPLATES.rglob("*") if path.is_file())
    return {str(path.relative_to(TEMPLATES)): path.read_text(encoding="utf-8") for path in paths}


def _read(path: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    return Module(path, name, text, ast.parse(text))
