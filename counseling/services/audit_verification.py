"""Walking the chains: has anybody changed, removed, swapped or slipped in an entry?

A tail that was cut off together with its head is not seen; that needs the daily seal, which leaves the building.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple, TextIO

from sqlalchemy import Row

from counseling.database import AnySession
from counseling.domain.audit_chain import GENESIS, ChainEntry, first_broken
from counseling.queries.audit_chains import begin_snapshot, read_entries, read_heads
from counseling.services.audit import stamp


class Broken(NamedTuple):
    """The first link of a chain that does not hold: no sound entry stands at `sequence`."""

    chain: str
    sequence: int


class Verified(NamedTuple):
    """`entries` were looked at: all of them where nothing is broken."""

    chains: int
    entries: int
    broken: list[Broken]


def verify(session: AnySession) -> Verified:
    """Walk all chains of one snapshot; nothing is written."""
    begin_snapshot(session)
    heads, counted, broken = read_heads(session), 0, []
    chains = set(heads)
    for chain, rows in groupby(read_entries(session), key=lambda row: str(row.chain)):
        walk = _Walk(rows)
        found = first_broken(walk)
        if found is None and heads.get(chain) != walk.end:
            found = walk.end[0] + 1
        counted += walk.count
        heads.pop(chain, None)
        chains.add(chain)
        broken += [] if found is None else [Broken(chain, found)]
    session.rollback()
    # A head whose entries are all gone.
    broken += [Broken(chain, 1) for chain, end in heads.items() if end != (0, GENESIS)]
    return Verified(len(chains), counted, sorted(broken))


def export(session: AnySession, file: TextIO) -> int:
    """Write all chains and their heads as JSON lines, for `scripts/verify_audit_export.py`; gives how many entries."""
    begin_snapshot(session)
    for chain, (sequence, digest) in sorted(read_heads(session).items()):
        _put(file, {"head": chain, "sequence": sequence, "hash": digest})
    count = 0
    for row in read_entries(session):
        _put(file, {**_entry(row)._asdict()})
        count += 1
    session.rollback()
    return count


class _Fields(NamedTuple):
    chain: str
    sequence: int
    at: str
    actor: str
    action: str
    subject: str
    details: str
    previous_hash: str
    hash: str


def _entry(row: Row[*tuple[Any, ...]]) -> _Fields:
    values = {name: getattr(row, name) for name in _Fields._fields}
    return _Fields(**{**values, "at": stamp(row.at)})


class _Walk:
    """The entries of one chain on their way to the check, counted; `end` is the last one that went by."""

    def __init__(self, rows: Iterator[Row[*tuple[Any, ...]]]) -> None:
        self._rows = rows
        self.count = 0
        self.end = (0, GENESIS)

    def __iter__(self) -> Iterator[ChainEntry]:
        for row in self._rows:
            self.count += 1
            self.end = (row.sequence, row.hash)
            at = stamp(row.at)
            said = (row.actor, row.action, row.subject, row.details)
            yield ChainEntry(row.previous_hash, row.chain, row.sequence, at, *said, row.hash)


def _put(file: TextIO, line: dict[str, object]) -> None:
    file.write(json.dumps(line, ensure_ascii=True, sort_keys=True) + "\n")
