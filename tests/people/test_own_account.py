import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.refusal import Refusal
from counseling.models.audit import AuditEntry
from counseling.models.people import Staff, StaffRole, StaffSession
from counseling.services import own_account
from tests.support.cast import PASSWORD, Cast, post, sign_in
from tests.support.settings import MORNING

NEW = "một câu mới dễ nhớ"


def desk_of(session: Session, session_id: int) -> int | None:
    session.rollback()
    return session.execute(select(StaffSession.role_id).where(StaffSession.id == session_id)).scalar_one()


def test_somebody_moves_between_their_own_desks_and_it_is_audited(session: Session, cast: Cast) -> None:
    nurse = cast.viewer_of("nurse")
    other = cast.roles["nurse"][1]
    own_account.choose_desk(session, nurse, other, MORNING)
    assert desk_of(session, nurse.session_id) == other
    entry = session.execute(select(AuditEntry).order_by(AuditEntry.id.desc())).scalars().first()
    assert entry is not None
    assert (entry.chain, entry.action, entry.actor) == ("house", "desk.chosen", nurse.actor)


@pytest.mark.parametrize("whose", ["counselor", "admin", "province"])
def test_nobody_sits_down_at_somebody_elses_desk(session: Session, cast: Cast, whose: str) -> None:
    nurse = cast.viewer_of("nurse")
    with pytest.raises(Refusal, match="no_such_desk"):
        own_account.choose_desk(session, nurse, cast.roles[whose][0], MORNING)
    assert desk_of(session, nurse.session_id) == nurse.role_id


def test_a_desk_whose_role_has_ended_cannot_be_chosen(session: Session, cast: Cast) -> None:
    ended = cast.roles["nurse"][1]
    with writing(session) as tx:
        tx.execute(update(StaffRole).where(StaffRole.id == ended).values(ended_at=MORNING))
    with pytest.raises(Refusal, match="no_such_desk"):
        own_account.choose_desk(session, cast.viewer_of("nurse"), ended, MORNING)


def test_whoever_has_both_sides_sees_one_at_a_time(client: FlaskClient, cast: Cast) -> None:
    answer = post(client, "/login", page="/login", username="province", password=PASSWORD, next="/supervision/")
    assert answer.location == "/desk?next=/supervision/"
    assert client.get("/supervision/").location == "/desk"
    page = client.get("/desk?next=/supervision/").text
    assert "Giám sát điều trị" in page
    assert "Giám sát cộng đồng" in page
    chosen = post(client, "/desk", desk=cast.roles["province"][1], next="/supervision/")
    assert chosen.location == "/supervision/"


def test_a_forged_desk_is_refused_on_the_page(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "nurse")
    for forged in (cast.roles["admin"][0], "x", "", 10**20):
        assert post(client, "/desk", desk=forged).status_code == 422
    assert client.get("/admin/").status_code == 403


def test_a_new_password_ends_every_other_session_and_keeps_this_one(app: Flask, cast: Cast) -> None:
    here, there = app.test_client(), app.test_client()
    sign_in(here, "dispenser")
    sign_in(there, "dispenser")
    answer = post(here, "/account/password", old=PASSWORD, new=NEW, again=NEW)
    assert answer.status_code == 303
    assert here.get("/account/password").status_code == 200
    assert there.get("/account/password").status_code == 303
    sign_in(there, "dispenser", NEW)


@pytest.mark.parametrize(
    ("old", "new", "again", "sentence"),
    [
        ("not it", NEW, NEW, "Mật khẩu đang dùng chưa đúng"),
        (PASSWORD, NEW, NEW + "x", "Hai lần nhập chưa giống nhau"),
        (PASSWORD, "ngắn", "ngắn", "ít nhất 8 ký tự"),
        (PASSWORD, "password", "password", "quá dễ đoán"),
        (PASSWORD, "Dispenser2", "Dispenser2", "không được trùng tên đăng nhập"),
        (PASSWORD, PASSWORD, PASSWORD, "phải khác mật khẩu đang dùng"),
        ("", "", "", "Nhập mật khẩu đang dùng"),
    ],
)
def test_a_password_that_will_not_do_says_why_at_its_field(
    client: FlaskClient, cast: Cast, old: str, new: str, again: str, sentence: str
) -> None:
    sign_in(client, "dispenser2")
    answer = post(client, "/account/password", old=old, new=new, again=again)
    assert answer.status_code == 422
    assert sentence in answer.text


def test_the_password_page_is_no_place_to_guess_at(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "dispenser")
    pages = [post(client, "/account/password", old=f"guess {n}", new=NEW, again=NEW).text for n in range(7)]
    assert "thử lại" in pages[-1]
    assert "chưa đúng" not in pages[-1]


def test_nothing_else_opens_before_a_given_password_is_changed(
    client: FlaskClient, session: Session, cast: Cast
) -> None:
    with writing(session) as tx:
        tx.execute(update(Staff).where(Staff.username == "dispenser").values(must_change_password=True))
    sign_in(client, "dispenser")
    for path in ("/", "/station/", "/patients/"):
        assert client.get(path).location == "/account/password"
    assert post(client, "/account/password", old=PASSWORD, new=NEW, again=NEW).status_code == 303
    assert client.get("/").location != "/account/password"


def test_somebody_ends_one_of_their_sessions_and_nobody_elses(app: Flask, session: Session, cast: Cast) -> None:
    here, there, stranger = app.test_client(), app.test_client(), app.test_client()
    for client, name in ((here, "dispenser"), (there, "dispenser"), (stranger, "doctor")):
        sign_in(client, name)
    newest = session.execute(select(StaffSession.id).order_by(StaffSession.id.desc()).limit(2)).scalars().all()
    of_stranger, of_there = newest
    page = here.get("/account/sessions").text
    assert f"/account/sessions/{of_there}/end" in page
    assert f"/account/sessions/{of_stranger}/end" not in page
    assert post(here, f"/account/sessions/{of_stranger}/end").status_code == 404
    assert post(here, f"/account/sessions/{of_there}/end").status_code == 303
    assert there.get("/account/password").status_code == 303
    assert stranger.get("/account/password").status_code == 200
