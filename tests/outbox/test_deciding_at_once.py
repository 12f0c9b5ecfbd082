"""Two of the point, a phone and the clock at the same second: nobody is thrown out, and all of it is done."""

from __future__ import annotations

import threading
import time
import uuid
from functools import partial
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.domain.phone_entries import Said
from counseling.models.tasks import Task
from counseling.refs import new_request_key
from counseling.services import audit, phone_visits
from counseling.services.crises import take_on
from counseling.services.escalation import call_on_duty
from counseling.services.outreach_contacts import NewContact, log_contact, undo_contact
from counseling.services.tasks import settle_waiting
from counseling.services.waiting_visits import dismiss_visit, keep_unlisted, match_visit
from tests.orders.test_races import engine_of
from tests.outbox.story import SAVED, contacts, hand_in, token_of, waiting
from tests.outbox.test_danger_alerts import IN_DANGER, LATER, alerts, on_duty
from tests.outbox.test_whose_visit_it_is import becomes
from tests.outreach.story import ALL_SHOWN, TODAY, asked, log, someone
from tests.outreach.story import LATER as FIRST
from tests.support.cast import TEAM, TEAM2, Cast
from tests.support.files import by
from tests.support.phone import visit
from tests.support.races import at_the_same_second


@pytest.fixture
def database_url(postgresql_url: str) -> str:
    """Whoever writes to SQLite waits for the one before them to end."""
    return postgresql_url


@pytest.mark.parametrize("how", ["match", "dismiss"])
@pytest.mark.parametrize("other", ["takes it on", "is called"])
def test_whoever_decides_while_somebody_is_called_or_takes_it_on_is_not_thrown_out(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch, how: str, other: str
) -> None:
    """The chain is the last lock of whoever takes an alert on or calls about it, and of whoever matches a visit."""
    plain, counselor, who = audit.append, cast.viewer_of("counselor"), by(cast, "counselor")
    person = someone(session, cast)
    on_duty(session, cast)
    hand_in(session, cast, visit(None, said="anh Tám", **IN_DANGER))
    (row,), (alert,) = waiting(session), alerts(session)
    session.rollback()

    def slowly(tx: Any, chain: str, actor: str, action: str, *rest: Any) -> None:
        if action in ("crisis.taken", "crisis.called"):
            time.sleep(0.5)  # as long as it takes the other to come as far as its chain
        plain(tx, chain, actor, action, *rest)

    def decides(own: Session) -> None:
        if how == "match":
            match_visit(own, counselor, row.ref, person.ref, LATER)
        else:
            dismiss_visit(own, counselor, row.ref, "mistake", LATER)

    takes = partial(take_on, alert_id=alert.id, by=who, now=LATER)
    calls = partial(call_on_duty, now=LATER, zone=VIETNAM)
    monkeypatch.setattr(audit, "append", slowly)
    found = at_the_same_second(engine_of(session), decides, takes if other == "takes it on" else calls)
    assert [one for one in found if isinstance(one, DBAPIError)] == []


