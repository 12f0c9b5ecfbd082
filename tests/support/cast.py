"""The cast of every story: a small province, its sites and teams, and the people of the demo accounts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from flask.testing import FlaskClient
from sqlalchemy import insert
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from counseling.database import writing
from counseling.models.people import Device, Staff, StaffRole, StaffSession
from counseling.models.places import Area, OutreachTeam, Site
from counseling.permissions import RoleKind, Side, Viewer
from counseling.queries.viewers import hash_token
from counseling.services.defaults import ship_defaults
from tests.support.settings import MORNING

PASSWORD = "diem-tua-demo"
PROVINCE, AREA, DONG_KINH_WARD, CAO_LOC_COMMUNE, MAU_SON, CONG_SON = range(1, 7)
AREAS = (
    (PROVINCE, "20", "province", "Tỉnh Lạng Sơn", None),
    (AREA, "KV-01", "drawn", "Khu vực Đông", PROVINCE),
    (DONG_KINH_WARD, "5977", "ward", "Phường Đông Kinh", AREA),
    (CAO_LOC_COMMUNE, "6193", "commune", "Xã Cao Lộc", AREA),
    (MAU_SON, "6541", "commune", "Xã Mẫu Sơn", AREA),
    (CONG_SON, "6220", "commune", "Xã Công Sơn", PROVINCE),
)
FACILITY, DONG_KINH, CAO_LOC = 1, 2, 3
SITES = (
    (FACILITY, "CSDT-01", "Cơ sở điều trị tỉnh", DONG_KINH_WARD, True, False, False, None),
    (DONG_KINH, "CP-DK", "Trạm Y tế phường Đông Kinh", DONG_KINH_WARD, False, True, True, FACILITY),
    (CAO_LOC, "CP-CL", "Trung tâm Y tế Cao Lộc", CAO_LOC_COMMUNE, False, True, True, FACILITY),
)
TEAM, TEAM2 = 1, 2
TEAMS = (
    (TEAM, "D-MS", "Đội tình nguyện xã Mẫu Sơn", MAU_SON, DONG_KINH),
    (TEAM2, "D-CS", "Đội tình nguyện xã Công Sơn", CONG_SON, CAO_LOC),
)
# Username, and for each of their desks: kind, side, site, team, area.
PEOPLE: dict[str, list[tuple[str, str, int | None, int | None, int | None]]] = {
    "dispenser": [("dispenser", "treatment", DONG_KINH, None, None)],
    "dispenser2": [("dispenser", "treatment", CAO_LOC, None, None)],
    "doctor": [("doctor", "treatment", FACILITY, None, None)],
    "counselor": [("counselor", "support", DONG_KINH, None, None)],
    "nurse": [("dispenser", "treatment", CAO_LOC, None, None), ("counselor", "support", CAO_LOC, None, None)],
    "volunteer": [("volunteer", "support", None, TEAM, None)],
    "volunteer2": [("volunteer", "support", None, TEAM2, None)],
    "supervisor": [("supervisor", "treatment", None, None, AREA)],
    "community": [("supervisor", "support", None, None, AREA)],
    "province": [
        ("supervisor", "treatment", None, None, PROVINCE),
        ("supervisor", "support", None, None, PROVINCE),
    ],
    "admin": [("administrator", "house", None, None, None)],
}
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass(frozen=True)
class Cast:
    """Ids of people and of their desks by username; places are the constants of this module."""

    staff: Mapping[str, int]
    roles: Mapping[str, list[int]]
    sessions: Mapping[int, int]  # the signed-in session that stands behind `viewer_of`, by role
    device: int

    def viewer_of(self, username: str, desk: int = 0) -> Viewer:
        """Somebody as services and queries get them, at their first desk or at another one."""
        role_id = self.roles[username][desk]
        kind, side, site_id, team_id, area_id = PEOPLE[username][desk]
        return Viewer(
            staff_id=self.staff[username],
            session_id=self.sessions[role_id],
            device_id=self.device,
            display_name=display_name(username),
            locale="vi",
            role_id=role_id,
            kind=RoleKind(kind),
            side=Side(side),
            site_id=site_id,
            team_id=team_id,
            area_id=area_id,
            must_change_password=False,
        )


def display_name(username: str) -> str:
    return f"Người mẫu {username}"


@cache
def cheap_hash() -> str:
    """The password of everybody, hashed once with figures that cost nothing; it is verified by the real code."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def fill(session: Session, now: datetime = MORNING) -> Cast:
    ship_defaults(session, is_demo=False, now=now)
    with writing(session) as tx:
        _add_places(tx)
        return _add_people(tx, now)


