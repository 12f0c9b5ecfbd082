from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.refusal import Refusal
from counseling.models.audit import AuditEntry
from counseling.models.people import Staff, StaffRole, StaffSession
from counseling.permissions import RoleKind, Side
from counseling.queries.viewers import find_viewer
from counseling.services import staff_accounts, staff_roles, staff_sessions
from counseling.services.staff_roles import NewRole
from tests.people.accounts import enter
from tests.support.cast import (
    AREA,
    CAO_LOC,
    DONG_KINH,
    FACILITY,
    PASSWORD,
    PEOPLE,
    PROVINCE,
    TEAM,
    Cast,
    post,
    sign_in,
)
from tests.support.settings import MORNING

NEW = "một câu mới dễ nhớ"


def add(session: Session, cast: Cast, username: str = "moi", name: str = "người mới", *roles: NewRole) -> int:
    return staff_accounts.add_staff(session, cast.viewer_of("admin"), username, name, roles, NEW, MORNING)


def actions(session: Session) -> list[str]:
    return list(session.execute(select(AuditEntry.action).where(AuditEntry.chain == "house").order_by("id")).scalars())


def test_an_account_is_made_with_its_roles_and_has_to_change_its_password(session: Session, cast: Cast) -> None:
    role = NewRole(RoleKind.DISPENSER, Side.TREATMENT, ("site", DONG_KINH))
    staff_id = add(session, cast, " MOI ", "NGUYỄN  THỊ MẪU", role)
    row = session.execute(select(Staff).where(Staff.id == staff_id)).scalar_one()
    assert (row.username, row.display_name, row.must_change_password) == ("moi", "Nguyễn Thị Mẫu", True)
    given = session.execute(select(StaffRole).where(StaffRole.staff_id == staff_id)).scalar_one()
    assert (given.kind, given.site_id, given.given_by_id) == ("dispenser", DONG_KINH, cast.staff["admin"])
    assert actions(session)[-2:] == ["staff.added", "role.given"]


