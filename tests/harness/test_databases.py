"""The ground that all other tests stand on: fresh, migrated, encrypted, silent databases."""

from pathlib import Path

import psycopg
import pytest
from sqlalchemy import inspect, make_url
from sqlalchemy.orm import Session

from counseling.models import Base
from tests.support.postgres import OWNER, Cluster


def test_a_fresh_database_has_every_table(session: Session) -> None:
    found = set(inspect(session.connection()).get_table_names())
    assert set(Base.metadata.tables) <= found


@pytest.mark.parametrize("turn", ["first", "second"])
def test_no_row_of_one_test_reaches_another(session: Session, turn: str) -> None:
    connection = session.connection()
    assert "left_behind" not in inspect(connection).get_table_names()
    connection.exec_driver_sql("CREATE TABLE left_behind (id integer)")
    connection.commit()


def test_the_sqlite_file_is_not_readable_without_its_key(sqlite_url: str) -> None:
    path = make_url(sqlite_url).database
    assert path is not None
    assert not Path(path).read_bytes().startswith(b"SQLite format 3")


def test_postgresql_does_not_write_the_key_of_a_refused_row_into_its_log(postgres: Cluster) -> None:
    written = postgres.written_from_now()
    postgres.create_database("refusing")
    with psycopg.connect(host=str(postgres.folder), user=OWNER, dbname="refusing", autocommit=True) as connection:
        connection.execute("CREATE TABLE doses (patient integer CONSTRAINT one_dose PRIMARY KEY)")
        connection.execute("INSERT INTO doses VALUES (8675309)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO doses VALUES (8675309)")
    postgres.drop_database("refusing")
    log = written()
    assert "one_dose" in log  # the server did refuse and did log
    assert "8675309" not in log


def test_the_tests_user_is_no_superuser(postgres: Cluster) -> None:
    with psycopg.connect(host=str(postgres.folder), user=OWNER, dbname="postgres") as connection:
        assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)
