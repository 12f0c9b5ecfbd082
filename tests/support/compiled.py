"""What every application of a test process would compile anew: kept from one to the next, and not looked at otherwise.

A process in which applications are made imports this first: the tests' own, and those that `forked` starts.
"""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any

from flask.templating import Environment
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy.orm import configure_mappers
from werkzeug.routing.rules import Rule

import counseling.models  # noqa: F401 - all of them, so that they are put together below

FOLDER = os.environ.get("COMPILED_TEMPLATES")  # what the processes of one run share; without it each keeps its own


class _CompiledTemplates(BytecodeCache):
    """Each template is compiled once for all applications of a run. Jinja's key and checksum see to it that a file
    that was changed is another one."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        code = self._code.get(bucket.key) or self._kept(bucket.key)
        if code:
            bucket.bytecode_from_string(code)
            self._code[bucket.key] = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = code = bucket.bytecode_to_string()
        if FOLDER:
            part = Path(FOLDER) / uuid.uuid4().hex
            part.write_bytes(code)
            part.rename(Path(FOLDER) / bucket.key)

    def _kept(self, key: str) -> bytes | None:
        kept = Path(FOLDER) / key if FOLDER else None
        return kept.read_bytes() if kept and kept.exists() else None


_templates = _CompiledTemplates()
_make_environment = Environment.__init__


def _with_compiled_templates(self: Environment, app: Any, **options: Any) -> None:
    _make_environment(self, app, **{"bytecode_cache": _templates, **options})


_compile = Rule.compile
_COMPILED = "_parts", "_trace", "_converters", "arguments", "_build", "_build_unknown"
_rules: dict[Any, dict[str, Any]] = {}


def _compiled_once(rule: Rule) -> None:
    """Werkzeug takes each address of each application apart anew: most of what putting one together takes.

    What it finds depends on the address and on nothing of the application; the functions are bound to their own rule.
    """
    assert rule.map is not None
    place = rule.map.host_matching, rule.host, rule.subdomain
    kinds = tuple(rule.map.converters.items())
    key = *place, rule.rule, rule.merge_slashes, repr(rule.defaults), kinds
    if key not in _rules:
        _compile(rule)
        _rules[key] = {name: getattr(rule, name) for name in _COMPILED}
    for name, found in _rules[key].items():
        setattr(rule, name, found.__func__.__get__(rule, None) if callable(found) else found)


Environment.__init__ = _with_compiled_templates  # type: ignore[method-assign]
Rule.compile = _compiled_once  # type: ignore[method-assign]
configure_mappers()
