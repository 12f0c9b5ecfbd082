"""Being looked in on: what is agreed, and when it is too early to ask."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from counseling.domain.names import fold, words
from counseling.domain.refusal import Refusal

PLACES = ("home", "point", "elsewhere")
# As whom the volunteer comes, whoever opens the door.
PRETEXTS = ("acquaintance", "commune_visit", "club")
# On the first day somebody agrees to everything; after two weeks they know whom they are agreeing with.
ASK_AFTER = timedelta(days=14)


def is_early(began_on: date | None, registered_on: date, today: date) -> bool:
    """Whether somebody has been coming for less than two weeks; never a reason to refuse, only said on the page."""
    since = registered_on if began_on is None else min(began_on, registered_on)
    return today - since < ASK_AFTER


def ensure_terms(place: str, pretext: str) -> None:
    """Refuses place_unknown and pretext_unknown."""
    if place not in PLACES:
        raise Refusal("place_unknown")
    if pretext not in PRETEXTS:
        raise Refusal("pretext_unknown")


def ensure_other_name(chosen: str, known_as: Iterable[str | None]) -> None:
    """The name for the volunteers is no name of the treatment file: two lists with one name could be joined.

    Refuses name_missing and name_is_known: it holds a whole name that the file has, in any order of its words.
    """
    if not fold(chosen):
        raise Refusal("name_missing")
    said = set(words(chosen))
    for name in known_as:
        if name and words(name) and set(words(name)) <= said:
            raise Refusal("name_is_known")
