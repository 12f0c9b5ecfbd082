"""The dose and the list again with three million doses stored, beside the same on a ledger of today only."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from benchmarks.dose import PER_ROUND as DOSES_PER_ROUND
from benchmarks.figures import Figure
from benchmarks.history import add_history
from benchmarks.pace import ROUNDS, WARM_UP, in_turns
from benchmarks.pages import PER_ROUND as PAGES_PER_ROUND
from benchmarks.pages import morning_desk
from benchmarks.people import DOSES
from benchmarks.requests import dose_forms, pages
from benchmarks.workshop import KINDS, Workshop, signed_in
from tests.support.server import LiveServer

GOAL_TIMES = 1.5


def measure_stored(workshop: Workshop) -> Iterator[Figure]:
    for kind in KINDS:
        empty, full = workshop.installation(kind), workshop.installation(kind)
        count = add_history(workshop, full)
        with workshop.product(full) as old, workshop.product(empty) as young:
            refs = full.people.dosed[: WARM_UP + ROUNDS * DOSES_PER_ROUND]
            doses = dose_times([old, young], refs)
            lists = list_times([old, young], full.people.listed)
        goal = f"at most {GOAL_TIMES} times"
        for what, (value, floor) in (("dose", doses), ("list", lists)):
            yield Figure(f"stored {kind} {what}", value, "ms", floor, goal, value <= GOAL_TIMES * floor)
        yield Figure(f"stored {kind} doses", count / 1_000_000, "million", None, "3 million", count >= 3_000_000)


def dose_times(servers: list[LiveServer], refs: list[str]) -> list[float]:
    desks = [signed_in(server, DOSES) for server in servers]
    turns = [(desk, dose_forms(desk, refs), 303) for desk in desks]
    return [median(times) for times in in_turns(turns, DOSES_PER_ROUND)]


def list_times(servers: list[LiveServer], listed: list[str]) -> list[float]:
    desks = [morning_desk(server, listed) for server in servers]
    turns = [(desk, pages(desk, "/station/"), 200) for desk in desks]
    return [median(times) for times in in_turns(turns, PAGES_PER_ROUND)]
