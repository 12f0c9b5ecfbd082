"""Six digits, and the next person works: who may, when no longer, and what the audit says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.pins import TRUSTED_FOR
from counseling.domain.refusal import Refusal
from counseling.models.hands import StaffPin
from counseling.models.people import Device
from counseling.queries.hands import list_hands
from counseling.queries.viewers import find_viewer
from counseling.services import hand_over, own_account, staff_accounts, staff_roles
from counseling.services.pins import note_password, set_pin
from counseling.services.station_devices import revoke_device
from tests.hands.story import (
    OTHER_PIN,
    PIN,
    actions,
    after,
    at_the_station,
    colleague,
    enrolled,
    session_row,
    take,
    tries,
    with_pin,
)
from tests.people.accounts import enter
from tests.support.cast import CAO_LOC, DONG_KINH, PASSWORD, Cast
from tests.support.settings import MORNING

NEW_PASSWORD = "một câu mới dễ nhớ"


@pytest.fixture
def device(session: Session, cast: Cast) -> int:
    """Đông Kinh's, on which the dispenser has a PIN."""
    enrolled(session, cast)
    with_pin(session, cast, "dispenser")
    return cast.device


def test_the_one_before_ends_and_the_new_one_sits_at_their_desk_there(
    session: Session, cast: Cast, device: int
) -> None:
    with_pin(session, cast, "counselor", OTHER_PIN)
    before = at_the_station(cast)
    new = take(session, cast, "counselor", OTHER_PIN, before, after(minutes=1))
    assert (new.staff_id, new.site_id, new.kind) == (cast.staff["counselor"], DONG_KINH, "counselor")
    assert (new.device_site_id, new.is_locked) == (DONG_KINH, False)
    row = session_row(session, before.session_id)
    assert (row.end_reason, row.ended_at, row.ended_by_id) == ("handed_over", after(minutes=1), new.staff_id)
    started = session_row(session, new.session_id)
    assert started.ends_at == after(minutes=1, hours=12)
    expected = (f"site:{DONG_KINH}", new.actor, "session.handed_over", f"session:{new.session_id}")
    assert actions(session)[-1] == expected


def test_of_two_desks_at_the_site_it_is_the_one_they_last_sat_at_on_this_device(
    session: Session, cast: Cast, device: int
) -> None:
    with_pin(session, cast, "counselor")
    second = colleague(session, cast, "counselor", "dispenser")
    new = take(session, cast, "counselor")
    assert new.role_id == cast.roles["counselor"][0]
    own_account.choose_desk(session, new, second, MORNING)
    assert take(session, cast, "counselor").role_id == second


def test_no_desk_of_another_site_is_taken(session: Session, cast: Cast, device: int) -> None:
    with_pin(session, cast, "dispenser2")
    assert [hand.staff_id for hand in list_hands(session, device, MORNING)] == [cast.staff["dispenser"]]
    with pytest.raises(Refusal, match="pin_not_here"):
        take(session, cast, "dispenser2")
    here = colleague(session, cast, "dispenser2")
    assert take(session, cast, "dispenser2").role_id == here


def test_a_wrong_pin_leaves_everything_as_it_was(session: Session, cast: Cast, device: int) -> None:
    before = at_the_station(cast)
    with pytest.raises(Refusal, match="pin_wrong") as refused:
        take(session, cast, "dispenser", OTHER_PIN, before)
    assert refused.value.facts == {"tries_left": 4}
    assert session_row(session, before.session_id).ended_at is None


def test_after_five_wrong_tries_the_pin_is_off_here_until_the_password(
    session: Session, cast: Cast, device: int
) -> None:
    with_pin(session, cast, "counselor", OTHER_PIN)
    codes = []
    for _ in range(7):
        with pytest.raises(Refusal) as refused:
            take(session, cast, "dispenser", "999990")
        codes.append(refused.value.code)
    assert codes == ["pin_wrong"] * 4 + ["pin_off"] * 3
    with pytest.raises(Refusal, match="pin_off"):
        take(session, cast, "dispenser")
    assert [action for _, _, action, _ in actions(session)].count("pin.locked") == 1
    take(session, cast, "counselor", OTHER_PIN)  # nobody else is kept out
    enter(session, "dispenser", device="cast", now=after(minutes=1))
    take(session, cast, "dispenser", now=after(minutes=1))


def test_the_right_pin_begins_the_count_anew_and_tells_of_what_was_before(
    session: Session, cast: Cast, device: int
) -> None:
    for _ in range(4):
        with pytest.raises(Refusal, match="pin_wrong"):
            take(session, cast, "dispenser", "999990")
    taken = hand_over.take_over(session, device, cast.staff["dispenser"], PIN, None, MORNING)
    assert (taken.wrong_before, tries(session, cast, "dispenser")) == (4, 0)


