"""Fail when the English catalogue lags behind the sentences in the code; Vietnamese is the source language itself.

Says every fault in one line: a missing, empty, doubtful ("fuzzy") or abandoned entry, or placeholders that differ.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
ENGLISH = ROOT / "translations/en/LC_MESSAGES/messages.po"
KEYWORDS = {**DEFAULT_KEYWORDS, "lazy_gettext": None, "lazy_ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"%\(\w+\)[-+ #0-9.]*[a-z]|%[-+ #0-9.]*[sd]|\{\w*\}")


def sentences_in_code() -> set[str]:
    """Every msgid (the singular of a plural) that the sources hold now."""
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["babel"]["mappings"]
    methods = [(mapping["pattern"], mapping["method"]) for mapping in mappings]
    options = {
        mapping["pattern"]: {k: v for k, v in mapping.items() if k not in ("pattern", "method")} for mapping in mappings
    }
    found = extract_from_dir(ROOT / "counseling", methods, options, KEYWORDS)
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


def faults(catalogue: Catalog, sentences: set[str]) -> Iterator[str]:
    known = {_first(message.id): message for message in catalogue if message.id}
    yield from (f"missing: {sentence}" for sentence in sorted(sentences - known.keys()))
    yield from (f"no longer in the code: {sentence}" for sentence in sorted(known.keys() - sentences))
    yield from (f"obsolete: {sentence}" for sentence in map(str, catalogue.obsolete))
    for sentence, message in known.items():
        if message.fuzzy:
            yield f"fuzzy: {sentence}"
        yield from _faults_of_text(message)


def _faults_of_text(message: Message) -> Iterator[str]:
    originals, texts = _forms(message.id), _forms(message.string)
    wanted = set(PLACEHOLDER.findall(originals[-1]))
    for text in texts or ("",):
        if not text.strip():
            yield f"empty: {originals[0]}"
        elif set(PLACEHOLDER.findall(text)) != wanted:
            yield f"placeholders differ: {originals[0]} → {text}"


def _forms(text: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def _first(text: str | list[str] | tuple[str, ...]) -> str:
    return _forms(text)[0]


def main() -> int:
    if not ENGLISH.exists():
        print("There is no English catalogue yet: `make translations` begins it.")
        return 1
    with ENGLISH.open("rb") as file:
        found = list(faults(read_po(file, locale="en"), sentences_in_code()))
    print("\n".join(found) if found else "Translations: complete.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