@pytest.mark.parametrize(
    ("username", "name", "code"),
    [
        ("dispenser", "Ai đó", "username_taken"),
        ("DISPENSER", "Ai đó", "username_taken"),
        ("a", "Ai đó", "username_not_right"),
        ("có dấu", "Ai đó", "username_not_right"),
        ("-x", "Ai đó", "username_not_right"),
        ("moi", "  ", "name_missing"),
        ("moi", "x" * 121, "name_too_long"),
    ],
)
def test_an_account_that_cannot_be_says_why(session: Session, cast: Cast, username: str, name: str, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        add(session, cast, username, name)


@pytest.mark.parametrize(
    ("role", "code"),
    [
        (NewRole(RoleKind.DISPENSER, Side.SUPPORT, ("site", DONG_KINH)), "role_not_understood"),
        (NewRole(RoleKind.DISPENSER, Side.TREATMENT), "place_missing"),
        (NewRole(RoleKind.DISPENSER, Side.TREATMENT, ("team", TEAM)), "place_does_not_fit"),
        (NewRole(RoleKind.DISPENSER, Side.TREATMENT, ("site", FACILITY)), "site_without_function"),
        (NewRole(RoleKind.COUNSELOR, Side.SUPPORT, ("site", FACILITY)), "site_without_function"),
        (NewRole(RoleKind.DOCTOR, Side.TREATMENT, ("site", 99)), "no_such_place"),
        (NewRole(RoleKind.ADMINISTRATOR, Side.HOUSE, ("area", PROVINCE)), "place_does_not_fit"),
        (NewRole(RoleKind.SUPERVISOR, Side.HOUSE, ("area", AREA)), "role_not_understood"),
    ],
)
def test_a_role_fits_its_side_and_its_place(session: Session, cast: Cast, role: NewRole, code: str) -> None:
    before = session.execute(select(func.count(Staff.id))).scalar_one()
    with pytest.raises(Refusal, match=code):
        add(session, cast, "moi", "Người mới", role)
    assert session.execute(select(func.count(Staff.id))).scalar_one() == before


def test_the_same_role_is_given_once_and_again_after_it_ended(session: Session, cast: Cast) -> None:
    admin, role = cast.viewer_of("admin"), NewRole(RoleKind.DISPENSER, Side.TREATMENT, ("site", DONG_KINH))
    with pytest.raises(Refusal, match="role_held_already"):
        staff_roles.give_role(session, admin, cast.staff["dispenser"], role, MORNING)
    staff_roles.end_role(session, admin, cast.roles["dispenser"][0], MORNING)
    assert staff_roles.give_role(session, admin, cast.staff["dispenser"], role, MORNING) > 0


def test_an_ended_role_ends_the_desk_at_once(session: Session, cast: Cast) -> None:
    token = enter(session, "dispenser").token
    staff_roles.end_role(session, cast.viewer_of("admin"), cast.roles["dispenser"][0], MORNING)
    found = find_viewer(session, token, MORNING)
    assert found is not None
    assert found[0].role_id is None


def test_disabling_ends_every_session_at_once_and_enabling_asks_to_sign_in_anew(session: Session, cast: Cast) -> None:
    admin, tokens = cast.viewer_of("admin"), [enter(session, "dispenser").token for _ in range(3)]
    staff_accounts.disable_staff(session, admin, cast.staff["dispenser"], MORNING)
    assert [find_viewer(session, token, MORNING) for token in tokens] == [None] * 3
    staff_accounts.enable_staff(session, admin, cast.staff["dispenser"], MORNING)
    assert [find_viewer(session, token, MORNING) for token in tokens] == [None] * 3
    assert enter(session, "dispenser")


def test_a_reset_password_ends_every_session_and_has_to_be_changed(session: Session, cast: Cast) -> None:
    token = enter(session, "dispenser").token
    staff_accounts.reset_password(session, cast.viewer_of("admin"), cast.staff["dispenser"], NEW, MORNING)
    assert find_viewer(session, token, MORNING) is None
    found = find_viewer(session, enter(session, "dispenser").token, MORNING)
    assert found is not None
    assert found[0].must_change_password


def test_an_administrator_ends_one_session_or_all_of_somebody(session: Session, cast: Cast) -> None:
    admin, tokens = cast.viewer_of("admin"), [enter(session, "dispenser").token for _ in range(3)]
    first = find_viewer(session, tokens[0], MORNING)
    assert first is not None
    staff_sessions.end_session(session, admin, first[0].session_id, MORNING)
    assert [find_viewer(session, token, MORNING) is None for token in tokens] == [True, False, False]
    staff_sessions.end_all_sessions(session, admin, cast.staff["dispenser"], MORNING)
    assert [find_viewer(session, token, MORNING) for token in tokens] == [None] * 3
    reasons = session.execute(
        select(StaffSession.end_reason).where(StaffSession.staff_id == cast.staff["dispenser"])
    ).scalars()
    assert set(reasons) == {"ended_by_administrator"}


def test_nobody_takes_the_administration_from_themselves(session: Session, cast: Cast) -> None:
    admin = cast.viewer_of("admin")
    with pytest.raises(Refusal, match="own_administration"):
        staff_accounts.disable_staff(session, admin, admin.staff_id, MORNING)
    with pytest.raises(Refusal, match="own_administration"):
        staff_roles.end_role(session, admin, cast.roles["admin"][0], MORNING)


@pytest.mark.parametrize("lost", ["session", "account", "role"])
def test_an_administrator_who_stopped_being_one_meanwhile_changes_nothing(
    session: Session, cast: Cast, lost: str
) -> None:
    admin = cast.viewer_of("admin")
    table, row_id, column = {
        "session": (StaffSession, admin.session_id, "ended_at"),
        "account": (Staff, admin.staff_id, "disabled_at"),
        "role": (StaffRole, admin.role_id, "ended_at"),
    }[lost]
    with writing(session) as tx:
        tx.execute(update(table).where(table.id == row_id).values({column: MORNING}))
    with pytest.raises(Refusal, match="not_administrator"):
        add(session, cast)
    with pytest.raises(Refusal, match="not_administrator"):
        staff_accounts.disable_staff(session, admin, cast.staff["doctor"], MORNING)


def test_only_administrators_open_the_pages_of_administration(client: FlaskClient, cast: Cast) -> None:
    pages = ["/admin/", "/admin/staff/new", "/admin/staff/1/", "/admin/sessions", "/admin/sites/", "/admin/sites/1/"]
    pages += ["/admin/areas/", "/admin/areas/2/", "/admin/teams/", "/admin/teams/1/"]
    assert {client.get(page).status_code for page in pages} == {303}
    for username in PEOPLE.keys() - {"admin"}:
        sign_in(client, username)
        assert {client.get(page).status_code for page in pages} == {403}
        assert post(client, f"/admin/staff/{cast.staff['doctor']}/disable").status_code == 403
        post(client, "/logout")
    sign_in(client, "admin")
    assert {client.get(page).status_code for page in pages} == {200}
    assert client.get("/admin/staff/999/").status_code == 404


def test_a_new_colleague_gets_a_password_that_works_once(app: Flask, cast: Cast) -> None:
    admin, colleague = app.test_client(), app.test_client()
    sign_in(admin, "admin")
    form = {"username": "moi", "display_name": "người mới", "role": "counselor:support", "place": f"site:{CAO_LOC}"}
    shown = post(admin, "/admin/staff/new", **form)
    assert shown.status_code == 200
    password = shown.text.split('class="person-name"><span class="code">')[1].split("<")[0]
    sign_in(colleague, "moi", password)
    assert colleague.get("/").location == "/account/password"
    assert post(colleague, "/account/password", old=password, new=NEW, again=NEW).status_code == 303
    assert password not in admin.get("/admin/").text
    assert "Tên đăng nhập này đã có người dùng" in post(admin, "/admin/staff/new", **form).text


def test_disabling_on_the_page_shuts_the_next_request_out(app: Flask, cast: Cast) -> None:
    admin, dispenser = app.test_client(), app.test_client()
    sign_in(admin, "admin")
    sign_in(dispenser, "dispenser")
    assert post(admin, f"/admin/staff/{cast.staff['dispenser']}/disable").status_code == 303
    assert dispenser.get("/account/password").location.startswith("/login")
    answer = post(dispenser, "/login", page="/login", username="dispenser", password=PASSWORD)
    assert answer.status_code == 422


def test_a_place_that_does_not_fit_is_said_at_its_field(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "admin")
    form = {"username": "moi", "display_name": "Người mới", "role": "dispenser:treatment", "place": f"team:{TEAM}"}
    answer = post(client, "/admin/staff/new", **form)
    assert answer.status_code == 422
    assert 'id="place-error">Vai trò này cần một cơ sở' in answer.text
    assert 'value="Người mới"' in answer.text
    forged = post(client, "/admin/staff/new", **{**form, "role": "king:everywhere"})
    assert "Chọn lại: lựa chọn này không còn nữa" in forged.text


def test_old_sessions_are_not_listed(session: Session, cast: Cast, client: FlaskClient) -> None:
    sign_in(client, "admin")
    with writing(session) as tx:
        tx.execute(
            update(StaffSession)
            .where(StaffSession.staff_id != cast.staff["admin"])
            .values(last_seen_at=MORNING - timedelta(days=400))
        )
    page = client.get("/admin/sessions").text
    assert "Người mẫu dispenser" not in page
    assert "Người mẫu admin" in page
