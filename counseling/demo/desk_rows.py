"""Places and accounts of the demo: an area that the province drew, volunteer teams, afternoon hours, staff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from counseling.demo.accounts import ACCOUNTS, CAO_LOC, CONG_SON, DONG_KINH, DRAWN, FACILITY, MAU_SON, PROVINCE, Desk
from counseling.demo.chains import Chains
from counseling.domain.audit_chain import HOUSE
from counseling.domain.refusal import Refusal
from counseling.models.hands import StaffPin
from counseling.models.people import Staff, StaffRole
from counseling.models.places import Area, OutreachTeam, Site, SiteHours

ACTOR = "command:demo"
DRAWN_NAME = "Khu vực Đông Kinh – Cao Lộc"
# Phường Đông Kinh, Lương Văn Tri, Tam Thanh, Kỳ Lừa; xã Đồng Đăng, Cao Lộc, Công Sơn, Mẫu Sơn.
DRAWN_COMMUNES = ("05977", "05983", "05986", "06187", "06184", "06193", "06220", "06541")
# Code, name, commune, counseling point, share of the people in aftercare.
TEAMS = (
    (MAU_SON, "Đội công tác xã hội tình nguyện xã Mẫu Sơn", "06541", DONG_KINH, 8),
    (CONG_SON, "Đội công tác xã hội tình nguyện xã Công Sơn", "06220", CAO_LOC, 7),
    ("DT-D-DK", "Đội công tác xã hội tình nguyện phường Đông Kinh", "05977", DONG_KINH, 7),
    ("DT-D-KL", "Đội công tác xã hội tình nguyện phường Kỳ Lừa", "06187", DONG_KINH, 6),
    ("DT-D-DD", "Đội công tác xã hội tình nguyện xã Đồng Đăng", "06184", CAO_LOC, 6),
    ("DT-D-CL", "Đội công tác xã hội tình nguyện xã Cao Lộc", "06193", CAO_LOC, 6),
)
# Who takes a split dose comes a second time.
AFTERNOON = time(16), time(17)
DOCTORS_PHONE = "0998 000 100"  # nobody's (demo/people.py)


@dataclass(frozen=True)
class Places:
    """Ids by code; `kinds` of communes by code."""

    areas: Mapping[str, int]
    kinds: Mapping[str, str]
    sites: Mapping[str, int]
    facilities: Mapping[str, int]  # by the station's code
    teams: Mapping[str, int]


def add_places(tx: Session, chains: Chains, at: datetime) -> Places:
    """Raises Refusal("places_missing") where `init` has not put the sites and communes there."""
    sites = {row.code: row for row in tx.execute(select(Site.id, Site.code, Site.treated_by_id))}
    areas: dict[str, int] = {row.code: row.id for row in tx.execute(select(Area.id, Area.code))}
    if not {DONG_KINH, CAO_LOC} <= sites.keys() or not {PROVINCE, *DRAWN_COMMUNES} <= areas.keys():
        raise Refusal("places_missing")
    drawn = {"code": DRAWN, "kind": "drawn", "name": DRAWN_NAME, "parent_id": areas[PROVINCE]}
    areas[DRAWN] = tx.execute(insert(Area).values(**drawn).returning(Area.id)).scalar_one()
    tx.execute(update(Area).where(Area.code.in_(DRAWN_COMMUNES)).values(parent_id=areas[DRAWN]))
    chains.add(at, HOUSE, ACTOR, "area.drawn", f"area:{areas[DRAWN]}", {"communes": len(DRAWN_COMMUNES)})
    tx.execute(update(Site).where(Site.code == FACILITY).values(phone=DOCTORS_PHONE))
    ids = {code: row.id for code, row in sites.items()}
    teams = {code: _add_team(tx, code, name, areas[commune], ids[site]) for code, name, commune, site, _ in TEAMS}
    hours = [
        {"site_id": ids[code], "weekday": day, "opens_at": AFTERNOON[0], "closes_at": AFTERNOON[1]}
        for code in (DONG_KINH, CAO_LOC)
        for day in range(7)
    ]
    tx.execute(insert(SiteHours), hours)
    kinds: dict[str, str] = {row.code: row.kind for row in tx.execute(select(Area.code, Area.kind))}
    facilities = {code: row.treated_by_id or row.id for code, row in sites.items()}
    return Places(areas, kinds, ids, facilities, teams)


def add_accounts(
    tx: Session, chains: Chains, places: Places, password_hash: str, pin_hash: str, at: datetime
) -> dict[str, int]:
    """The accounts with their desks; gives ids by username. All share one hash: password and PIN are printed anyway."""
    staff: dict[str, int] = {}
    for account in ACCOUNTS:
        values = {"username": account.username, "display_name": account.display_name, "created_at": at}
        person = insert(Staff).values(**values, password_hash=password_hash).returning(Staff.id)
        staff[account.username] = tx.execute(person).scalar_one()
        roles = [{**_role(desk, places), "staff_id": staff[account.username], "given_at": at} for desk in account.desks]
        tx.execute(insert(StaffRole), roles)
        if any(role["site_id"] for role in roles):
            pin = {"staff_id": staff[account.username], "pin_hash": pin_hash, "set_at": at}
            tx.execute(insert(StaffPin).values(**pin))
        chains.add(at, HOUSE, ACTOR, "staff.added", f"staff:{staff[account.username]}", {"desks": len(roles)})
    return staff


def _add_team(tx: Session, code: str, name: str, area_id: int, site_id: int) -> int:
    values = {"code": code, "name": name, "area_id": area_id, "site_id": site_id}
    team_id: int = tx.execute(insert(OutreachTeam).values(**values).returning(OutreachTeam.id)).scalar_one()
    return team_id


def _role(desk: Desk, places: Places) -> dict[str, object]:
    place = desk.place or ""
    return {
        "kind": desk.kind,
        "side": desk.side,
        "site_id": places.sites.get(place),
        "team_id": places.teams.get(place),
        "area_id": places.areas.get(place),
    }
