"""Canaries are seeded, errors of every kind provoked, and all that was logged is read: not one of them stands there."""

import io
import logging
import re
import sys
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from gunicorn.config import Config as GunicornConfig
from gunicorn.glogging import Logger
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from counseling import background, logs
from counseling.database import writing
from counseling.models.doses import DayDose
from counseling.permissions import public
from counseling.refs import new_request_key
from tests.support.cast import DONG_KINH, Cast
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, dose, opened, ordered, somebody

NAME, CODE, TENTHS = "Hoàng Thị Chim Yến", "CANARY-8675309", 1234


def test_work_in_the_background_fails_without_a_traceback(app: Flask, stderr: io.StringIO) -> None:
    def breaks(_: Session) -> None:
        raise ValueError(f"{NAME} {CODE}")

    background.start(app, "breaking", breaks).join()
    assert "background work failed" in stderr.getvalue()
    assert "ValueError" in stderr.getvalue()
    assert not any(canary in stderr.getvalue() for canary in (NAME, CODE, "Traceback"))


@pytest.fixture
def stderr(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """All that the application and its libraries write to standard error."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logs.set_up("DEBUG")
    yield stream
    monkeypatch.undo()
    logs.set_up("INFO")


@pytest.fixture
def gunicorn(stderr: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Logger]]:
    """Has it set up its logs in its own way: with handlers of their own, and nothing goes further up."""
    loggers = [logging.getLogger(name) for name in ("gunicorn.error", "gunicorn.access")]
    before = [(log.propagate, log.level, log.handlers[:]) for log in loggers]

    def set_up() -> Logger:
        monkeypatch.setattr(sys, "stderr", stderr)  # between a fixture and its test pytest puts its own there
        return Logger(GunicornConfig())

    yield set_up
    for log, (log.propagate, level, log.handlers) in zip(loggers, before, strict=True):
        log.setLevel(level)


@pytest.mark.parametrize("order", ["the application first", "gunicorn first", "and gunicorn anew"])
def test_gunicorns_own_log_tells_no_more_than_which_kind_of_error(
    stderr: io.StringIO, gunicorn: Callable[[], Logger], order: str
) -> None:
    if order != "the application first":
        logging.getLogger("gunicorn.error").filters.clear()
    log = gunicorn()
    if order != "the application first":
        logs.set_up("DEBUG")
    if order == "and gunicorn anew":
        log.setup(GunicornConfig())
    try:
        raise ValueError(CODE) from KeyError(NAME)
    except ValueError:
        log.exception("Error handling request %s", f"/patients/{CODE}")
    log.warning("Invalid request from ip=%s: %s", "10.0.0.7", NAME)
    assert "[ERROR] ValueError" in stderr.getvalue()
    assert "[WARNING] gunicorn.error" in stderr.getvalue()
    assert not any(canary in stderr.getvalue() for canary in (NAME, CODE, "10.0.0.7", "Traceback"))


def test_no_log_tells_who_somebody_is(
    app: Flask,
    session: Session,
    cast: Cast,
    stderr: io.StringIO,
    gunicorn: Callable[[], Logger],
    postgresql_wrote: Callable[[], str],
) -> None:
    gunicorn()
    opened(session, cast)
    person = somebody(session, cast, name=NAME, code=CODE)
    order = ordered(session, cast, person, TENTHS)
    dose(session, cast, person, order)
    again = {
        "patient_id": person.id,
        "dose_on": TODAY,
        "part": 1,
        "kind": "observed",
        "order_id": order,
        "mg_tenths": TENTHS,
        "site_id": DONG_KINH,
        "recorded_by_id": 1,
        "recorded_at": MORNING,
        "request_key": new_request_key(),
    }
    with pytest.raises(IntegrityError) as refused, writing(session) as tx:
        tx.execute(insert(DayDose).values(**again))
    with pytest.raises(DBAPIError) as nonsense:
        session.execute(text("SELECT nothing FROM nowhere WHERE name = :name"), {"name": NAME})
    session.rollback()

    @public
    def breaks() -> str:
        raise ValueError(f"{NAME} {CODE} {TENTHS}")

    app.add_url_rule("/breaks", "breaks", breaks)
    answer = app.test_client().get("/breaks", base_url="https://localhost")
    assert answer.status_code == 500
    for library in ("sqlalchemy.pool", "waitress", "werkzeug", "alembic", "gunicorn.error"):
        try:
            raise RuntimeError(f"{NAME} {CODE}") from refused.value
        except RuntimeError:
            logging.getLogger(library).exception("%s at %s", NAME, CODE, exc_info=sys.exc_info())
    err = stderr.getvalue()
    said = err + str(refused.value) + str(nonsense.value) + answer.text
    numbers_of_processes, wrote = r"\[\d+\]|PID \d+", postgresql_wrote()
    assert ("duplicate key" in wrote) is (session.get_bind().dialect.name == "postgresql")
    said += re.sub(numbers_of_processes, "", wrote)
    assert "unforeseen error" in err  # it was logged …
    assert "waitress RuntimeError" in err
    assert "[ERROR] RuntimeError" in err  # gunicorn's
    for canary in (NAME, "Chim", "Yến", CODE, "8675309", str(TENTHS), person.ref):
        assert canary not in said  # … without telling
