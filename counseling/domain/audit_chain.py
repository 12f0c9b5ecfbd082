"""Links of an audit chain: each entry's hash covers the hash before it, so a changed or missing entry shows.

A cut tail does not show here: the daily seal is for that.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

GENESIS = "0" * 64
FIRST_SEQUENCE = 1
HOUSE = "house"


@dataclass(frozen=True)
class ChainEntry:
    """One stored entry as it was read back; sequence numbers of a chain run 1, 2, 3 …"""

    previous_hash: str
    chain: str
    sequence: int
    at_iso: str
    actor: str
    action: str
    subject: str
    details: str
    own_hash: str


def entry_hash(
    previous_hash: str, chain: str, sequence: int, at_iso: str, actor: str, action: str, subject: str, details: str
) -> str:
    """Hash one entry: SHA-256, in hex, over a JSON array of the arguments in this order, no spaces, ASCII only.

    The array marks where a field ends, so no two different entries have the same encoding; any language can redo it.
    """
    fields = [previous_hash, chain, sequence, at_iso, actor, action, subject, details]
    encoded = json.dumps(fields, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(encoded.encode("ascii")).hexdigest()


def first_broken(entries: Iterable[ChainEntry]) -> int | None:
    """Walk one chain from its start, in order; return the first sequence number that no sound entry holds, or None.

    For a gap that is the number that is missing. Reads one entry at a time, so a long chain may be streamed.
    """
    expected, previous_hash, chain = FIRST_SEQUENCE, GENESIS, None
    for entry in entries:
        chain = entry.chain if chain is None else chain
        if entry.sequence != expected or entry.previous_hash != previous_hash or entry.chain != chain:
            return expected
        if entry.own_hash != _recomputed(entry):
            return expected
        expected, previous_hash = expected + 1, entry.own_hash
    return None


def _recomputed(entry: ChainEntry) -> str:
    return entry_hash(
        entry.previous_hash,
        entry.chain,
        entry.sequence,
        entry.at_iso,
        entry.actor,
        entry.action,
        entry.subject,
        entry.details,
    )


def site_chain(site_id: int | None) -> str:
    """Changes at one site; without a site (accounts, areas) the house's chain."""
    return HOUSE if site_id is None else f"site:{site_id}"


def views_chain(site_id: int | None) -> str:
    """Who saw what, apart from the changes, so that reading never waits for writing."""
    return "views:house" if site_id is None else f"views:{site_id}"
