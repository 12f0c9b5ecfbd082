"""`writing()`: the one door to a change, which nobody finds locked and nobody walks around."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, insert, select, update
from sqlalchemy.orm import Session

from counseling import create_app, database
from counseling.database import db, writing
from counseling.models.places import Area
from tests.support.settings import config_for

THREADS, TURNS = 8, 25


def an_area(code: str) -> Area:
    return Area(code=code, kind="drawn", name="Khu vực mẫu")


def test_eight_people_who_read_and_then_write_never_find_the_database_locked(session: Session) -> None:
    """As signed-in requests do: a read opens a transaction, and the write follows in the same session."""
    errors: list[BaseException] = []
    together = threading.Barrier(THREADS)

    def work(person: int) -> None:
        try:
            with Session(session.get_bind()) as own:
                together.wait(timeout=30)
                for turn in range(TURNS):
                    own.execute(select(func.count()).select_from(Area)).scalar_one()
                    with writing(own) as tx:
                        tx.execute(insert(Area).values(code=f"{person}-{turn}", kind="drawn", name="Khu vực mẫu"))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(person,)) for person in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert session.scalar(select(func.count()).select_from(Area)) == THREADS * TURNS


def test_it_does_not_nest(session: Session) -> None:
    with pytest.raises(RuntimeError, match="does not nest"), writing(session), writing(session):
        pass
    with writing(session) as tx:  # and the lock is free again
        tx.add(an_area("A"))


def test_an_error_inside_undoes_everything_and_gives_the_lock_back(session: Session) -> None:
    with pytest.raises(ZeroDivisionError), writing(session) as tx:
        tx.add(an_area("A"))
        tx.flush()
        raise ZeroDivisionError
    assert session.scalar(select(func.count()).select_from(Area)) == 0
    with writing(session) as tx:
        tx.add(an_area("A"))
    assert session.scalar(select(func.count()).select_from(Area)) == 1


def test_a_change_outside_is_refused_whichever_way_it_takes(session: Session) -> None:
    session.add(an_area("A"))
    with pytest.raises(RuntimeError, match="outside writing"):
        session.flush()
    session.rollback()
    for statement in (insert(Area).values(code="A", kind="drawn", name="x"), update(Area).values(name="x")):
        with pytest.raises(RuntimeError, match="outside writing"):
            session.execute(statement)
    with pytest.raises(RuntimeError, match="outside writing"):
        session.execute(insert(Area.__table__).values(code="A", kind="drawn", name="x"))  # type: ignore[arg-type]
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Area)) == 0


def test_what_is_read_inside_is_what_others_have_committed(session: Session) -> None:
    """A read before it may be old; inside nobody's change is missed."""
    assert session.scalar(select(func.count()).select_from(Area)) == 0
    with Session(session.get_bind()) as other, writing(other) as tx:
        tx.add(an_area("A"))
    with writing(session) as tx:
        assert tx.scalar(select(func.count()).select_from(Area)) == 1


def test_connections_that_died_while_they_rested_are_not_met(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database server was started again overnight; nobody's first page in the morning is an error."""
    monkeypatch.setattr(database, "ASKED_AFTER_SECONDS", 0)
    app = create_app(config_for(postgresql_url, tmp_path / "instance"))
    with app.app_context():
        engine = db.engine
        with Session(engine) as session:
            resting = session.scalar(select(func.pg_backend_pid()))
        with create_engine(postgresql_url).connect() as killer:
            killer.execute(select(func.pg_terminate_backend(resting)))
        with Session(engine) as session:
            assert session.scalar(select(func.pg_backend_pid())) != resting
        engine.dispose()
