"""What does not change while many texts are looked at in one transaction is read once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from counseling.database import AnySession

Found = TypeVar("Found")
_KEPT = "read once"


@contextmanager
def remembering(session: AnySession) -> Iterator[None]:
    """Within this, `remembered` reads the same only once."""
    session.info[_KEPT] = {}
    try:
        yield
    finally:
        del session.info[_KEPT]


def remember(session: AnySession, what: Hashable, found: object) -> None:
    """`remembered` gives this: it was read together with others."""
    kept = session.info.get(_KEPT)
    if kept is not None:
        kept[what] = found


def remembered(session: AnySession, what: Hashable, read: Callable[[], Found]) -> Found:
    """What was read of this before, or is read now."""
    kept = session.info.get(_KEPT)
    if kept is None:
        return read()
    if what not in kept:
        kept[what] = read()
    found: Found = kept[what]
    return found
