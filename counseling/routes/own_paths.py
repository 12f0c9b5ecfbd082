"""Where a form may send the browser afterwards: only to a path of this site."""

from __future__ import annotations

import re

# One slash, then neither another nor a backslash, which browsers read as one; no spaces, no control characters.
_OWN_PATH = re.compile(r"/(?![/\\])[^\\\s\x00-\x20\x7f]*")


def own_path(text: str | None, default: str = "/") -> str:
    """`text` when it is a path of our own, else `default`."""
    return text if text and _OWN_PATH.fullmatch(text) else default
