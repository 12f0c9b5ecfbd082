"""Words of texts are kept for 90 days; then they go, both ways, in batches that say so, and nothing else goes."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from counseling.clock import station_day
from counseling.config import VIETNAM
from counseling.database import writing
from counseling.domain.refusal import Refusal
from counseling.jobs import tick
from counseling.models.audit import AuditEntry
from counseling.models.places import Site
from counseling.models.text_keeping import TextBlanking
from counseling.models.texts import InboundMessage, OutboundMessage
from counseling.queries.text_keeping import find_text_settings, list_blanked
from counseling.services import text_blanking
from counseling.services.inbound import read_inbound, store_inbound
from counseling.services.text_blanking import blank_old_bodies
from counseling.services.text_settings import set_text_settings
from counseling.services.worker_beats import beat
from tests.replies.story import texted
from tests.support.cast import Cast
from tests.support.outbox import EIGHT, a_line, clock_runs, queued
from tests.support.races import at_the_same_second

A_DAY = timedelta(days=1)


def kept(session: Session) -> tuple[list[bool], list[bool]]:
    """Whether each text still has its words: ours, theirs."""
    session.rollback()
    ours, theirs = (
        [body is not None for body in session.execute(select(table.body).order_by(table.id)).scalars()]
        for table in (OutboundMessage, InboundMessage)
    )
    session.rollback()
    return ours, theirs


def columns(session: Session) -> list[dict[str, object]]:
    session.rollback()
    rows = [dict(row) for table in (OutboundMessage, InboundMessage) for row in session.execute(
        select(table.__table__)).mappings()]  # fmt: skip
    session.rollback()
    return [{name: value for name, value in row.items() if name != "body"} for row in rows]


def went(session: Session, *, now: datetime = EIGHT) -> None:
    """A text that has come to its end."""
    message_id = queued(session, a_line(session), now=now)
    with writing(session) as tx:
        tx.execute(update(OutboundMessage).where(OutboundMessage.id == message_id).values(state="delivered"))


def handle(session: Session) -> None:
    """Somebody of the site has looked at everything that came in."""
    with writing(session) as tx:
        tx.execute(update(InboundMessage).where(InboundMessage.handled_at.is_(None)).values(handled_at=EIGHT))


def blanked(session: Session, now: datetime) -> int:
    clock_runs(session, now)
    done = blank_old_bodies(session, now)
    session.rollback()
    return done


def test_after_ninety_days_the_words_go_and_nothing_else(session: Session, cast: Cast) -> None:
    went(session)
    went(session, now=EIGHT + A_DAY)
    texted(session, "em khỏe")
    handle(session)
    before, now = columns(session), EIGHT + 90 * A_DAY
    assert blanked(session, now) == 0, "not a minute earlier"
    assert blanked(session, now + timedelta(minutes=1)) == 1
    assert kept(session) == ([False, True], [True])
    assert blanked(session, now + A_DAY) == 1
    assert blanked(session, now + 2 * A_DAY) == 1
    assert kept(session) == ([False, False], [False])
    assert columns(session) == before
    assert blanked(session, now + 9 * A_DAY) == 0


def test_what_was_done_is_said_day_by_day_and_in_the_audit(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_blanking, "BATCH", 2)
    for _ in range(5):
        went(session)
    texted(session, "em khỏe")
    handle(session)
    now = EIGHT + 91 * A_DAY
    assert blanked(session, now) == 6
    found = list_blanked(session, now, lambda at: station_day(at, VIETNAM))
    assert [(row.texts_out, row.texts_in, row.kept_days) for row in found] == [(5, 1, 90)]
    entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "texts.blanked")).all()
    assert len(entries) == 3 and {entry.chain for entry in entries} == {"house"}
    session.rollback()
    with pytest.raises(DBAPIError, match="text_blankings_never_deleted"), writing(session) as tx:
        tx.execute(delete(TextBlanking))


def test_one_run_takes_no_more_than_its_batches(session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_blanking, "BATCH", 1)
    for _ in range(6):
        went(session)
    assert [blanked(session, EIGHT + 91 * A_DAY) for _ in range(3)] == [4, 2, 0]


def test_two_runs_at_the_same_second_count_each_text_once(session: Session, cast: Cast) -> None:
    for _ in range(8):
        went(session)
    now = EIGHT + 91 * A_DAY
    clock_runs(session, now)
    at_the_same_second(session.get_bind(), *[lambda own: blank_old_bodies(own, now)] * 2)  # type: ignore[arg-type]  # an engine
    assert sum(session.execute(select(TextBlanking.texts_out)).scalars()) == 8
    assert not any(kept(session)[0])


def test_a_text_that_nobody_has_read_yet_keeps_its_words(session: Session, cast: Cast) -> None:
    """Read by the program, that is. And a provider's clock says nothing about when it came."""
    future = EIGHT + 400 * A_DAY
    store_inbound(session, gateway="fake", event_key="1", number="+84912000111", body="alo", received_at=future)
    assert blanked(session, EIGHT + 200 * A_DAY) == 0
    read_inbound(session, EIGHT + 200 * A_DAY, VIETNAM, random.Random(1))
    handle(session)
    assert blanked(session, EIGHT + 291 * A_DAY) == 1


