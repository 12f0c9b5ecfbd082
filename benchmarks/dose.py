"""A dose, from the first byte of the form to the last of the answer, beside a bare insert of one row."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from benchmarks.client import Client
from benchmarks.figures import Figure, percentile
from benchmarks.pace import ROUNDS, WARM_UP, at_fixed_moments, in_turns
from benchmarks.people import DOSES
from benchmarks.requests import dose_forms, rows
from benchmarks.workshop import KINDS, Workshop, signed_in

PER_ROUND = 80
GOALS_MS = {"sqlite": 4.0, "postgresql": 5.0}
CLIENTS, PER_SECOND, SECONDS = 8, 20, 40
GOAL_P99_MS = 25.0


def measure_dose(workshop: Workshop) -> Iterator[Figure]:
    """One client, median."""
    for kind in KINDS:
        installation = workshop.installation(kind)
        with workshop.product(installation) as server, workshop.bare(kind) as bare:
            desk, floor_client = signed_in(server, DOSES), Client(bare.port)
            forms = dose_forms(desk, installation.people.dosed[: WARM_UP + ROUNDS * PER_ROUND])
            turns = [(desk, forms, 303), (floor_client, rows(floor_client), 303)]
            value, floor = map(median, in_turns(turns, PER_ROUND))
        goal = GOALS_MS[kind]
        yield Figure(f"dose {kind}", value, "ms", floor, f"< {goal:.0f} ms", value < goal)
        share = floor / value
        yield Figure(f"dose {kind} rate", 1000 / value, "/s", 1000 / floor, "half of it, wished", share >= 0.5)


def measure_dose8(workshop: Workshop) -> Iterator[Figure]:
    """Eight signed-in clients, 20 doses a second in all, sent when they are due: the slowest 1 %."""
    for kind in KINDS:
        installation = workshop.installation(kind)
        with workshop.product(installation) as server, workshop.bare(kind) as bare:
            desks = [signed_in(server, DOSES) for _ in range(CLIENTS)]
            each = SECONDS * PER_SECOND // CLIENTS
            refs = iter(installation.people.dosed)
            forms = [list(dose_forms_of(desk, refs, each)) for desk in desks]
            times = at_fixed_moments(desks, forms, PER_SECOND)
            clients = [Client(bare.port) for _ in desks]
            floor = at_fixed_moments(clients, [[next(rows(client))] * each for client in clients], PER_SECOND)
        errors = sum(time == float("inf") for time in times)
        slowest = percentile([time for time in times if time != float("inf")], 99)
        holds = slowest < GOAL_P99_MS and not errors
        goal = f"< {GOAL_P99_MS:.0f} ms, no error"
        yield Figure(f"dose8 {kind} p99", slowest, "ms", percentile(floor, 99), goal, holds)
        yield Figure(f"dose8 {kind} errors", errors, "", None, "0", not errors)


def dose_forms_of(desk: Client, refs: Iterator[str], count: int) -> Iterator[bytes]:
    return dose_forms(desk, [next(refs) for _ in range(count)])
