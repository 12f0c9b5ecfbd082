"""A sample of the same doors on PostgreSQL: scope and types are the database's to hold, too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from counseling import clock, create_app
from counseling.routes import viewing
from tests.access.asking import Doorbell, changed, fingerprint, watch_writes
from tests.access.conftest import close
from tests.access.doors import DOORS
from tests.access.world import build, client_at
from tests.support.gateways import with_gateways
from tests.support.settings import MORNING

SAMPLE = ("dispenser", "doctor", "nurse/support", "volunteer", "supervisor", "admin")
TARGETS = ("dong_kinh", "both", "mau_son", "unknown", "known", "")
NUL = "a\x00b"


@pytest.fixture
def far_door(postgresql_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doorbell]:
    app = create_app(with_gateways(postgresql_url, tmp_path_factory.mktemp("far")))
    clock.start_at(MORNING)
    doorbell = Doorbell(app, build(app))
    with watch_writes(app) as writes:
        yield doorbell
    viewing.log_of(app).stop()
    close(app)
    clock.start_at(None)
    assert not writes.outside, writes.outside


def test_strangers_see_and_change_nothing_on_postgresql_either(far_door: Doorbell) -> None:
    before = fingerprint(far_door.app)
    for endpoint, asked in DOORS.items():
        for desk in () if asked.public else SAMPLE:
            for target in set(far_door.outside(desk, asked)) & set(TARGETS):
                answer = far_door.ring(desk, endpoint, target)
                expected = 404 if desk in asked.desks else asked.refused
                assert answer.status_code == expected, f"{endpoint} {target} as {desk}: {answer.status_code}"
    assert not changed(before, fingerprint(far_door.app))
    for endpoint, asked in DOORS.items():
        for desk in SAMPLE if far_door.method(endpoint) == "GET" and not asked.public else ():
            for target in far_door.within(desk, asked):
                status = far_door.ring(desk, endpoint, target).status_code
                assert status == asked.done, f"{endpoint} {target} as {desk}: {status}"


def test_what_postgresql_cannot_keep_is_refused_and_not_an_accident(far_door: Doorbell) -> None:
    """A zero byte, which this database takes in no text; and numbers beyond its range."""
    wrong = []
    for desk, endpoint, fields in (
        (None, "account.sign_in", {"username": NUL, "password": NUL}),
        ("dispenser", "patients.find", {"q": NUL}),
        ("dispenser", "station.find", {"q": NUL}),
        ("dispenser", "patients.register", {"full_name": NUL, "register_code": NUL, "notes": NUL}),
        ("dispenser", "patients.register", {"register_code": NUL}),
        ("dispenser", "patients.save", {"notes": NUL, "address": NUL}),
        ("dispenser", "patients.register", {"request_key": NUL}),
        ("doctor", "orders.write", {"note": NUL}),
        ("nurse/support", "counseling_desk.find", {"q": NUL}),
        ("nurse/support", "counseling_desk.register", {"community_name": NUL, "hamlet": NUL}),
        ("nurse/support", "counseling_desk.register", {"request_key": NUL}),
        ("nurse/support", "counseling_desk.register", {"request_key": "x" * 300}),
        ("nurse/support", "counseling_desk.register", {"team_id": "99999999999999999999"}),
        ("admin", "admin.add_staff", {"username": NUL, "display_name": NUL}),
        ("admin", "admin.add_staff", {"display_name": "x" * 5000}),
        ("admin", "admin.add_site", {"name": "x" * 5000, "code": NUL}),
        ("admin", "admin.add_team", {"name": NUL}),
    ):
        target = "dong_kinh" if DOORS[endpoint].about else ""
        status = far_door.ring(desk, endpoint, target, **fields).status_code
        wrong += [f"{endpoint} {sorted(fields)}: {status}"] if status >= 500 else []
    for address in ("/station/?done=%00", "/patients/%00/", "/station/list?seen=%00", "/static/%00/app.css"):
        status = client_at(far_door.app, far_door.world, "dispenser").get(address).status_code
        wrong += [f"{address}: {status}"] if status >= 500 else []
    assert not wrong, "\n".join(wrong)