def test_a_week_after_the_password_on_this_device_it_is_asked_for_again(
    session: Session, cast: Cast, device: int
) -> None:
    late = MORNING + TRUSTED_FOR
    take(session, cast, "dispenser", now=late - timedelta(seconds=1))
    with pytest.raises(Refusal, match="pin_not_here"):
        take(session, cast, "dispenser", now=late)
    assert list_hands(session, device, late) == []
    enter(session, "dispenser", now=late)  # on another device
    with pytest.raises(Refusal, match="pin_not_here"):
        take(session, cast, "dispenser", now=late)
    enter(session, "dispenser", device="cast", now=late)
    take(session, cast, "dispenser", now=late)


def test_on_a_device_that_is_nobodys_no_pin_counts(session: Session, cast: Cast) -> None:
    with_pin(session, cast, "dispenser")
    with pytest.raises(Refusal, match="pin_not_here"):
        take(session, cast, "dispenser")


@pytest.mark.parametrize("end", ["password", "reset", "disabled", "role", "device"])
def test_the_pin_stops_at_once(session: Session, cast: Cast, device: int, end: str) -> None:
    me, admin = cast.viewer_of("dispenser"), cast.viewer_of("admin")
    if end == "password":
        own_account.change_password(session, me, PASSWORD, NEW_PASSWORD, MORNING)
    elif end == "reset":
        staff_accounts.reset_password(session, admin, me.staff_id, NEW_PASSWORD, MORNING)
    elif end == "disabled":
        staff_accounts.disable_staff(session, admin, me.staff_id, MORNING)
    elif end == "role":
        staff_roles.end_role(session, admin, cast.roles["dispenser"][0], MORNING)
    else:
        revoke_device(session, admin, device, MORNING)
    with pytest.raises(Refusal, match="pin_not_here"):
        take(session, cast, "dispenser")
    assert list_hands(session, device, MORNING) == []


@pytest.mark.parametrize("end", ["password", "pin", "disabled", "role", "device"])
def test_what_ends_while_the_pin_is_being_looked_at_lets_nobody_in(
    session: Session, cast: Cast, device: int, end: str
) -> None:
    """Hashing takes its time outside the transaction: what happened meanwhile counts."""
    admin, staff_id = cast.viewer_of("admin"), cast.staff["dispenser"]

    def slow(pin_hash: str | None, pin: str) -> bool:
        if end == "password":
            staff_accounts.reset_password(session, admin, staff_id, NEW_PASSWORD, MORNING)
        elif end == "pin":
            set_pin(session, cast.viewer_of("dispenser"), PASSWORD, OTHER_PIN, MORNING)
        elif end == "disabled":
            staff_accounts.disable_staff(session, admin, staff_id, MORNING)
        elif end == "role":
            staff_roles.end_role(session, admin, cast.roles["dispenser"][0], MORNING)
        else:
            revoke_device(session, admin, device, MORNING)
        return True

    with pytest.raises(Refusal, match="pin_not_here"):
        hand_over.take_over(session, device, staff_id, PIN, None, MORNING, slow)
    assert "session.handed_over" not in [action for _, _, action, _ in actions(session)]


def test_a_pin_is_set_with_the_password_and_kept_as_a_hash(session: Session, cast: Cast) -> None:
    enrolled(session, cast)
    me = cast.viewer_of("dispenser")
    for password, pin, code in (("guess", PIN, "own_signature_wrong"), (PASSWORD, "111111", "pin_all_the_same")):
        with pytest.raises(Refusal, match=code):
            set_pin(session, me, password, pin, MORNING)
    set_pin(session, me, PASSWORD, OTHER_PIN, MORNING)
    set_pin(session, me, PASSWORD, PIN, MORNING)  # another one: the first no longer counts
    kept = session.execute(select(StaffPin.pin_hash)).scalar_one()
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    with pytest.raises(Refusal, match="pin_wrong"):
        take(session, cast, "dispenser", OTHER_PIN)
    take(session, cast, "dispenser")
    assert [row[2] for row in actions(session)][:2] == ["pin.set", "pin.set"]


def test_whose_password_must_be_changed_comes_in_by_the_password(session: Session, cast: Cast, device: int) -> None:
    admin, staff_id = cast.viewer_of("admin"), cast.staff["dispenser"]
    staff_accounts.reset_password(session, admin, staff_id, NEW_PASSWORD, MORNING)
    with writing(session) as tx:
        note_password(tx, staff_id, device, MORNING)
    assert list_hands(session, device, MORNING) == []


def test_the_device_is_read_with_the_viewer(session: Session, cast: Cast, device: int) -> None:
    taken = hand_over.take_over(session, device, cast.staff["dispenser"], PIN, None, MORNING)
    for values, site in (({}, DONG_KINH), ({"site_id": CAO_LOC}, CAO_LOC)):
        if values:
            with writing(session) as tx:
                tx.execute(update(Device).where(Device.id == device).values(**values))
        session.rollback()
        found = find_viewer(session, taken.token, MORNING)
        assert found and found[0].device_site_id == site
