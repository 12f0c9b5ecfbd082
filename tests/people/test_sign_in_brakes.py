from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from counseling.domain.refusal import Refusal
from counseling.models.people import SignInBrake
from tests.people.accounts import enter
from tests.support.cast import Cast
from tests.support.settings import MORNING

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def refused(session: Session, username: str, **how: object) -> str:
    """Fail to sign in and say with which code."""
    with pytest.raises(Refusal) as refusal:
        enter(session, username, "a wrong guess", **how)  # type: ignore[arg-type]
    return refusal.value.code


def test_the_sixth_wrong_password_makes_wait_a_minute_and_says_so(session: Session, cast: Cast) -> None:
    codes = [refused(session, "dispenser", now=MORNING + number * SECOND) for number in range(7)]
    assert codes == ["wrong_credentials"] * 6 + ["too_many_tries"]
    with pytest.raises(Refusal) as waiting:
        enter(session, "dispenser", now=MORNING + 10 * SECOND)
    assert waiting.value.facts == {"wait_seconds": 55}
    assert enter(session, "dispenser", now=MORNING + 2 * MINUTE)


def test_a_name_that_nobody_has_is_braked_alike(session: Session, cast: Cast) -> None:
    codes = [refused(session, "nobody", now=MORNING + number * SECOND) for number in range(7)]
    assert codes[-1] == "too_many_tries"


def test_ten_thousand_tries_from_a_hundred_devices_do_not_shut_out_the_real_user(session: Session, cast: Cast) -> None:
    own = enter(session, "dispenser").device_token
    strangers = [enter(session, name).device_token for name in ("volunteer", "counselor") for _ in range(25)]
    looked_at = 0
    # All of them on the embedded database; the server's answers the same question a tenth as often.
    tries = 10_000 if session.get_bind().dialect.name == "sqlite" else 1_000
    for number in range(tries):
        now = MORNING + number * timedelta(hours=1) / tries
        place = number % 100
        device = strangers[place] if place < 50 else None
        looked_at += refused(session, "dispenser", device=device, address=f"198.51.100.{place}", now=now) == (
            "wrong_credentials"
        )
        if number % (tries // 10) == 50:
            assert enter(session, "dispenser", device=own, now=now)
    assert looked_at < 20


def test_strangers_on_the_same_device_do_not_shut_out_whoever_signed_in_there(session: Session, cast: Cast) -> None:
    shared = enter(session, "dispenser").device_token
    for name in ("doctor", "counselor", "admin", "nobody"):
        for number in range(10):
            refused(session, name, device=shared, now=MORNING + number * SECOND)
    assert enter(session, "dispenser", device=shared, now=MORNING + 10 * SECOND)


def test_one_browser_cannot_go_through_all_the_names(session: Session, cast: Cast) -> None:
    codes = [refused(session, f"name-{number}", now=MORNING + number * SECOND) for number in range(20)]
    assert codes.count("wrong_credentials") == 6


def test_signing_in_oneself_in_between_gives_no_new_guesses_at_others(session: Session, cast: Cast) -> None:
    device = enter(session, "volunteer").device_token
    read = 0
    for number in range(30):
        now = MORNING + number * SECOND
        read += refused(session, f"name-{number}", device=device, now=now) == "wrong_credentials"
        enter(session, "volunteer", device=device, now=now)
    assert read == 6


def test_success_forgets_the_failures_of_this_account(session: Session, cast: Cast) -> None:
    device = enter(session, "dispenser").device_token
    for round_of_typing in range(4):
        now = MORNING + round_of_typing * SECOND
        for _ in range(4):
            assert refused(session, "dispenser", device=device, now=now) == "wrong_credentials"
        assert enter(session, "dispenser", device=device, now=now)


def test_no_name_and_no_address_that_was_typed_is_kept(session: Session, cast: Cast) -> None:
    refused(session, "dispenser")
    buckets = session.execute(select(SignInBrake.bucket)).scalars().all()
    assert len(buckets) == 2
    assert all(set(bucket) <= set("0123456789abcdef") and len(bucket) == 32 for bucket in buckets)


def test_what_is_an_hour_old_is_forgotten_and_leaves_no_row(session: Session, cast: Cast) -> None:
    for number in range(8):
        refused(session, f"name-{number}", address=f"198.51.100.{number}")
    refused(session, "last", now=MORNING + 61 * MINUTE)
    assert session.execute(select(func.count(SignInBrake.bucket))).scalar_one() == 2
