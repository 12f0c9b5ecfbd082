"""Eight signed-in clients write at once on the embedded database: nobody gets an error page, nothing is lost."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from counseling.models.doses import DayDose
from tests.support.cast import Cast, sign_in
from tests.support.settings import MORNING
from tests.support.treatment import Person, opened, ordered, somebody

CLIENTS, EACH = 8, 4
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One file and one process: the case in which writers meet."""
    return sqlite_url


def test_eight_clients_write_at_once_and_nobody_meets_an_error(
    app: Flask, session: Session, cast: Cast, start_clock_at: Callable[[datetime], None]
) -> None:
    start_clock_at(MORNING)
    opened(session, cast)
    people = [somebody(session, cast) for _ in range(CLIENTS * EACH)]
    for person in people:
        ordered(session, cast, person)
    session.rollback()
    gate, answers = threading.Barrier(CLIENTS), Counter[int]()
    lock = threading.Lock()

    def one_client(client: FlaskClient, mine: list[Person]) -> None:
        gate.wait(timeout=60)
        for person in mine:
            # Each request reads its session before it writes: the order in which SQLite says "database is locked".
            for step in ("pour", "dose"):
                page = client.get(f"/patients/{person.ref}/dose")
                answer = client.post(f"/patients/{person.ref}/{step}", data=dict(HIDDEN.findall(page.text)))
                with lock:
                    answers[page.status_code] += 1
                    answers[answer.status_code] += 1

    clients = [app.test_client() for _ in range(CLIENTS)]
    for client in clients:
        sign_in(client, "dispenser")  # one after the other: eight tries at the same second would be braked
    shares = [people[number::CLIENTS] for number in range(CLIENTS)]
    threads = [threading.Thread(target=one_client, args=pair) for pair in zip(clients, shares, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert answers == {200: 2 * CLIENTS * EACH, 303: 2 * CLIENTS * EACH}
    session.rollback()
    assert session.execute(select(func.count(DayDose.id))).scalar_one() == CLIENTS * EACH
