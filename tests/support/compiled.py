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


_compile_builder = Rule._compile_builder
_builders: dict[Any, Any] = {}


def _compiled_once(rule: Rule, append_unknown: bool = True) -> Any:
    """Werkzeug compiles a function for each address of each application: two thirds of what putting one together takes.

    The function depends on nothing but this; it is bound to its rule afterwards.
    """
    converters = tuple((name, type(converter)) for name, converter in rule._converters.items())
    key = tuple(rule._trace), repr(rule.defaults), append_unknown, converters
    if key not in _builders:
        _builders[key] = _compile_builder(rule, append_unknown)
    return _builders[key]


Environment.__init__ = _with_compiled_templates  # type: ignore[method-assign]
Rule._compile_builder = _compiled_once  # type: ignore[method-assign]
configure_mappers()
