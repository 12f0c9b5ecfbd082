"""What still lies on phones is shown to the point and the area until it has come, whatever has ended meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.phone_entries import OLDEST_VISIT, TOKEN_LASTS
from counseling.models.phone_entries import PhoneToken
from counseling.queries.phones import TeamPhone, list_quiet_phones
from counseling.services.phone_entries import Report
from counseling.services.phone_tokens import Held, revoke_own
from counseling.services.restored import make_current
from counseling.services.staff_accounts import disable_staff, enable_staff
from counseling.services.staff_roles import end_role
from tests.outbox.story import ARRIVAL, SAVED, hand_in, token_of
from tests.outbox.test_pages import at, noon, words
from tests.outreach.story import someone
from tests.support.cast import Cast
from tests.support.phone import visit
from tests.support.settings import MORNING

__all__ = ["noon"]
DAY = timedelta(days=1)
RUN_OUT = MORNING + TOKEN_LASTS
# How little a phone may hold that is worth a word.
THREE = Report(sent_at=ARRIVAL, waiting=3, waiting_since=SAVED - DAY)
NOTHING = Report(sent_at=ARRIVAL, waiting=0)


def told(session: Session, cast: Cast, report: Report, held: Held | None = None, *, now: datetime = ARRIVAL) -> None:
    """The phone hands in one entry and says what is left on it."""
    hand_in(session, cast, visit(someone(session, cast).ref), held=held, report=report, now=now)


def shown(session: Session, cast: Cast, now: datetime, who: str = "counselor") -> list[TeamPhone]:
    return list_quiet_phones(session, cast.viewer_of(who), now)


def helps(session: Session, cast: Cast, now: datetime) -> list[str | None]:
    return [phone.helps for phone in shown(session, cast, now)]


def run_out(session: Session, now: datetime) -> None:
    with writing(session) as tx:
        tx.execute(update(PhoneToken).values(expires_at=now))


def test_what_lies_on_a_phone_is_shown_after_its_token_has_run_out(session: Session, cast: Cast) -> None:
    told(session, cast, THREE)
    for who in ("counselor", "community"):
        for now, what in ((RUN_OUT - DAY, None), (RUN_OUT, "sign_in"), (ARRIVAL + OLDEST_VISIT, "sign_in")):
            (phone,) = shown(session, cast, now, who)
            assert (phone.waiting, phone.waiting_since, phone.helps) == (3, SAVED - DAY, what), now
    assert shown(session, cast, ARRIVAL + OLDEST_VISIT + DAY) == [], "nobody finds out any more on which day that was"
    assert shown(session, cast, RUN_OUT, "volunteer") == []


def test_of_a_phone_that_held_nothing_nothing_is_shown_when_its_token_has_run_out(session: Session, cast: Cast) -> None:
    told(session, cast, NOTHING)
    assert len(shown(session, cast, RUN_OUT - DAY)) == 1 and shown(session, cast, RUN_OUT) == []


def test_after_a_restore_every_phone_is_there_and_needs_one_sign_in(session: Session, cast: Cast) -> None:
    """Also one of which nobody knows what lies on it: it cannot send either."""
    told(session, cast, THREE)
    token_of(session, cast, "volunteer2")
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    session.rollback()
    with engine.begin() as connection:
        make_current(connection, ARRIVAL)
    (near,) = shown(session, cast, ARRIVAL + 4 * DAY)
    (far,) = list_quiet_phones(session, cast.viewer_of("nurse", 1), ARRIVAL + 4 * DAY)
    assert (near.waiting_since, near.helps) == (SAVED - DAY, "sign_in")
    assert (far.waiting_since, far.quiet_since, far.helps) == (None, MORNING, "sign_in")


def test_a_phones_last_word_counts_whichever_of_its_tokens_has_run_out(session: Session, cast: Cast) -> None:
    told(session, cast, THREE)
    newer = token_of(session, cast)
    assert [phone.waiting for phone in shown(session, cast, ARRIVAL + 3 * DAY)] == [3], "it could send, and has not yet"
    told(session, cast, NOTHING, newer, now=ARRIVAL + DAY)
    assert not [phone for phone in shown(session, cast, RUN_OUT - DAY) if phone.waiting]
    assert shown(session, cast, RUN_OUT) == []


def left_the_team(session: Session, cast: Cast) -> None:
    end_role(session, cast.viewer_of("admin"), cast.roles["volunteer"][0], ARRIVAL)


def account_shut(session: Session, cast: Cast) -> None:
    disable_staff(session, cast.viewer_of("admin"), cast.staff["volunteer"], ARRIVAL)


def shut_and_opened(session: Session, cast: Cast) -> None:
    account_shut(session, cast)
    enable_staff(session, cast.viewer_of("admin"), cast.staff["volunteer"], ARRIVAL)


def signed_out_from_afar(session: Session, cast: Cast) -> None:
    held = token_of(session, cast)
    revoke_own(session, cast.viewer_of("volunteer"), held.id, ARRIVAL)


def left_long_ago(session: Session, cast: Cast) -> None:
    left_the_team(session, cast)
    run_out(session, ARRIVAL)


def left_and_shut(session: Session, cast: Cast) -> None:
    left_the_team(session, cast)
    account_shut(session, cast)


@pytest.mark.parametrize(
    ("meanwhile", "what"),
    [
        (left_the_team, "bring"), (account_shut, "open_account"), (shut_and_opened, "sign_in"),
        (signed_out_from_afar, "sign_in"), (left_long_ago, "by_hand"), (left_and_shut, "by_hand"),
    ],
)  # fmt: skip
def test_what_lies_on_the_phone_of_somebody_who_has_left_is_not_forgotten(
    session: Session, cast: Cast, meanwhile: Callable[[Session, Cast], None], what: str
) -> None:
    told(session, cast, THREE)
    meanwhile(session, cast)
    (phone,) = shown(session, cast, ARRIVAL + 3 * DAY)
    assert (phone.waiting, phone.waiting_since, phone.quiet_since, phone.helps) == (3, SAVED - DAY, None, what)
    assert shown(session, cast, ARRIVAL + OLDEST_VISIT + DAY) == []


@pytest.mark.parametrize("meanwhile", [left_the_team, account_shut, signed_out_from_afar])
def test_whoever_has_left_with_nothing_on_the_phone_is_looked_for_by_nobody(
    session: Session, cast: Cast, meanwhile: Callable[[Session, Cast], None]
) -> None:
    told(session, cast, Report(sent_at=ARRIVAL + timedelta(hours=2), waiting=0))
    meanwhile(session, cast)
    assert shown(session, cast, ARRIVAL + 21 * DAY) == []


@pytest.mark.parametrize("ahead", [-4 * DAY, 4 * DAY, -timedelta(days=20_000)])
def test_since_when_something_waits_is_told_by_the_servers_clock(
    session: Session, cast: Cast, ahead: timedelta
) -> None:
    """A clock that is four days slow made a visit of this minute four days old."""
    just_now, long_ago = ARRIVAL - timedelta(seconds=20), ARRIVAL - 5 * DAY
    for since, found in ((just_now, None), (long_ago, long_ago)):
        told(session, cast, Report(sent_at=ARRIVAL + ahead, waiting=2, waiting_since=since + ahead))
        (phone,) = shown(session, cast, ARRIVAL)
        assert phone.waiting_since == found and phone.skew_minutes == ahead.total_seconds() // 60


def test_each_phone_says_what_would_help_and_blames_nobody(app: Flask, session: Session, cast: Cast) -> None:
    told(session, cast, Report(sent_at=ARRIVAL, waiting=3, waiting_since=SAVED - 5 * DAY))
    counselor = at(app, "counselor")
    for act, what in (
        (lambda: None, "mở ứng dụng là gửi xong"),
        (lambda: run_out(session, MORNING + timedelta(seconds=1)), "Cần đăng nhập một lần trên máy này"),
        (lambda: account_shut(session, cast), "Tài khoản đang khóa"),
        (lambda: left_the_team(session, cast), "Máy này không gửi được nữa"),
    ):
        act()
        page = words(counselor.get("/teams/").text)
        assert "3 lần ghi còn trên máy" in page and what in page, what
        assert not re.search(r"lỗi|chậm trễ|vi phạm|không chịu|quên", page)
