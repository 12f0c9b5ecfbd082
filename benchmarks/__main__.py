"""`python -m benchmarks [NAME …]`: measure, print the table, write instance/bench.json."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.dose import measure_dose, measure_dose8
from benchmarks.figures import Figure, table, write_json
from benchmarks.lists import measure_lists
from benchmarks.pages import measure_list, measure_rest
from benchmarks.phone import measure_phone
from benchmarks.planning import measure_planning
from benchmarks.register_import import measure_import
from benchmarks.stored import measure_stored
from benchmarks.texts import measure_inbound, measure_outbound
from benchmarks.workshop import Workshop, open_workshop

RESULTS = Path(__file__).resolve().parent.parent / "instance" / "bench.json"
MEASUREMENTS: dict[str, Callable[[Workshop], Iterator[Figure]]] = {
    "rest": measure_rest,
    "dose": measure_dose,
    "dose8": measure_dose8,
    "list": measure_list,
    "lists": measure_lists,
    "stored": measure_stored,
    "import": measure_import,
    "planning": measure_planning,
    "outbound": measure_outbound,
    "inbound": measure_inbound,
    "phone": measure_phone,
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        print(f"There is no {', '.join(unknown)}; there are {', '.join(MEASUREMENTS)}.", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    with open_workshop() as workshop:
        for name in names or MEASUREMENTS:
            print(f"{name} …", file=sys.stderr, flush=True)
            figures += MEASUREMENTS[name](workshop)
    print(table(figures))
    write_json(RESULTS, figures, only=names)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
