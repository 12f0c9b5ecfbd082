"""What a new order does to the orders, tasks and audit that stand there; and stopping one."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.database import vault_of
from counseling.domain.orders import Phase
from counseling.domain.refusal import Refusal
from counseling.models.orders import OrderPart
from counseling.queries.orders import list_orders, order_on
from counseling.refs import new_request_key
from counseling.services.adherence import lock_summary
from tests.support.cast import Cast
from tests.support.orders import A_DAY, how_many_orders, last_entry, order, span, stop, write
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, dose, opened, somebody


def test_an_order_that_runs_ends_on_the_day_before_the_new_one(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    old = write(session, cast, person)
    new = write(session, cast, person, starts_on=TODAY + 3 * A_DAY, parts_tenths=(700,))
    assert span(session, old) == (TODAY, TODAY + 2 * A_DAY)
    assert order(session, old).stopped_by_id == cast.staff["doctor"]
    assert order(session, old).stopped_at == MORNING
    days = [order_on(session, person.id, TODAY + n * A_DAY) for n in (-1, 0, 2, 3, 32, 33)]
    assert [row and row.id for row in days] == [None, old, old, new, new, None]


def test_an_order_of_the_same_day_leaves_the_old_one_empty(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    old = write(session, cast, person)
    new = write(session, cast, person, parts_tenths=(700,))
    assert span(session, old) == (TODAY, TODAY - A_DAY)
    assert [(row.id, row.never_ran) for row in list_orders(session, person.id)] == [(new, False), (old, True)]


def test_an_order_written_ahead_gives_way_to_one_that_starts_earlier(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    ahead = write(session, cast, person, starts_on=TODAY + 5 * A_DAY)
    new = write(session, cast, person)
    assert span(session, ahead) == (TODAY + 5 * A_DAY, TODAY + 4 * A_DAY)
    assert span(session, new) == (TODAY, TODAY + 29 * A_DAY)


def test_orders_that_do_not_meet_stay_as_they_are(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    first = write(session, cast, person, ends_on=TODAY + 4 * A_DAY)
    second = write(session, cast, person, starts_on=TODAY + 5 * A_DAY, ends_on=TODAY + 9 * A_DAY)
    third = write(session, cast, person, starts_on=TODAY + 10 * A_DAY)
    assert [order(session, n).stopped_at for n in (first, second, third)] == [None, None, None]


def test_parts_are_kept_in_their_order(session: Session, cast: Cast) -> None:
    new = write(session, cast, somebody(session, cast), parts_tenths=(405, 200))
    rows = session.execute(select(OrderPart.part, OrderPart.mg_tenths).where(OrderPart.order_id == new)).all()
    assert sorted(rows) == [(1, 405), (2, 200)]


def test_a_form_sent_twice_gives_the_first_order(session: Session, cast: Cast) -> None:
    person, key = somebody(session, cast), new_request_key()
    first = write(session, cast, person, request_key=key, latest_seen=0)
    again = write(session, cast, person, request_key=key, latest_seen=0, parts_tenths=(900,))
    assert (again, how_many_orders(session)) == (first, 1)


def test_a_key_of_another_persons_form_gives_nothing(session: Session, cast: Cast) -> None:
    key = new_request_key()
    write(session, cast, somebody(session, cast), request_key=key)
    with pytest.raises(Refusal, match="request_key_taken"):
        write(session, cast, somebody(session, cast), request_key=key)


def test_the_note_is_sealed_and_the_audit_tells_neither_note_nor_dose(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    new = write(session, cast, person, note="đau lưng nhiều", parts_tenths=(605,))
    stored = order(session, new)
    assert stored.note is not None and "đau".encode() not in stored.note
    assert vault_of(session).open("dose_orders.note", stored.request_key, stored.note) == "đau lưng nhiều"
    assert list_orders(session, person.id)[0].note == "đau lưng nhiều"
    entry = last_entry(session, "order.written")
    details = json.loads(entry.details)
    assert (entry.subject, details["patient"], details["restart"]) == (f"order:{new}", person.id, False)
    assert "605" not in entry.details.replace(details["content"], "") and "lưng" not in entry.details


def test_two_equal_orders_have_one_digest_and_other_ones_another(session: Session, cast: Cast) -> None:
    digests = []
    for parts in ((600,), (600,), (300, 300)):
        write(session, cast, somebody(session, cast), parts_tenths=parts)
        digests.append(json.loads(last_entry(session, "order.written").details)["content"])
    assert digests[0] == digests[1] != digests[2]


def test_a_new_order_changes_no_day_that_was(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    running = write(session, cast, person)
    opened(session, cast)
    dose(session, cast, person, running)
    before = lock_summary(session, person.id)
    write(session, cast, person, starts_on=TODAY + A_DAY, parts_tenths=(300, 300))
    assert lock_summary(session, person.id) == before


def test_a_stopped_order_ended_yesterday(session: Session, cast: Cast) -> None:
    person = somebody(session, cast, elsewhere_until=TODAY - 3 * A_DAY)
    running = write(session, cast, person, starts_on=TODAY - 2 * A_DAY, today=TODAY - 2 * A_DAY)
    stop(session, cast, person, running)
    assert span(session, running) == (TODAY - 2 * A_DAY, TODAY - A_DAY)
    assert order_on(session, person.id, TODAY) is None
    assert json.loads(last_entry(session, "order.stopped").details)["reason"] == "medical"


def test_an_order_whose_dose_of_today_was_given_ends_today(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    running = write(session, cast, person)
    opened(session, cast)
    dose(session, cast, person, running)
    stop(session, cast, person, running)
    assert span(session, running) == (TODAY, TODAY)


def test_an_order_stopped_on_its_first_day_or_before_never_ran(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    today = write(session, cast, person, ends_on=TODAY + A_DAY)
    ahead = write(session, cast, person, starts_on=TODAY + 5 * A_DAY)
    stop(session, cast, person, today)
    stop(session, cast, person, ahead)
    assert span(session, today) == (TODAY, TODAY - A_DAY)
    assert span(session, ahead) == (TODAY + 5 * A_DAY, TODAY + 4 * A_DAY)
    assert write(session, cast, person)


def test_stopping_twice_changes_nothing_more(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    running = write(session, cast, person)
    stop(session, cast, person, running)
    entry = last_entry(session, "order.stopped").id
    stop(session, cast, person, running, today=TODAY + A_DAY)
    assert span(session, running) == (TODAY, TODAY - A_DAY)
    assert last_entry(session, "order.stopped").id == entry


def test_another_persons_order_is_not_stopped(session: Session, cast: Cast) -> None:
    person, other = somebody(session, cast), somebody(session, cast)
    theirs = write(session, cast, other, phase=Phase.ADJUSTMENT)
    with pytest.raises(Refusal, match="order_not_for_this_person"):
        stop(session, cast, person, theirs)
    assert span(session, theirs) == (TODAY, TODAY + 29 * A_DAY)
