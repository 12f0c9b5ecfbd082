"""The first places: a province's communes from the official list, and the sites that Lạng Sơn begins with."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime, time
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.models.places import Area, FormerCommune, FormerSiteName, Site, SiteHours
from counseling.registers.former_communes import list_former_communes
from counseling.services import audit

LANG_SON = "20"
SITES_FILE = Path(__file__).parents[1] / "data" / "sites_lang_son.toml"
KINDS = {"xã": "commune", "phường": "ward", "đặc khu": "special_zone"}
FUNCTIONS = ("treats", "dispenses", "counsels")


def seed_places(session: AnySession, *, actor: str, now: datetime) -> None:
    """Lạng Sơn's communes, and its sites where there is none yet. Nothing that stands there is changed."""
    load_province(session, LANG_SON, actor=actor, now=now)
    with writing(session) as tx:
        if tx.execute(select(Site.id).limit(1)).first() is not None:
            return
        sites = tomllib.loads(SITES_FILE.read_text(encoding="utf-8"))["site"]
        ids: dict[str, int] = {}
        for site in sites:
            ids[site["code"]] = _add_site(tx, site, ids)
        audit.append(tx, audit.HOUSE, actor, "sites.seeded", "sites", {"sites": sorted(ids.values())}, now)


def load_province(session: AnySession, code: str, *, actor: str, now: datetime) -> int:
    """Add a province's areas and former communes that are missing; gives how many areas were added.

    A commune that stands already keeps its name and its place in the tree: the province may have moved it under an
    area that it drew itself. Raises Refusal("province_unknown").
    """
    province, communes = _official_list(code)
    with writing(session) as tx:
        known: dict[str, int] = {row.code: row.id for row in tx.execute(select(Area.code, Area.id))}
        if province["code"] not in known:
            known[province["code"]] = tx.execute(insert(Area).values(**province).returning(Area.id)).scalar_one()
        parent_id = known[province["code"]]
        missing = [{**commune, "parent_id": parent_id} for commune in communes if commune["code"] not in known]
        if missing:
            tx.execute(insert(Area), missing)
        former = _add_former_communes(tx, {commune["code"] for commune in communes})
        if missing or former:
            counts = {"areas": len(missing), "former_communes": former}
            audit.append(tx, audit.HOUSE, actor, "places.loaded", f"province:{code}", counts, now)
    return len(missing)


def _official_list(code: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """The province and its communes as rows of `areas`; codes as the statistics office writes them, 2 and 5 digits."""
    # Imported here: three thousand wards are needed once, not in every serving process.
    from vietnam_provinces import Province, ProvinceCode, Ward

    if not (code.isascii() and code.isdigit()) or int(code) not in {int(one) for one in ProvinceCode}:
        raise Refusal("province_unknown", province=code)
    found = Province.from_code(ProvinceCode(int(code)))
    # The package says "Thành phố Huế" and plain "Lạng Sơn".
    name = found.name if found.name.startswith("Thành phố") else f"Tỉnh {found.name}"
    province = {"code": f"{int(found.code):02d}", "kind": "province", "name": name}
    communes = [
        {"code": f"{int(ward.code):05d}", "kind": KINDS[ward.division_type.value], "name": ward.name}
        for ward in Ward.iter_by_province(found.code)
    ]
    return province, sorted(communes, key=lambda commune: commune["code"])


def _add_former_communes(tx: Session, codes: set[str]) -> int:
    """Names of before July 2025, as far as a table of them ships (Lạng Sơn's does); gives how many were added."""
    areas: dict[str, int] = {
        row.code: row.id for row in tx.execute(select(Area.code, Area.id).where(Area.code.in_(codes)))
    }
    columns = (FormerCommune.former_name, FormerCommune.former_district, FormerCommune.area_id)
    known = {tuple(row) for row in tx.execute(select(*columns))}
    wanted = [
        (one.former_name, one.former_district, areas[one.commune_code])
        for one in list_former_communes()
        if one.commune_code in areas
    ]
    rows = [
        {"former_name": name, "former_district": district, "area_id": area_id}
        for name, district, area_id in dict.fromkeys(wanted)
        if (name, district, area_id) not in known
    ]
    if rows:
        tx.execute(insert(FormerCommune), rows)
    return len(rows)


def _add_site(tx: Session, site: Mapping[str, Any], ids: Mapping[str, int]) -> int:
    area_id = tx.execute(select(Area.id).where(Area.code == site["commune"])).scalar_one()
    functions = {name: name in site["functions"] for name in FUNCTIONS}
    treated_by_id = ids[site["treated_by"]] if "treated_by" in site else None
    values = {"code": site["code"], "name": site["name"], "area_id": area_id, "treated_by_id": treated_by_id}
    site_id: int = tx.execute(insert(Site).values(**values, **functions).returning(Site.id)).scalar_one()
    hours = [
        {"site_id": site_id, "weekday": day, "opens_at": opens, "closes_at": closes}
        for day in site["weekdays"]
        for opens, closes in (map(time.fromisoformat, span) for span in site["hours"])
    ]
    tx.execute(insert(SiteHours), hours)
    if "former_name" in site:
        former = {"name": site["former_name"], "used_until": site["former_until"]}
        tx.execute(insert(FormerSiteName).values(site_id=site_id, **former))
    return site_id