def sign_in(client: FlaskClient, username: str, password: str = PASSWORD, desk: int = 0) -> TestResponse:
    """Sign in through the form, as a browser does, and sit down at the first desk or another one."""
    answer = post(client, "/login", page="/login", username=username, password=password)
    assert answer.status_code == 303, answer.text
    if answer.location.startswith("/desk"):
        ids = re.findall(r'name="desk" value="(\d+)"', client.get("/desk").text)
        answer = post(client, "/desk", page="/desk", desk=ids[desk])
        assert answer.status_code == 303, answer.text
    return answer


def post(client: FlaskClient, url: str, page: str = "/account/password", **fields: Any) -> TestResponse:
    """Send a form with the form token of `page`; the default is a page that everybody signed in may see."""
    return client.post(url, data={"csrf_token": csrf_token(client, page), **fields})


def csrf_token(client: FlaskClient, page: str = "/account/password") -> str:
    found = TOKEN.search(client.get(page).text)
    assert found, f"no form on {page}"
    return found.group(1)


def _add_places(tx: Session) -> None:
    # The database gives the ids, in this order from 1: ids of our own would leave PostgreSQL's counters behind.
    for _, code, kind, name, parent_id in AREAS:
        tx.execute(insert(Area).values(code=code, kind=kind, name=name, parent_id=parent_id))
    columns = ("code", "name", "area_id", "treats", "dispenses", "counsels", "treated_by_id")
    for _, *site in SITES:
        tx.execute(insert(Site).values(dict(zip(columns, site, strict=True))))
    for _, code, name, area_id, site_id in TEAMS:
        tx.execute(insert(OutreachTeam).values(code=code, name=name, area_id=area_id, site_id=site_id))


def _add_people(tx: Session, now: datetime) -> Cast:
    staff: dict[str, int] = {}
    roles: dict[str, list[int]] = {}
    sessions: dict[int, int] = {}
    device = insert(Device).values(token_hash=hash_token("cast"), label="Chrome · Linux", first_seen_at=now)
    device_id = tx.execute(device.returning(Device.id)).scalar_one()
    for username, desks in PEOPLE.items():
        person = insert(Staff).values(
            username=username, display_name=display_name(username), password_hash=cheap_hash(), created_at=now
        )
        staff[username] = tx.execute(person.returning(Staff.id)).scalar_one()
        roles[username] = [_add_role(tx, staff[username], desk, now) for desk in desks]
        for role_id in roles[username]:
            sessions[role_id] = _add_session(tx, staff[username], device_id, role_id, now)
    return Cast(staff, roles, sessions, device_id)


def _add_role(
    tx: Session, staff_id: int, desk: tuple[str, str, int | None, int | None, int | None], now: datetime
) -> int:
    values = dict(zip(("kind", "side", "site_id", "team_id", "area_id"), desk, strict=True))
    row = insert(StaffRole).values(staff_id=staff_id, given_at=now, **values)
    return tx.execute(row.returning(StaffRole.id)).scalar_one()


def _add_session(tx: Session, staff_id: int, device_id: int, role_id: int, now: datetime) -> int:
    row = insert(StaffSession).values(
        token_hash=hash_token(f"cast {role_id}"),
        staff_id=staff_id,
        device_id=device_id,
        role_id=role_id,
        started_at=now,
        last_seen_at=now,
        ends_at=now + timedelta(hours=12),
    )
    return tx.execute(row.returning(StaffSession.id)).scalar_one()