def test_a_meeting_and_whoever_settles_a_task_do_not_wait_for_each_other(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, counselor = audit.append, cast.viewer_of("counselor")
    people = [someone(session, cast, f"Anh {number}") for number in range(2)]
    for one in people:
        asked(session, one)
    second = sorted(people, key=lambda one: one.ref)[1]
    held, slow = token_of(session, cast), threading.local()
    ordered = [one.ref for one in sorted(people, key=lambda one: one.ref)]
    session.rollback()

    def slowly(tx: Any, chain: str, actor: str, action: str, *rest: Any) -> None:
        if getattr(slow, "is", False):
            time.sleep(0.5)
        plain(tx, chain, actor, action, *rest)

    def settles(own: Session) -> None:
        slow.__dict__["is"] = True
        settle_waiting(own, counselor, second.id, "look_in", shown=ALL_SHOWN, outcome="done", now=LATER)

    def comes(own: Session) -> None:
        time.sleep(0.1)
        hand_in(own, cast, visit(None, people=ordered, task="look_in"), kind="group", held=held)

    monkeypatch.setattr(audit, "append", slowly)
    found = at_the_same_second(engine_of(session), settles, comes)
    assert [one for one in found if isinstance(one, DBAPIError)] == []


def test_whoever_matches_a_visit_that_is_being_taken_back_is_not_thrown_out(session: Session, cast: Cast) -> None:
    """The right person's file is locked; the other one's is written to as well."""
    counselor, volunteer, found = cast.viewer_of("counselor"), cast.viewer_of("volunteer"), []
    for number in range(8):
        wrong, right = someone(session, cast, f"Anh {number}"), someone(session, cast, f"Chị {number}")
        first = str(uuid.uuid4())
        hand_in(session, cast, visit(wrong.ref), id=first)
        made = contacts(session)[-1].ref
        becomes(session, right, team_id=TEAM2)
        hand_in(session, cast, visit(right.ref, corrects=first), kind="correction")
        row = waiting(session)[-1]
        session.rollback()

        def matches(own: Session, ref: str = row.ref, person: Any = right) -> None:
            match_visit(own, counselor, ref, person.ref, LATER)

        def undoes(own: Session, person: Any = wrong, made: str = made) -> None:
            undo_contact(own, volunteer, person.ref, made, request_key=new_request_key(), now=LATER)

        found += at_the_same_second(engine_of(session), matches, undoes)
    assert [one for one in found if isinstance(one, DBAPIError)] == []


def test_a_strangers_form_that_is_sent_twice_at_once_is_one(session: Session, cast: Cast) -> None:
    volunteer, said = cast.viewer_of("volunteer"), Said(outcome="met_well", said="anh Tám")
    session.rollback()
    for _ in range(10):
        key = new_request_key()
        keeps = partial(keep_unlisted, viewer=volunteer, said=said, request_key=key, today=SAVED.date(), now=SAVED)
        assert at_the_same_second(engine_of(session), keeps, keeps) == [None, None]


def test_danger_that_comes_in_while_the_one_before_is_being_settled_calls(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, plain = someone(session, cast), audit.append
    counselor, volunteer = cast.viewer_of("counselor"), cast.viewer_of("volunteer")
    log(session, cast, person, "met_needs_help", danger=("violence",), now=FIRST)
    session.rollback()

    def slowly(tx: Any, chain: str, actor: str, action: str, *rest: Any) -> None:
        plain(tx, chain, actor, action, *rest)
        if action == "contact.logged":
            time.sleep(0.8)  # before it is written down

    def comes(own: Session) -> None:
        contact = NewContact(kind="home", outcome="met_needs_help", danger=("suicide",))
        log_contact(own, volunteer, person.ref, contact, request_key=new_request_key(), today=TODAY, now=LATER)

    def settles(own: Session) -> None:
        time.sleep(0.3)
        settle_waiting(own, counselor, person.id, "danger_sign", shown=FIRST, outcome="done", now=LATER)

    monkeypatch.setattr(audit, "append", slowly)
    found = at_the_same_second(engine_of(session), comes, settles)
    assert found == [None, None]
    session.rollback()
    open_tasks = session.query(Task).filter_by(kind="danger_sign", closed_at=None).count()
    assert open_tasks == 1, "the new one waits"
    assert any(alert.taken_at is None for alert in alerts(session)), "and somebody is called about it"


def test_a_phone_that_corrects_whose_visit_it_was_and_a_match_do_not_wait_for_each_other(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = sorted((someone(session, cast, f"Anh {number}") for number in range(2)), key=lambda one: one.ref)
    low, high = people
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    hand_in(session, cast, visit(low.ref), id=first)
    hand_in(session, cast, visit(high.ref), id=second)
    becomes(session, high, team_id=TEAM2)
    hand_in(session, cast, visit(high.ref, corrects=first), kind="correction")
    becomes(session, high, team_id=TEAM)
    row, held, counselor = waiting(session)[-1], token_of(session, cast), cast.viewer_of("counselor")
    plain = phone_visits.lock_file
    session.rollback()

    def slowly(tx: Any, viewer: Any, ref: str) -> Any:
        found = plain(tx, viewer, ref)
        time.sleep(0.6)
        return found

    def corrects(own: Session) -> None:
        hand_in(own, cast, visit(low.ref, corrects=second), kind="correction", held=held)

    def matches(own: Session) -> None:
        time.sleep(0.3)
        match_visit(own, counselor, row.ref, high.ref, LATER)

    monkeypatch.setattr(phone_visits, "lock_file", slowly)
    found = at_the_same_second(engine_of(session), corrects, matches)
    assert [one for one in found if isinstance(one, DBAPIError)] == []