def test_a_text_that_is_still_to_go_keeps_its_words(session: Session, cast: Cast) -> None:
    queued(session, a_line(session))
    assert blanked(session, EIGHT + 400 * A_DAY) == 0
    assert kept(session) == ([True], [])


def test_what_no_person_has_looked_at_keeps_its_words(session: Session, cast: Cast) -> None:
    """The list of words of danger has holes: what nobody has read may be a cry for help."""
    texted(session, "em muốn chết")
    assert blanked(session, EIGHT + 400 * A_DAY) == 0
    handle(session)
    assert blanked(session, EIGHT + 401 * A_DAY) == 1


def test_nor_does_a_strangers_text_lose_them_where_no_point_counsels(session: Session, cast: Cast) -> None:
    with writing(session) as tx:
        tx.execute(update(Site).values(counsels=False))
    texted(session, "alo", number="+84912000333")
    with writing(session) as tx:  # as it stands where there was no site when it was read
        tx.execute(update(InboundMessage).values(side=None, site_id=None))
    assert blanked(session, EIGHT + 400 * A_DAY) == 0
    handle(session)
    assert blanked(session, EIGHT + 401 * A_DAY) == 1


def ticks(session: Session, since: datetime, for_: timedelta, *, every: timedelta = timedelta(hours=6)) -> int:
    """The work as it runs by a clock for a time; gives how many texts lost their words."""
    now, done = since, 0
    while now <= since + for_:
        done += blank_old_bodies(session, now)
        beat(session, now)
        now += every
    return done


def test_a_clock_that_jumps_ahead_erases_nothing(session: Session, cast: Cast) -> None:
    ticks(session, EIGHT - 5 * A_DAY, 5 * A_DAY)
    went(session)
    ahead = EIGHT + 400 * A_DAY
    assert ticks(session, ahead, 2 * A_DAY) == 0, "not at the first tick, and not after a weekend"
    assert ticks(session, EIGHT + A_DAY, 10 * A_DAY) == 0, "it was put right"
    assert kept(session) == ([True], [])
    assert ticks(session, EIGHT + 11 * A_DAY, 80 * A_DAY) == 1, "and the work goes on by the right clock"


def test_a_machine_that_was_off_for_weeks_blanks_in_the_end(session: Session, cast: Cast) -> None:
    ticks(session, EIGHT - 5 * A_DAY, 5 * A_DAY)
    went(session)
    ticks(session, EIGHT, 75 * A_DAY)
    on_again = EIGHT + 96 * A_DAY
    assert ticks(session, on_again, 2 * A_DAY) == 0
    assert ticks(session, on_again + 2 * A_DAY, 2 * A_DAY) == 1


def test_the_tick_does_it_also_where_nothing_is_sent(session: Session, cast: Cast) -> None:
    went(session)
    clock_runs(session, EIGHT + 91 * A_DAY)
    ticked = tick(session, None, EIGHT + 91 * A_DAY, VIETNAM)
    assert ticked.failed == ()
    assert kept(session) == ([False], [])


def test_an_administrator_says_how_long(session: Session, cast: Cast) -> None:
    went(session)
    admin = cast.viewer_of("admin")
    for price, days, code in ((None, 29, "days_not_right"), (None, 366, "days_not_right"), (-1, 90, "price_not_right")):
        with pytest.raises(Refusal, match=code):
            set_text_settings(session, admin, price, days, EIGHT)
    with pytest.raises(Refusal, match="not_administrator"):
        set_text_settings(session, cast.viewer_of("dispenser"), 350, 30, EIGHT)
    set_text_settings(session, admin, 350, 30, EIGHT)
    session.rollback()
    found = find_text_settings(session)
    assert (found.price, found.kept_days) == (350, 30)
    session.rollback()
    assert blanked(session, EIGHT + 31 * A_DAY) == 1
