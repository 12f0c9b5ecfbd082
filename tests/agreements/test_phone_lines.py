"""A number has one line, whoever names it and under whichever key."""

from __future__ import annotations

import threading

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.models.patients import SearchKey
from counseling.models.texts import PhoneLine
from counseling.services.phone_lines import ensure_line, find_line, open_line_number
from tests.support.cast import Cast
from tests.support.files import registered

NUMBER = "+84912345678"


def line(session: Session, number: str = NUMBER) -> int:
    with writing(session) as tx:
        return ensure_line(tx, vault_of(tx), number)


def test_a_number_has_one_line_and_its_number_can_be_read_again(session: Session) -> None:
    first = line(session)
    assert line(session) == first
    assert line(session, "+84987654321") != first
    assert find_line(session, vault_of(session), NUMBER) == first
    row = session.get_one(PhoneLine, first)
    assert open_line_number(vault_of(session), row.ref, row.number) == NUMBER
    assert NUMBER[3:].encode() not in row.number + row.token
    assert row.opted_out_at is None


def test_a_number_that_we_never_met_has_none(session: Session) -> None:
    assert find_line(session, vault_of(session), NUMBER) is None


def test_a_line_cannot_be_joined_with_a_files_search_keys(session: Session, cast: Cast) -> None:
    registered(session, cast, phone=NUMBER)
    line(session)
    tokens = set(session.scalars(select(SearchKey.token)))
    assert session.execute(select(PhoneLine.token)).scalar_one() not in tokens


def test_two_who_need_a_line_at_the_same_moment_get_the_same(session: Session) -> None:
    lines: list[int] = []

    def ask() -> None:
        with Session(session.get_bind()) as own:
            lines.append(line(own))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines) == 4
    assert len(set(lines)) == 1
    assert session.execute(select(func.count()).select_from(PhoneLine)).scalar_one() == 1
