"""Whose device it is: enrolled with password and code, revoked by colleagues, and gone at once."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.refusal import Refusal
from counseling.models.hands import DevicePin
from counseling.models.people import Device, StaffRole
from counseling.queries.hands import find_station_device, list_hands
from counseling.queries.station_devices import enrolled_site_of, list_station_devices
from counseling.services.station_devices import enrol_device, revoke_device
from tests.hands.story import actions, after, at_the_station, enrolled, phone_of, session_row, take, with_pin
from tests.support.cast import CAO_LOC, DONG_KINH, FACILITY, PASSWORD, Cast
from tests.support.settings import MORNING


def enrol(session: Session, cast: Cast, who: str = "dispenser", code: str = "", *, demo: bool = False) -> None:
    viewer = cast.viewer_of(who)
    enrol_device(session, viewer, PASSWORD, code, after(minutes=5), asks_second_factor=not demo)


def test_a_device_is_enrolled_with_password_and_code(session: Session, cast: Cast) -> None:
    me = cast.viewer_of("dispenser")
    phone, _ = phone_of(session, me)
    assert find_station_device(session, "cast") is None
    enrol(session, cast, code=phone.at(after(minutes=5)))
    found = find_station_device(session, "cast")
    assert found and (found.id, found.site_id) == (cast.device, DONG_KINH)
    (row,) = list_station_devices(session, DONG_KINH)
    assert (row.id, row.enrolled_by, row.enrolled_at) == (cast.device, me.display_name, after(minutes=5))
    assert actions(session)[-1] == (f"site:{DONG_KINH}", me.actor, "device.enrolled", f"device:{cast.device}")


def test_a_recovery_code_does_as_well(session: Session, cast: Cast) -> None:
    _, codes = phone_of(session, cast.viewer_of("doctor"))
    enrol(session, cast, "doctor", codes[7])
    assert enrolled_site_of(session, cast.device) == FACILITY


@pytest.mark.parametrize(
    ("password", "code", "refused"),
    [
        ("guess", "right", "own_signature_wrong"),
        ("", "right", "own_signature_missing"),
        (PASSWORD, "", "second_factor_missing"),
        (PASSWORD, "000000", "second_factor_wrong"),
    ],
)
def test_one_of_the_two_is_not_enough(session: Session, cast: Cast, password: str, code: str, refused: str) -> None:
    me = cast.viewer_of("dispenser")
    phone, _ = phone_of(session, me)
    now = after(minutes=5)
    with pytest.raises(Refusal, match=refused):
        enrol_device(session, me, password, phone.at(now) if code == "right" else code, now, asks_second_factor=True)
    assert enrolled_site_of(session, cast.device) is None


def test_without_a_second_factor_nobody_enrols_but_in_a_demo(session: Session, cast: Cast) -> None:
    with pytest.raises(Refusal, match="second_factor_not_set_up"):
        enrol(session, cast, code="123123")
    enrol(session, cast, demo=True)
    assert enrolled_site_of(session, cast.device) == DONG_KINH


@pytest.mark.parametrize("who", ["counselor", "volunteer", "supervisor", "community", "admin"])
def test_only_who_dispenses_or_prescribes_enrols(session: Session, cast: Cast, who: str) -> None:
    with pytest.raises(Refusal, match="not_at_a_station"):
        enrol(session, cast, who, demo=True)


def test_whoever_lost_the_desk_a_moment_ago_enrols_and_revokes_nothing(session: Session, cast: Cast) -> None:
    me = cast.viewer_of("dispenser")
    with writing(session) as tx:
        tx.execute(update(StaffRole).where(StaffRole.id == me.role_id).values(ended_at=MORNING))
    with pytest.raises(Refusal, match="not_at_a_station"):
        enrol(session, cast, demo=True)
    enrolled(session, cast)
    with pytest.raises(Refusal, match="not_at_a_station"):
        revoke_device(session, me, cast.device, MORNING)


def test_a_device_belongs_to_one_site_until_that_site_lets_it_go(session: Session, cast: Cast) -> None:
    enrol(session, cast, demo=True)
    with pytest.raises(Refusal, match="device_of_another_site"):
        enrol(session, cast, "dispenser2", demo=True)
    with pytest.raises(Refusal, match="no_such_device"):
        revoke_device(session, cast.viewer_of("dispenser2"), cast.device, after(minutes=6))
    enrol(session, cast, demo=True)  # once more changes nothing
    assert [action for _, _, action, _ in actions(session)] == ["device.enrolled"]


def test_revoking_ends_every_session_on_it_and_all_its_pins(session: Session, cast: Cast) -> None:
    enrolled(session, cast)
    with_pin(session, cast, "dispenser")
    with_pin(session, cast, "counselor")
    me = cast.viewer_of("dispenser")
    new = take(session, cast, "counselor")
    revoke_device(session, me, cast.device, after(minutes=1))
    for session_id in (new.session_id, *cast.sessions.values()):
        row = session_row(session, session_id)
        assert (row.ended_at, row.end_reason) == (after(minutes=1), "device_revoked")
    assert list_hands(session, cast.device, after(minutes=1)) == []
    assert find_station_device(session, "cast") is None
    assert session.execute(select(DevicePin.staff_id)).first() is None
    with pytest.raises(Refusal, match="pin_not_here"):
        take(session, cast, "dispenser")


def test_an_administrator_revokes_any_device(session: Session, cast: Cast) -> None:
    enrolled(session, cast, CAO_LOC)
    revoke_device(session, cast.viewer_of("admin"), cast.device, MORNING)
    assert enrolled_site_of(session, cast.device) is None
    assert actions(session)[-1][0] == f"site:{CAO_LOC}"


def test_a_revoked_device_can_be_enrolled_elsewhere(session: Session, cast: Cast) -> None:
    enrolled(session, cast)
    with writing(session) as tx:
        gone = {"revoked_at": MORNING, "revoked_by_id": cast.staff["dispenser"]}
        tx.execute(update(Device).where(Device.id == cast.device).values(**gone))
    enrol(session, cast, "dispenser2", demo=True)
    assert enrolled_site_of(session, cast.device) == CAO_LOC
    assert at_the_station(cast).device_site_id == DONG_KINH  # an older answer about the viewer changes nothing
