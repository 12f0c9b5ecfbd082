"""Today's list of 300 people, beside a bare page of the same bytes; and what the process holds in memory at rest."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.client import Client
from benchmarks.figures import Figure
from benchmarks.pace import ensure, in_turns
from benchmarks.people import LISTED, LISTS
from benchmarks.requests import dose_forms, pages
from benchmarks.workshop import KINDS, Workshop, pid_of, signed_in
from tests.support.server import LiveServer

PER_ROUND = 15
ATTENDED = 100
GOAL_TIMES = 3.0
GOAL_MIB = 150.0
REST_SECONDS = 3.0
BARE_ROW_BYTES = len("<li><b>R-0000</b> Somebody, 1990 <i></i></li>\n")


def measure_list(workshop: Workshop) -> Iterator[Figure]:
    for kind in KINDS:
        installation = workshop.installation(kind)
        with workshop.product(installation) as server:
            desk = morning_desk(server, installation.people.listed)
            size = len(desk.get("/station/").body)
            with workshop.bare(kind, LISTED, size // LISTED - BARE_ROW_BYTES) as bare:
                floor_client, still = Client(bare.port), Client(bare.port)
                ensure_alike(len(floor_client.get("/rows").body), size)
                value, floor, constant = map(
                    median,
                    in_turns(
                        [
                            (desk, pages(desk, "/station/"), 200),
                            (floor_client, pages(floor_client, "/rows"), 200),
                            (still, pages(still, f"/constant?bytes={size}"), 200),
                        ],
                        PER_ROUND,
                    ),
                )
        goal = f"at most {GOAL_TIMES:.0f} times"
        yield Figure(f"list {kind}", value, "ms", floor, goal, value <= GOAL_TIMES * floor)
        yield Figure(f"list {kind}, constant page", value, "ms", constant, "", None)
        yield Figure(f"list {kind}, page", size / 1024, "KiB", None, "", None)


def morning_desk(server: LiveServer, listed: list[str]) -> Client:
    """The dispenser's browser when a third of the people have been."""
    desk = signed_in(server, LISTS)
    for form in dose_forms(desk, listed[:ATTENDED]):
        ensure(desk.send(form).status, 303)
    return desk


def ensure_alike(bare_bytes: int, bytes_shown: int) -> None:
    if abs(bare_bytes - bytes_shown) > bytes_shown * 0.02:
        raise RuntimeError(f"the bare page has {bare_bytes} bytes, the list {bytes_shown}")


def measure_rest(workshop: Workshop) -> Iterator[Figure]:
    """Resident memory of the one process after a sign-in, a list and a moment of silence."""
    for kind in KINDS:
        installation = workshop.installation(kind)
        with workshop.product(installation) as server, workshop.bare(kind) as bare:
            ensure(signed_in(server, LISTS).get("/station/").status, 200)
            time.sleep(REST_SECONDS)
            value, floor = resident_mib(pid_of(server)), resident_mib(bare.process.pid)
        yield Figure(f"rest {kind}", value, "MiB", floor, f"< {GOAL_MIB:.0f} MiB", value < GOAL_MIB)


def resident_mib(pid: int, field: str = "VmRSS") -> float:
    """What /proc says of a process; `VmHWM` is its peak."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split(f"{field}:")[1].split()[0]) / 1024
