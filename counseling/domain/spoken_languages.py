"""Which languages somebody of ours speaks with people: few who speak Tày, Nùng or Dao also read it."""

from __future__ import annotations

from collections.abc import Collection

from counseling.domain.refusal import Refusal

VIETNAMESE = "vi"
SPOKEN = (VIETNAMESE, "tyz", "nut", "ium", "hmn", "zh")  # ISO 639; "other" of a file matches nobody


def kept_as(languages: Collection[str]) -> str:
    """As an account keeps them: "vi tyz". Refuses with language_missing and language_unknown."""
    if not languages:
        raise Refusal("language_missing")
    if not set(languages) <= set(SPOKEN):
        raise Refusal("language_unknown")
    return " ".join(language for language in SPOKEN if language in languages)
