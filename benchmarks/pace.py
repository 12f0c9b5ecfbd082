"""How requests are sent: in turns with the floor, or at moments fixed beforehand."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from itertools import islice

from benchmarks.client import Client

ROUNDS = 8
WARM_UP = 40  # requests that are sent and not counted
START_SECONDS = 0.2

Requests = Iterator[bytes]


class WrongAnswer(Exception):  # noqa: N818 - says what came
    """A request did not get the answer that it must have got: nothing may be concluded from its time."""


def ensure(status: int, expected: int) -> None:
    if status != expected:
        raise WrongAnswer(f"{status} instead of {expected}")


def in_turns(runners: Sequence[tuple[Client, Requests, int]], per_round: int) -> list[list[float]]:
    """Milliseconds of each runner's requests; they take turns, so that a busy minute of the machine hits all."""
    times: list[list[float]] = [[] for _ in runners]
    for client, requests, expected in runners:
        client.connect()
        _run(client, requests, expected, WARM_UP)
    for _ in range(ROUNDS):
        for number, (client, requests, expected) in enumerate(runners):
            times[number] += _run(client, requests, expected, per_round)
    return times


def _run(client: Client, requests: Requests, expected: int, count: int) -> list[float]:
    times = []
    for request in islice(requests, count):
        milliseconds, answer = client.timed(request)
        ensure(answer.status, expected)
        times.append(milliseconds)
    if len(times) < count:
        raise WrongAnswer("there were too few requests")
    return times


def at_fixed_moments(clients: Sequence[Client], requests: Sequence[Sequence[bytes]], per_second: float) -> list[float]:
    """Milliseconds from the moment that a request was due, whoever was still waiting: queueing counts.

    `requests[n]` belong to `clients[n]`; together they come `per_second`. Errors count as endless.
    """
    times: list[float] = []
    start = time.perf_counter() + START_SECONDS

    def send_all(number: int) -> None:
        for turn, request in enumerate(requests[number]):
            due = start + (turn * len(clients) + number) / per_second
            time.sleep(max(0.0, due - time.perf_counter()))
            times.append(_since(due, clients[number], request))

    threads = [threading.Thread(target=send_all, args=(number,)) for number in range(len(clients))]
    for client in clients:
        client.connect()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def _since(due: float, client: Client, request: bytes) -> float:
    try:
        status = client.send(request).status
    except OSError:
        return float("inf")
    return (time.perf_counter() - due) * 1000 if status == 303 else float("inf")
