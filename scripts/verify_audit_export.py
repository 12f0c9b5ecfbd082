#!/usr/bin/env python3
"""Check an export of the audit (`flask --app wsgi audit export FILE`) without the program that wrote it.

Needs Python 3.9 and nothing else. Ends with 0 when all chains hold; with 1 and the first broken link of each chain
that does not; with 2 when the file cannot be read.

The rule: an entry's hash is SHA-256, in hex, over the JSON array (ASCII, no spaces) of previous hash, chain, sequence,
instant, actor, action, subject, details; the first previous hash is 64 zeros.
"""

import hashlib
import json
import sys

FIELDS = ("previous_hash", "chain", "sequence", "at", "actor", "action", "subject", "details")


def broken_links(lines):
    """Chain -> sequence number at which no sound entry stands. Reads one line at a time."""
    heads, ends, broken = {}, {}, {}
    for line in lines:
        entry = json.loads(line)
        if "head" in entry:
            heads[entry["head"]] = (entry["sequence"], entry["hash"])
            continue
        chain = entry["chain"]
        sequence, previous = ends.get(chain, (0, "0" * 64))
        if not is_sound(entry, sequence + 1, previous):
            broken.setdefault(chain, sequence + 1)
        ends[chain] = (entry["sequence"], entry["hash"])
    for chain in set(heads) | set(ends):
        end = ends.get(chain, (0, "0" * 64))
        if heads.get(chain) != end:
            broken.setdefault(chain, end[0] + 1)
    return broken


def is_sound(entry, sequence, previous):
    encoded = json.dumps([entry[name] for name in FIELDS], ensure_ascii=True, separators=(",", ":"))
    digest = hashlib.sha256(encoded.encode("ascii")).hexdigest()
    return entry["sequence"] == sequence and entry["previous_hash"] == previous and entry["hash"] == digest


def main(arguments):
    if len(arguments) != 1:
        print("usage: verify_audit_export.py FILE", file=sys.stderr)
        return 2
    try:
        with open(arguments[0], encoding="ascii") as file:  # noqa: PTH123 - the script stands alone and stays plain
            broken = broken_links(file)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"The export cannot be read: {type(error).__name__}.", file=sys.stderr)
        return 2
    for chain, sequence in sorted(broken.items()):
        print(f"Broken: chain {chain}, entry {sequence}")
    if not broken:
        print("All chains hold.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
