"""The two lists of an area at 800 and at 80,000 people: the page of 50 rows, from its first byte to its last."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from benchmarks.client import Client
from benchmarks.crowd import crowded
from benchmarks.figures import Figure
from benchmarks.pace import in_turns
from benchmarks.people import PASSWORD
from benchmarks.requests import pages
from benchmarks.workshop import KINDS, Workshop
from tests.support.server import LiveServer

FEW, MANY = 800, 80_000
PER_ROUND = 15
GOAL_MS, GOAL_TIMES = 15.0, 1.5
ROWS = 50
# What is measured → whose page, and which of their desks. The area's supervisor looks after 800 of the 80,000.
LISTS = {
    "adherence": ("province", 0),
    "contacts": ("province", 1),
    "adherence, one area": ("supervisor", 0),
    "contacts, one area": ("community", 0),
}


def measure_lists(workshop: Workshop) -> Iterator[Figure]:
    """`floor` is the same page where the installation knows 800 people."""
    for kind in KINDS:
        with ExitStack() as stack:
            few, many = (
                stack.enter_context(workshop.product(crowded(workshop, kind, people))) for people in (FEW, MANY)
            )
            for name, (username, desk) in LISTS.items():
                clients = [at_desk(server, username, desk) for server in (few, many)]
                for client in clients:
                    ensure_rows(client)
                turns = [(client, pages(client, "/supervision/"), 200) for client in clients]
                floor, value = map(median, in_turns(turns, PER_ROUND))
                goal = f"< {GOAL_MS:.0f} ms, at most {GOAL_TIMES} times"
                holds = value < GOAL_MS and value <= GOAL_TIMES * floor
                yield Figure(f"list {name} {kind}", value, "ms", floor, goal, holds)


def at_desk(server: LiveServer, username: str, desk: int) -> Client:
    """Somebody signed in at one of their desks; who has several chooses it first."""
    client = Client(server.port)
    client.sign_in(username, PASSWORD)
    page = client.get("/desk")
    desks = re.findall(r'name="desk" value="(\d+)"', page.text)
    if len(desks) > 1:
        client.post("/desk", {"csrf_token": page.hidden_fields()["csrf_token"], "desk": desks[desk]})
    return client


def ensure_rows(client: Client) -> None:
    """A page without its rows would be fast."""
    rows = client.get("/supervision/").text.count("<tr>") - 1
    if rows != ROWS:
        raise RuntimeError(f"the list shows {rows} people instead of {ROWS}")
