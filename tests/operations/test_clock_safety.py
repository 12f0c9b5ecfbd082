"""A clock that is behind what is recorded would put doses onto a wrong day, so nobody is served."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from counseling import clock, create_app
from counseling.database import db, writing
from counseling.queries.latest_instant import latest_instant
from counseling.services import audit
from tests.support.settings import MORNING, config_for


def record_at(session: Session, instant: datetime) -> None:
    with writing(session) as tx:
        audit.append(tx, "house", "test", "tested", "nobody", {}, instant)


@pytest.mark.parametrize(("behind", "code"), [(timedelta(seconds=119), 200), (timedelta(seconds=140), 503)])
def test_readiness_ends_where_the_clock_is_two_minutes_behind(
    client: FlaskClient,
    session: Session,
    start_clock_at: Callable[[datetime], None],
    behind: timedelta,
    code: int,
) -> None:
    record_at(session, MORNING)
    start_clock_at(MORNING - behind)
    answer = client.get("/readyz", base_url="https://localhost")
    assert answer.status_code == code
    assert answer.get_json()["problems"] == ([] if code == 200 else ["clock_behind"])


def test_serving_is_refused_in_one_sentence(
    app: Flask, session: Session, start_clock_at: Callable[[datetime], None]
) -> None:
    record_at(session, MORNING)
    start_clock_at(MORNING - timedelta(hours=1))
    result = app.test_cli_runner().invoke(args=["serve"])
    assert result.exit_code == 1
    assert result.output.count("\n") == 1
    assert "clock" in result.output


def test_an_empty_database_has_no_newest_record(session: Session) -> None:
    assert latest_instant(session) is None


def test_the_newest_record_need_not_be_the_last_row(session: Session) -> None:
    record_at(session, MORNING)
    record_at(session, MORNING - timedelta(seconds=30))  # a batch of page views comes later than its pages
    assert latest_instant(session) == MORNING


@pytest.mark.parametrize(
    ("last_row", "starts"), [(None, "setting"), (-timedelta(days=3), "setting"), (timedelta(days=3), "row")]
)
def test_the_demo_counts_from_its_setting_or_from_the_last_row_if_that_is_later(
    sqlite_url: str,
    tmp_path: Path,
    session_of: Callable[[Flask], Session],
    start_clock_at: Callable[[datetime], None],
    last_row: timedelta | None,
    starts: str,
) -> None:
    config = config_for(sqlite_url, tmp_path / "instance", DEMO="1", DEMO_NOW=MORNING.isoformat())
    if last_row is not None:
        record_at(session_of(create_app(config)), MORNING + last_row)
    create_app(config)
    expected = MORNING + (last_row or timedelta()) if starts == "row" else MORNING
    assert timedelta() <= clock.utc_now() - expected < timedelta(minutes=1)


def test_a_demo_without_the_setting_does_not_go_back_behind_its_last_row(
    sqlite_url: str,
    tmp_path: Path,
    session_of: Callable[[Flask], Session],
    start_clock_at: Callable[[datetime], None],
) -> None:
    config = config_for(sqlite_url, tmp_path / "instance", DEMO="1")
    ahead = clock.utc_now() + timedelta(days=30)
    record_at(session_of(create_app(config)), ahead)
    create_app(config)
    assert clock.utc_now() >= ahead


def test_a_demo_without_tables_starts_all_the_same(tmp_path: Path, start_clock_at: Callable[[datetime], None]) -> None:
    config = config_for(
        f"sqlite:///{tmp_path / 'none.db'}", tmp_path / "instance", DEMO="1", DEMO_NOW=MORNING.isoformat()
    )
    create_app(config)
    assert clock.utc_now() - MORNING < timedelta(minutes=1)


@pytest.fixture
def session_of() -> Callable[[Flask], Session]:
    def open_session(app: Flask) -> Session:
        with app.app_context():
            return Session(db.engine)

    return open_session
