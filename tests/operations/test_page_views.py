"""Who saw whom is in the chain, whatever happens between the page and the database."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask, g
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from counseling.domain.audit_chain import ChainEntry, first_broken
from counseling.models.audit import AuditEntry
from counseling.permissions import RoleKind, Side, Viewer
from counseling.routes.viewing import flush_now, log_of, note_view
from counseling.services import audit
from counseling.services.page_views import PageView, ViewLog, record_views
from tests.support.settings import MORNING


def view_of(number: int, chain: str = "views:3") -> PageView:
    return PageView(chain, "staff:7/session:1", "dispenser/treatment", "station.today", (number,), MORNING)


def seen(session: Session, chain: str = "views:3") -> list[int]:
    session.rollback()
    rows = session.execute(select(AuditEntry.details).where(AuditEntry.chain == chain).order_by(AuditEntry.sequence))
    return [patient_id for (details,) in rows for patient_id in json.loads(details)["patients"]]


def chain_is_whole(session: Session, chain: str) -> bool:
    session.rollback()
    rows = session.scalars(select(AuditEntry).where(AuditEntry.chain == chain).order_by(AuditEntry.sequence))
    entries = [
        ChainEntry(
            row.previous_hash, row.chain, row.sequence, audit.stamp(row.at), row.actor, row.action, row.subject,
            row.details, row.hash,
        )
        for row in rows
    ]  # fmt: skip
    return bool(entries) and first_broken(entries) is None


@pytest.fixture
def log(session: Session) -> Iterator[ViewLog]:
    log = ViewLog(lambda: Session(session.get_bind()), capacity=60)
    yield log
    log.stop()


def test_a_page_is_one_row_that_names_reader_desk_page_and_people(app: Flask, session: Session) -> None:
    nurse = Viewer(7, 12, 1, "Somebody", "vi", 4, RoleKind.DISPENSER, Side.TREATMENT, 3, None, None, False)
    with app.test_request_context():
        g.viewer = nurse
        note_view("station.today", [19, 17, 19])
        note_view("station.today", [])
    flush_now(app)
    row = session.scalars(select(AuditEntry)).one()
    assert (row.chain, row.actor, row.action, row.subject) == (
        "views:3",
        "staff:7/session:12",
        "page.viewed",
        "station.today",
    )
    assert json.loads(row.details) == {"desk": "dispenser/treatment", "patients": [17, 19]}


def test_views_are_written_within_five_seconds_without_being_asked(log: ViewLog, session: Session) -> None:
    log.note(view_of(1))
    deadline = time.monotonic() + 5
    while not seen(session) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert seen(session) == [1]


def test_many_views_are_one_unbroken_chain_per_site(log: ViewLog, session: Session) -> None:
    for number in range(60):
        log.note(view_of(number, chain=f"views:{number % 2}"))
    log.flush_now()
    assert seen(session, "views:0") == list(range(0, 60, 2))
    assert chain_is_whole(session, "views:0")
    assert chain_is_whole(session, "views:1")


def test_a_full_queue_lets_the_request_write_its_own_row(session: Session) -> None:
    log = ViewLog(lambda: Session(session.get_bind()), capacity=0)
    log.note(view_of(5))
    assert seen(session) == [5]


def test_views_wait_while_the_database_is_away_and_are_written_when_it_is_back(session: Session) -> None:
    away = threading.Event()
    away.set()

    def open_session() -> Session:
        if away.is_set():
            raise OperationalError("SELECT 1", {}, Exception("away"))
        return Session(session.get_bind())

    log = ViewLog(open_session)
    log.note(view_of(1))
    with pytest.raises(OperationalError):
        log.flush_now()
    away.clear()
    log.note(view_of(2))
    log.stop()
    assert seen(session) == [1, 2]


def test_stopping_writes_what_waits_and_later_views_write_themselves(log: ViewLog, session: Session) -> None:
    log.note(view_of(1))
    log.stop()
    log.note(view_of(2))
    assert seen(session) == [1, 2]


def test_views_of_many_threads_are_each_written_once(log: ViewLog, session: Session) -> None:
    def read_pages(first: int) -> None:
        for number in range(first, first + 25):
            log.note(view_of(number))

    threads = [threading.Thread(target=read_pages, args=(first,)) for first in range(0, 100, 25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.stop()
    assert sorted(seen(session)) == list(range(100))
    assert chain_is_whole(session, "views:3")


def test_the_thread_starts_with_the_first_view_and_ends_with_the_log(app: Flask) -> None:
    def running() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name == "page-views"]

    before = len(running())
    log_of(app).note(view_of(1))
    assert len(running()) == before + 1
    log_of(app).stop()
    assert len(running()) == before


def test_instants_in_the_chain_are_those_of_the_pages(session: Session) -> None:
    later = MORNING + timedelta(seconds=3)
    record_views(session, [PageView("views:3", "staff:1/session:1", "doctor/treatment", "p", (1,), later)])
    assert session.scalars(select(AuditEntry)).one().at == later
