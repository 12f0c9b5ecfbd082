"""Other words for a text, as a province may write them: two spellings of one sentence, with the same placeholders."""

from __future__ import annotations

import string
import unicodedata
from dataclasses import dataclass

from counseling.domain.names import without_marks
from counseling.domain.refusal import Refusal
from counseling.domain.reminder_kinds import SHIPPED_RULES


@dataclass(frozen=True)
class Wording:
    """`body` in plain letters, one segment; `marked` the spelling with marks, None where there is none."""

    body: str
    marked: str | None = None


def side_of(key: str) -> str | None:
    """Whose reminder a text is; None: either side sends it, as all answers."""
    sides = {rule.side for rule in SHIPPED_RULES if rule.kind == key}
    return sides.pop() if len(sides) == 1 else None


def wording_from(typed: str) -> Wording:
    """Both spellings of what was typed, on one line: marks are left out here, never guessed."""
    text = " ".join(unicodedata.normalize("NFC", typed).split())
    plain = without_marks(text)
    return Wording(plain, None if plain == text else text)


def placeholders_of(template: str) -> list[str]:
    """The placeholders of a template in their order. Raises Refusal braces_broken, for all but a plain {name}."""
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError:
        raise Refusal("braces_broken") from None
    # "{{" stands for a brace, which a text does not need and the small alphabet counts twice.
    if any(spec or conversion for _, _, spec, conversion in parts) or "{{" in template or "}}" in template:
        raise Refusal("braces_broken")
    return [name for _, name, _, _ in parts if name is not None]
