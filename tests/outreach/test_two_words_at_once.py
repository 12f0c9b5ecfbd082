"""Two phones and one tap that was sent twice: words about one person come in turn."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.database import db
from counseling.domain.contacts import latest_of
from counseling.domain.refusal import Refusal
from counseling.models.contacts import OutreachContact
from counseling.queries.contacts import list_entries
from counseling.refs import new_request_key
from tests.outreach.story import LATER, asked, how_many, log, someone, summary, task_state, undo
from tests.support.cast import Cast

PHONES = 4


def at_once(app: Flask, act: Callable[[Session, int], str]) -> list[str]:
    """Everybody does it at the same moment, each in a session of their own; what came of it, or the refusal's code."""
    with app.app_context():
        engine = db.engine
    gate = Barrier(PHONES)

    def one(number: int) -> str:
        with Session(engine, expire_on_commit=False) as own:
            gate.wait(timeout=30)
            try:
                return act(own, number)
            except Refusal as refusal:
                return refusal.code

    with ThreadPoolExecutor(PHONES) as pool:
        return list(pool.map(one, range(PHONES)))


def test_one_form_sent_four_times_at_once_is_one_contact(app: Flask, session: Session, cast: Cast) -> None:
    person, key = someone(session, cast), new_request_key()
    task_id = asked(session, person)
    session.rollback()
    found = at_once(app, lambda own, _: log(own, cast, person, key=key))
    assert len(set(found)) == how_many(session) == 1
    assert task_state(session, task_id) == (False, "met_well")


def test_four_contacts_at_once_close_a_task_once_and_the_summary_is_right(
    app: Flask, session: Session, cast: Cast
) -> None:
    person = someone(session, cast)
    asked(session, person)
    session.rollback()
    outcomes = ("met_well", "not_met", "met_needs_help", "not_met")
    at_once(app, lambda own, n: log(own, cast, person, outcomes[n], now=LATER + timedelta(microseconds=n)))
    session.rollback()
    answered = session.execute(select(OutreachContact.task_id).where(OutreachContact.task_id.is_not(None))).all()
    assert (how_many(session), len(answered)) == (PHONES, 1)
    latest = latest_of(list_entries(session, person.id))
    assert latest is not None
    assert summary(session, person) == (latest.contact_on, latest.outcome)


def test_an_entry_is_taken_back_once_however_many_windows_try(app: Flask, session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    ref = log(session, cast, person)

    def take_back(own: Session, _: int) -> str:
        undo(own, cast, person, ref)
        return "undone"

    assert sorted(at_once(app, take_back)) == ["entry_replaced"] * (PHONES - 1) + ["undone"]
    assert how_many(session) == 2
    assert summary(session, person) == (None, None)
