from dataclasses import replace
from datetime import date, time

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.domain.refusal import Refusal
from counseling.domain.station_days import Hours
from counseling.models.audit import AuditEntry
from counseling.models.places import Area, OutreachTeam, Site
from counseling.queries.areas import find_area, list_area_tree
from counseling.queries.sites import find_site, get_week, list_exceptions, list_former_names
from counseling.scopes import sites_visible_to
from counseling.services import areas, outreach_teams, site_hours, sites
from counseling.services.outreach_teams import TeamDetails
from counseling.services.sites import SiteDetails
from tests.support.cast import (
    AREA,
    CAO_LOC,
    CONG_SON,
    DONG_KINH,
    DONG_KINH_WARD,
    FACILITY,
    MAU_SON,
    PROVINCE,
    TEAM,
    Cast,
    post,
    sign_in,
)
from tests.support.settings import MORNING

TODAY = date(2026, 11, 22)
STATION = SiteDetails(
    name="Trạm Y tế phường Đông Kinh",
    area_id=DONG_KINH_WARD,
    treats=False,
    dispenses=True,
    counsels=True,
    treated_by_id=FACILITY,
    phone=None,
    pour_step_hundredths=50,
    opened_on=date(2015, 1, 5),
    closed_on=None,
)


def last_entry(session: Session) -> tuple[str, str, str]:
    entry = session.execute(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).scalar_one()
    return entry.chain, entry.action, entry.details


def test_a_renamed_site_keeps_its_former_name_with_the_day(session: Session, cast: Cast) -> None:
    admin = cast.viewer_of("admin")
    sites.change_site(session, admin, DONG_KINH, replace(STATION, name="Trạm mới"), TODAY, MORNING)
    row = find_site(session, DONG_KINH)
    assert row is not None
    assert (row.name, row.pour_step_hundredths) == ("Trạm mới", 50)
    assert list_former_names(session, DONG_KINH) == [("Trạm Y tế phường Đông Kinh", TODAY)]
    chain, action, details = last_entry(session)
    assert (chain, action) == (f"site:{DONG_KINH}", "site.changed")
    assert "name" in details
    assert "Trạm" not in details


def test_saving_a_site_unchanged_writes_nothing(session: Session, cast: Cast) -> None:
    admin = cast.viewer_of("admin")
    sites.change_site(session, admin, DONG_KINH, STATION, TODAY, MORNING)
    before = last_entry(session)
    sites.change_site(session, admin, DONG_KINH, STATION, TODAY, MORNING)
    assert last_entry(session) == before
    assert list_former_names(session, DONG_KINH) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": " "}, "name_missing"),
        ({"area_id": AREA}, "area_is_no_commune"),
        ({"area_id": 99}, "no_such_area"),
        ({"dispenses": False, "counsels": False}, "without_function"),
        ({"treated_by_id": None}, "treated_by_needed"),
        ({"treated_by_id": DONG_KINH}, "treated_by_itself"),
        ({"treated_by_id": CAO_LOC}, "treated_by_does_not_treat"),
        ({"closed_on": date(2014, 1, 1)}, "closed_before_opened"),
    ],
)
def test_a_site_that_would_not_work_says_why(
    session: Session, cast: Cast, change: dict[str, object], code: str
) -> None:
    details = replace(STATION, **change)  # type: ignore[arg-type]
    with pytest.raises(Refusal, match=code):
        sites.change_site(session, cast.viewer_of("admin"), DONG_KINH, details, TODAY, MORNING)


def test_two_sites_never_share_a_code(session: Session, cast: Cast) -> None:
    admin = cast.viewer_of("admin")
    assert sites.add_site(session, admin, "cp-moi", STATION, MORNING) > CAO_LOC
    with pytest.raises(Refusal, match="code_taken"):
        sites.add_site(session, admin, "CP-MOI", STATION, MORNING)


def test_the_week_is_replaced_as_a_whole(session: Session, cast: Cast) -> None:
    admin = cast.viewer_of("admin")
    site_hours.set_weekly_hours(session, admin, DONG_KINH, {0: "7h-11h, 13h-16h", 5: "7h-9h"}, MORNING)
    site_hours.set_weekly_hours(session, admin, DONG_KINH, {0: "7h-11h", 6: ""}, MORNING)
    assert dict(get_week(session, DONG_KINH)) == {0: [Hours(time(7), time(11))]}
    with pytest.raises(Refusal, match="hours_overlap") as refused:
        site_hours.set_weekly_hours(session, admin, DONG_KINH, {3: "7h-11h, 10h-12h"}, MORNING)
    assert refused.value.facts == {"weekday": 3}


def test_a_day_that_differs_is_said_once_with_its_reason_and_can_be_taken_back(session: Session, cast: Cast) -> None:
    admin, tet = cast.viewer_of("admin"), date(2027, 2, 6)
    first = site_hours.add_exception(session, admin, DONG_KINH, tet, "", " Tết ", MORNING)
    site_hours.add_exception(session, admin, DONG_KINH, TODAY, "8h-9h", "bão", MORNING)
    listed = [(row.on_date, row.opens_at, row.reason) for row in list_exceptions(session, DONG_KINH, TODAY)]
    assert listed == [(TODAY, time(8), "bão"), (tet, None, "Tết")]
    for hours, reason, code in (
        ("", "lại", "exception_exists"),
        ("", " ", "reason_missing"),
        ("7-8, 9-10", "x", "one"),
    ):
        with pytest.raises(Refusal, match=code):
            site_hours.add_exception(session, admin, DONG_KINH, tet, hours, reason, MORNING)
    with pytest.raises(Refusal, match="no_such_exception"):
        site_hours.remove_exception(session, admin, CAO_LOC, first, MORNING)
    site_hours.remove_exception(session, admin, DONG_KINH, first, MORNING)
    assert len(list_exceptions(session, DONG_KINH, TODAY)) == 1


