"""After a change of keys a number still has its line, and a support file is still found by its number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from counseling import create_app
from counseling.config import Config
from counseling.database import db, vault_of, writing
from counseling.models.patients import PhoneNumber, SearchKey, SupportFile
from counseling.models.texts import PhoneLine
from counseling.queries.patient_search import has_keys
from counseling.refs import new_ref
from counseling.routes import viewing
from counseling.services.key_rotation import count_left, rotate_keys
from counseling.services.phone_lines import ensure_line, find_line
from counseling.treatment_rows import SUPPORT, phone_row, search_rows
from tests.support.cast import Cast
from tests.support.files import patient_of, supported
from tests.support.settings import MORNING, config_for, invented_key

OLD, NEW = invented_key(1), invented_key(7)
NUMBER = "+84912345678"
OpenWith = Callable[[str], Session]


@pytest.fixture
def open_with(config: Config, tmp_path: Path) -> Iterator[OpenWith]:
    """`open_with(keys)`: the same database as a process with other DATA_KEYS sees it."""
    apps: list[Flask] = []
    sessions: list[Session] = []

    def open_it(keys: str) -> Session:
        app = create_app(config_for(config.database_url, tmp_path / "instance", DATA_KEYS=keys))
        apps.append(app)
        with app.app_context():
            sessions.append(Session(db.engine, expire_on_commit=False))
        return sessions[-1]

    yield open_it
    for session in sessions:
        session.close()
    for app in apps:
        viewing.log_of(app).stop()
        with app.app_context():
            db.engine.dispose()


def test_lines_are_found_during_and_after_a_rotation(session: Session, open_with: OpenWith) -> None:
    with writing(session) as tx:
        lines = {number: ensure_line(tx, vault_of(tx), number) for number in (NUMBER, "+84987654321")}
    both = open_with(f"{NEW},{OLD}")
    assert count_left(both) == 4  # of each line its index and its number
    assert {number: find_line(both, vault_of(both), number) for number in lines} == lines
    with writing(both) as tx:
        assert ensure_line(tx, vault_of(tx), NUMBER) == lines[NUMBER]
    assert rotate_keys(both, MORNING).left == 0
    alone = open_with(NEW)
    assert {number: find_line(alone, vault_of(alone), number) for number in lines} == lines
    assert alone.execute(select(func.count()).select_from(PhoneLine)).scalar_one() == 2


def test_a_line_that_does_not_open_is_counted_and_stops_nothing_else(session: Session, open_with: OpenWith) -> None:
    with writing(session) as tx:
        ensure_line(tx, vault_of(tx), NUMBER)
        lost = {"ref": new_ref(), "number": b"\x01lost" + b"\x00" * 40, "token": b"\x00" * 16, "key_id": b"lost"}
        tx.execute(insert(PhoneLine).values(**lost, permanent_failures=0))
    both = open_with(f"{NEW},{OLD}")
    assert rotate_keys(both, MORNING).left == 2
    assert find_line(both, vault_of(both), NUMBER) is not None


def test_a_support_file_is_still_found_by_its_number(session: Session, cast: Cast, open_with: OpenWith) -> None:
    patient_id = patient_of(session, supported(session, cast))
    with writing(session) as tx:
        vault = vault_of(tx)
        tx.execute(insert(PhoneNumber).values(phone_row(vault, SUPPORT, patient_id, new_ref(), NUMBER, MORNING)))
        keys = search_rows(vault, SUPPORT, patient_id, full_name="", phone=NUMBER)
        tx.execute(insert(SearchKey), [key for key in keys if key["kind"] == "phone"])
    assert found_by_number(session) == [patient_id]
    assert rotate_keys(open_with(f"{NEW},{OLD}"), MORNING).left == 0
    assert found_by_number(open_with(NEW)) == [patient_id]


def found_by_number(session: Session) -> list[int]:
    has_it = has_keys(vault_of(session), SUPPORT, SupportFile.patient_id, "phone", NUMBER)
    return list(session.scalars(select(SupportFile.patient_id).where(has_it)))
