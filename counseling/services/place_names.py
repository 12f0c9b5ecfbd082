"""Codes and names of places as they are kept."""

from __future__ import annotations

import re
import unicodedata

from counseling.domain.refusal import Refusal

CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,19}")
LONGEST_NAME = 120


def ensure_code(text: str) -> str:
    """Capitals, digits and hyphens, 2 to 20. Refuses with code_not_right."""
    code = text.strip().upper()
    if not CODE.fullmatch(code):
        raise Refusal("code_not_right")
    return code


def ensure_name(text: str) -> str:
    """NFC and single spaces; capitals are left as an office writes them. Refuses with name_missing, name_too_long."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        raise Refusal("name_missing")
    if len(name) > LONGEST_NAME:
        raise Refusal("name_too_long", longest=LONGEST_NAME)
    return name
