"""A number has one line, whoever names it and under whichever key."""

from __future__ import annotations

import threading

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.models.patients import SearchKey
from counseling.models.texts import PhoneLine
from counseling.services.phone_lines import ensure_line, ensure_lines, find_line, open_line_number
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


def test_a_burst_has_a_line_for_each_number_known_or_new(session: Session) -> None:
    numbers = [f"+8491234560{last}" for last in range(4)]
    known = line(session, numbers[2])
    with writing(session) as tx:
        lines = ensure_lines(tx, vault_of(tx), [*numbers, numbers[0]])
        assert ensure_lines(tx, vault_of(tx), numbers) == lines
    assert lines[numbers[2]] == known
    assert len(set(lines.values())) == len(lines) == 4
    for number, line_id in lines.items():
        row = session.get_one(PhoneLine, line_id)
        assert open_line_number(vault_of(session), row.ref, row.number) == number


def test_two_bursts_that_name_the_same_numbers_in_other_orders_get_the_same_lines(session: Session) -> None:
    numbers, found = [f"+8491234561{last}" for last in range(8)], list[dict[str, int]]()

    def keep(some: list[str]) -> None:
        with Session(session.get_bind()) as own, writing(own) as tx:
            found.append(ensure_lines(tx, vault_of(tx), some))

    threads = [threading.Thread(target=keep, args=(some,)) for some in (numbers, numbers[::-1]) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert all(lines == found[0] for lines in found)
    assert session.scalar(select(func.count(PhoneLine.id))) == 8
