"""What is asked of the two servers, built before the clock starts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import repeat

from benchmarks.client import Client

VIEWS_WRITTEN_SECONDS = 3.0


def dose_forms(desk: Client, refs: Sequence[str]) -> Iterator[bytes]:
    """The button of each person's dose page once the cup is poured, as the browser would send it."""
    forms = [_form(desk, ref) for ref in refs]
    time.sleep(VIEWS_WRITTEN_SECONDS)  # who was seen is written in batches a moment later
    return iter(forms)


def _form(desk: Client, ref: str) -> bytes:
    desk.post(f"/patients/{ref}/pour", _fields(desk, ref))
    return desk.form(f"/patients/{ref}/dose", _fields(desk, ref))


def _fields(desk: Client, ref: str) -> dict[str, str]:
    fields = desk.get(f"/patients/{ref}/dose").hidden_fields()
    fields.pop("next", None)  # of the language switch, another form of the page
    return fields


def rows(client: Client) -> Iterator[bytes]:
    """The bare app's one-row insert, without end."""
    return repeat(client.form("/row", {"code": "R-0001"}))


def pages(client: Client, path: str) -> Iterator[bytes]:
    return repeat(client.request("GET", path))
