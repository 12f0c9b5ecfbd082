"""Codes of a phone and of a sheet of paper: each once, and no way around the brake."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.database import vault_of
from counseling.domain.refusal import Refusal
from counseling.domain.second_factor import in_fours
from counseling.models.hands import RecoveryCode, StaffTotp
from counseling.queries.own_security import find_second_factor
from counseling.services import second_factor, staff_accounts
from tests.hands.story import actions, after, phone_of
from tests.support.cast import PASSWORD, Cast
from tests.support.races import at_the_same_second
from tests.support.settings import MORNING


def test_the_secret_is_shown_until_its_first_code_and_never_again(session: Session, cast: Cast) -> None:
    me = cast.viewer_of("dispenser")
    phone, codes = phone_of(session, me)
    found = find_second_factor(session, me.staff_id)
    assert found and (found.secret, found.confirmed_at, found.codes_left) == (None, MORNING, 10)
    assert len(set(codes)) == 10
    row = session.execute(select(StaffTotp.ref, StaffTotp.secret)).one()
    assert phone.secret.encode() not in bytes(row.secret)
    assert vault_of(session).open("staff_totp.secret", row.ref, row.secret) == phone.secret
    kept = b"".join(bytes(value) for value in session.execute(select(RecoveryCode.code_hash)).scalars())
    assert not any(code.encode() in kept for code in codes)
    said = [action for _, _, action, _ in actions(session)]
    assert said == ["totp.begun", "totp.on"]


def test_a_code_is_taken_once_and_none_that_is_older(session: Session, cast: Cast) -> None:
    me = cast.viewer_of("dispenser")
    phone, _ = phone_of(session, me)
    with pytest.raises(Refusal, match="second_factor_wrong"):
        second_factor.ensure_second_factor(session, me, phone.at(MORNING), MORNING)  # the one that turned it on
    next_step = after(seconds=30)
    code = phone.at(next_step)
    second_factor.ensure_second_factor(session, me, f"{code[:3]} {code[3:]}", next_step)
    for again in (code, phone.at(MORNING)):
        with pytest.raises(Refusal, match="second_factor_wrong"):
            second_factor.ensure_second_factor(session, me, again, next_step)


@pytest.mark.parametrize(("apart", "is_taken"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_clocks_may_differ_by_one_step(session: Session, cast: Cast, apart: int, is_taken: bool) -> None:
    me = cast.viewer_of("dispenser")
    phone, _ = phone_of(session, me)
    later = after(minutes=10)
    code = phone.at(later + timedelta(seconds=apart))
    if is_taken:
        second_factor.ensure_second_factor(session, me, code, later)
    else:
        with pytest.raises(Refusal, match="second_factor_wrong"):
            second_factor.ensure_second_factor(session, me, code, later)


def test_a_recovery_code_is_good_once_and_for_nobody_else(session: Session, cast: Cast) -> None:
    me, other = cast.viewer_of("dispenser"), cast.viewer_of("doctor")
    _, codes = phone_of(session, me)
    phone_of(session, other)
    with pytest.raises(Refusal, match="second_factor_wrong"):
        second_factor.ensure_second_factor(session, other, codes[0], MORNING)
    second_factor.ensure_second_factor(session, me, in_fours(codes[0]).upper(), MORNING)
    with pytest.raises(Refusal, match="second_factor_wrong"):
        second_factor.ensure_second_factor(session, me, codes[0], MORNING)
    found = find_second_factor(session, me.staff_id)
    assert found and found.codes_left == 9


def test_one_code_sent_by_eight_at_once_is_taken_once(session: Session, cast: Cast) -> None:
    me = cast.viewer_of("dispenser")
    phone, codes = phone_of(session, me)
    later = after(minutes=2)
    for code in (phone.at(later), codes[3]):
        outcomes = at_the_same_second(
            session.get_bind(),  # type: ignore[arg-type]
            *[lambda own, code=code: second_factor.ensure_second_factor(own, me, code, later)] * 4,
        )
        assert outcomes.count(None) == 1, outcomes


def test_guessing_is_braked_as_passwords_are_and_another_browser_gives_no_more(session: Session, cast: Cast) -> None:
    me = cast.viewer_of("dispenser")
    phone, _ = phone_of(session, me)
    codes = []
    for number in range(8):
        try:
            second_factor.ensure_second_factor(session, me, f"00000{number}", after(minutes=5))
        except Refusal as refusal:
            codes.append(refusal.code)
    assert codes == ["second_factor_wrong"] * 6 + ["too_many_tries"] * 2
    with pytest.raises(Refusal, match="too_many_tries"):  # even the right one, until the wait is over
        second_factor.ensure_second_factor(session, me, phone.at(after(minutes=5)), after(minutes=5))
    second_factor.ensure_second_factor(session, me, phone.at(after(minutes=7)), after(minutes=7))


def test_turning_it_off_needs_password_and_code(session: Session, cast: Cast) -> None:
    me = cast.viewer_of("dispenser")
    phone, codes = phone_of(session, me)
    with pytest.raises(Refusal, match="own_signature_wrong"):
        second_factor.turn_off(session, me, "guess", codes[0], MORNING)
    with pytest.raises(Refusal, match="second_factor_wrong"):
        second_factor.turn_off(session, me, PASSWORD, "000000", MORNING)
    with pytest.raises(Refusal, match="second_factor_on"):
        second_factor.begin(session, me, PASSWORD, MORNING)
    second_factor.turn_off(session, me, PASSWORD, codes[0], MORNING)
    assert find_second_factor(session, me.staff_id) is None
    with pytest.raises(Refusal, match="second_factor_not_set_up"):
        second_factor.ensure_second_factor(session, me, phone.at(after(minutes=2)), after(minutes=2))


def test_beginning_needs_the_password(session: Session, cast: Cast) -> None:
    with pytest.raises(Refusal, match="own_signature_wrong"):
        second_factor.begin(session, cast.viewer_of("dispenser"), "guess", MORNING)
    assert find_second_factor(session, cast.staff["dispenser"]) is None


def test_a_new_password_from_the_administrator_forgets_it(session: Session, cast: Cast) -> None:
    me = cast.viewer_of("dispenser")
    phone_of(session, me)
    staff_accounts.reset_password(session, cast.viewer_of("admin"), me.staff_id, "một câu mới dễ nhớ", MORNING)
    assert find_second_factor(session, me.staff_id) is None
    assert session.execute(select(RecoveryCode.id)).first() is None
