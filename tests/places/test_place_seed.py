"""The tree of areas and the first sites, as `init` puts them there."""

import pytest
from flask import Flask
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.refusal import Refusal
from counseling.models.audit import AuditEntry
from counseling.models.places import Area, FormerCommune, FormerSiteName, Site, SiteHours
from counseling.services.defaults import ship_defaults
from counseling.services.place_seed import load_province, seed_places
from tests.support.settings import MORNING


@pytest.fixture(autouse=True)
def places(session: Session) -> None:
    ship_defaults(session, is_demo=False, now=MORNING)
    seed_places(session, actor="command:init", now=MORNING)


def count(session: Session, model: type) -> int:
    return session.execute(select(func.count()).select_from(model)).scalar_one()


def test_lang_son_has_sixty_one_communes_and_four_wards(session: Session) -> None:
    province = session.execute(select(Area).where(Area.kind == "province")).scalar_one()
    assert (province.code, province.name) == ("20", "Tỉnh Lạng Sơn")
    kinds = dict(
        session.execute(select(Area.kind, func.count()).where(Area.parent_id == province.id).group_by(Area.kind)).all()
    )
    assert kinds == {"commune": 61, "ward": 4}
    assert session.execute(select(Area.name).where(Area.code == "05977")).scalar_one() == "Phường Đông Kinh"


def test_every_former_commune_leads_to_a_commune_of_today(session: Session) -> None:
    rows = session.execute(select(FormerCommune.former_name, Area.name).join(Area, Area.id == FormerCommune.area_id))
    today = dict(rows.all())
    assert len(today) > 150
    assert today["Phường Vĩnh Trại"] == "Phường Đông Kinh"


def test_the_sites_of_the_plan_stand_with_functions_hours_and_former_names(session: Session) -> None:
    sites = {site.code: site for site in session.execute(select(Site)).scalars()}
    assert {code for code, site in sites.items() if site.treats} == {"CDC-LS", "TTYT-VL"}
    assert {code for code, site in sites.items() if site.counsels} == {"TYT-DK", "TTYT-CL"}
    assert all(sites[code].dispenses and sites[code].treated_by_id for code in ("TYT-DK", "TTYT-CL"))
    for code in ("TYT-DK", "TTYT-CL"):
        hours = select(func.count(func.distinct(SiteHours.weekday))).where(SiteHours.site_id == sites[code].id)
        assert session.execute(hours).scalar_one() == 7
    former = session.execute(select(FormerSiteName.name).where(FormerSiteName.site_id == sites["CDC-LS"].id))
    assert former.scalar_one() == "Trung tâm Phòng, chống HIV/AIDS tỉnh Lạng Sơn"


def test_a_second_init_adds_nothing(session: Session) -> None:
    models = (Area, FormerCommune, Site, SiteHours, FormerSiteName, AuditEntry)
    before = [count(session, model) for model in models]
    seed_places(session, actor="command:init", now=MORNING)
    assert [count(session, model) for model in models] == before


def test_what_an_administrator_changed_stays_and_what_is_missing_comes_back(session: Session) -> None:
    with writing(session) as tx:
        province_id = tx.execute(select(Area.id).where(Area.code == "20")).scalar_one()
        values = {"code": "KV-01", "kind": "drawn", "name": "Khu vực Đông", "parent_id": province_id}
        drawn_id = tx.execute(insert(Area).values(**values).returning(Area.id)).scalar_one()
        tx.execute(update(Area).where(Area.code == "06541").values(parent_id=drawn_id, name="Xã Mẫu Sơn (mới)"))
        tx.execute(update(Site).where(Site.code == "TYT-DK").values(name="Trạm Y tế Đông Kinh 1"))
        gone = select(Area.id).where(Area.code == "06637").scalar_subquery()
        tx.execute(delete(FormerCommune).where(FormerCommune.area_id == gone))
        tx.execute(delete(Area).where(Area.code == "06637"))
    seed_places(session, actor="command:init", now=MORNING)
    kept = session.execute(select(Area.parent_id, Area.name).where(Area.code == "06541")).one()
    assert tuple(kept) == (drawn_id, "Xã Mẫu Sơn (mới)")
    assert session.execute(select(Site.name).where(Site.code == "TYT-DK")).scalar_one() == "Trạm Y tế Đông Kinh 1"
    assert session.execute(select(Area.name).where(Area.code == "06637")).scalar_one() == "Xã Châu Sơn"


def test_another_province_is_loaded_by_its_code(app: Flask, session: Session) -> None:
    done = app.test_cli_runner().invoke(args=["places", "load", "04"])
    assert done.exit_code == 0, done.output
    province_id = session.execute(select(Area.id).where(Area.code == "04")).scalar_one()
    communes = select(func.count()).select_from(Area).where(Area.parent_id == province_id)
    assert session.execute(communes).scalar_one() == 56
    assert load_province(session, "04", actor="command:places", now=MORNING) == 0


@pytest.mark.parametrize("code", ["99", "0", "", "hai mươi", "²⁰", "-20"])
def test_a_province_that_does_not_exist_is_refused(session: Session, code: str) -> None:
    with pytest.raises(Refusal, match="province_unknown"):
        load_province(session, code, actor="command:places", now=MORNING)