def test_a_supervisor_sees_what_is_moved_into_the_area(session: Session, cast: Cast) -> None:
    admin, supervisor = cast.viewer_of("admin"), cast.viewer_of("supervisor")
    visible = select(Site.id).where(sites_visible_to(supervisor)).order_by(Site.id)
    drawn = areas.draw_area(session, admin, "kv-02", "Khu vực Tây", PROVINCE, MORNING)
    areas.move_areas(session, admin, [DONG_KINH_WARD, CONG_SON], drawn, MORNING)
    assert list(session.execute(visible).scalars()) == [CAO_LOC]
    areas.move_areas(session, admin, [drawn], AREA, MORNING)
    assert list(session.execute(visible).scalars()) == [FACILITY, DONG_KINH, CAO_LOC]
    row = find_area(session, DONG_KINH_WARD)
    assert row is not None
    assert row.path == "Tỉnh Lạng Sơn › Khu vực Đông › Khu vực Tây › Phường Đông Kinh"


def test_a_move_is_all_or_nothing_and_makes_no_ring(session: Session, cast: Cast) -> None:
    admin = cast.viewer_of("admin")
    drawn = areas.draw_area(session, admin, "KV-02", "Khu vực trong", AREA, MORNING)
    for moved, to, code in (
        ([MAU_SON, AREA], drawn, "area_under_itself"),
        ([MAU_SON, PROVINCE], drawn, "area_stays"),
        ([MAU_SON], CONG_SON, "parent_is_leaf"),
        ([MAU_SON, 99], drawn, "no_such_area"),
    ):
        with pytest.raises(Refusal, match=code):
            areas.move_areas(session, admin, moved, to, MORNING)
    session.rollback()
    assert session.execute(select(Area.parent_id).where(Area.id == MAU_SON)).scalar_one() == AREA
    assert len(list_area_tree(session)) == 7


def test_only_drawn_areas_are_renamed(session: Session, cast: Cast) -> None:
    admin = cast.viewer_of("admin")
    areas.rename_area(session, admin, AREA, "Khu vực Đông Bắc", MORNING)
    with pytest.raises(Refusal, match="area_not_drawn"):
        areas.rename_area(session, admin, MAU_SON, "Xã khác", MORNING)


def test_a_team_works_with_a_counseling_point_and_can_be_closed(session: Session, cast: Cast) -> None:
    admin, details = cast.viewer_of("admin"), TeamDetails("Đội mới", MAU_SON, DONG_KINH)
    team_id = outreach_teams.add_team(session, admin, "d-moi", details, MORNING)
    with pytest.raises(Refusal, match="code_taken"):
        outreach_teams.add_team(session, admin, "D-MOI", details, MORNING)
    with pytest.raises(Refusal, match="site_does_not_counsel"):
        outreach_teams.change_team(session, admin, team_id, replace(details, site_id=FACILITY), MORNING)
    outreach_teams.close_team(session, admin, team_id, TODAY, MORNING)
    closed = select(OutreachTeam.closed_on).where(OutreachTeam.id == team_id)
    assert session.execute(closed).scalar_one() == TODAY
    outreach_teams.reopen_team(session, admin, team_id, MORNING)
    assert session.execute(closed).scalar_one() is None


def test_the_pages_of_places_save_what_is_typed_and_say_what_is_wrong(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "admin")
    form = {
        "name": "Trạm Đông Kinh mới",
        "area_id": DONG_KINH_WARD,
        "dispenses": "y",
        "treated_by_id": FACILITY,
        "pour_step": "0,5",
        "opened_on": "2015-01-05",
    }
    assert post(client, f"/admin/sites/{DONG_KINH}/change", **form).status_code == 303
    page = client.get(f"/admin/sites/{DONG_KINH}/").text
    assert "0,5 ml" in page
    assert "Trạm Y tế phường Đông Kinh" in page
    wrong = post(client, f"/admin/sites/{DONG_KINH}/change", **{**form, "pour_step": "nửa", "treated_by_id": ""})
    assert wrong.status_code == 422
    assert "Ghi số ml, như 0,5" in wrong.text
    hours = post(client, f"/admin/sites/{DONG_KINH}/hours", day0="7h-11h", day1="sáng")
    assert (hours.status_code, 'id="day1-error">Ghi như' in hours.text) == (422, True)
    assert post(client, f"/admin/sites/{DONG_KINH}/hours", day0="7h-11h").status_code == 303
    assert "07:00–11:00" in client.get(f"/admin/sites/{DONG_KINH}/").text
    day = {"on_date": "2027-02-06", "hours": "", "reason": "Tết"}
    assert post(client, f"/admin/sites/{DONG_KINH}/exceptions", **day).status_code == 303
    again = post(client, f"/admin/sites/{DONG_KINH}/exceptions", **day)
    assert (again.status_code, 'id="on_date-error">Ngày này đã có' in again.text) == (422, True)
    assert post(client, f"/admin/areas/{AREA}/move-here", areas=CONG_SON).status_code == 303
    assert "Chọn ít nhất một nơi" in post(client, f"/admin/areas/{PROVINCE}/move-here").text
    assert post(client, f"/admin/teams/{TEAM}/close").status_code == 303
