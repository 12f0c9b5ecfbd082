"""Few read Tày, Nùng or Dao: who speaks somebody's language is shown first where somebody is chosen for them."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.refusal import Refusal
from counseling.domain.spoken_languages import SPOKEN
from counseling.models.audit import AuditEntry
from counseling.models.patients import SupportFile
from counseling.models.people import Staff, StaffRole
from counseling.queries.aftercare import list_supporters
from counseling.routes.typed_fields import LANGUAGES
from counseling.services.staff_accounts import set_languages
from tests.replies.story import has_number, texted
from tests.support.cast import DONG_KINH, TEAM, Cast, post, sign_in
from tests.support.files import patient_of, supported
from tests.support.settings import MORNING


@pytest.fixture
def colleague(session: Session, cast: Cast) -> int:
    """A second volunteer of the team, whose name comes first."""
    other = cast.staff["volunteer2"]
    with writing(session) as tx:
        tx.execute(update(StaffRole).where(StaffRole.staff_id == other).values(team_id=TEAM))
        tx.execute(update(Staff).where(Staff.id == other).values(display_name="An"))
    return other


@pytest.fixture
def met(session: Session, cast: Cast) -> str:
    """Somebody of that team who speaks Dao and does not read."""
    ref = supported(session, cast, team_id=TEAM)
    with writing(session) as tx:
        tx.execute(update(SupportFile).where(SupportFile.ref == ref).values(language="ium", can_read=False))
    return ref


def at(app: Flask, username: str) -> FlaskClient:
    client = app.test_client()
    sign_in(client, username)
    return client


def test_who_speaks_the_language_comes_first(session: Session, cast: Cast, colleague: int) -> None:
    admin, volunteer = cast.viewer_of("admin"), cast.staff["volunteer"]
    set_languages(session, admin, volunteer, ["ium", "vi"], MORNING)

    def names(language: str | None) -> list[int]:
        session.rollback()
        team = list_supporters(session, DONG_KINH, TEAM, language)
        return [one.id for one in team if one.is_volunteer]

    assert names(None) == names("vi") == [colleague, volunteer]
    assert names("ium") == [volunteer, colleague]
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert (entry.chain, entry.action, entry.subject) == ("house", "staff.languages_set", f"staff:{volunteer}")


def test_an_account_speaks_something_that_there_is(session: Session, cast: Cast) -> None:
    assert set(SPOKEN) <= {language for language, _ in LANGUAGES}
    for languages, code in (([], "language_missing"), (["vi", "other"], "language_unknown")):
        with pytest.raises(Refusal, match=code):
            set_languages(session, cast.viewer_of("admin"), cast.staff["volunteer"], languages, MORNING)
    with pytest.raises(Refusal, match="not_administrator"):
        set_languages(session, cast.viewer_of("counselor"), cast.staff["volunteer"], ["vi"], MORNING)
    assert session.execute(select(Staff.languages).distinct()).scalars().all() == ["vi"], "unless somebody says so"


def test_pages_say_who_speaks_it(app: Flask, session: Session, cast: Cast, colleague: int, met: str) -> None:
    has_number(session, patient_of(session, met), "support")
    text = texted(session, "em muốn nói chuyện")
    counselor, admin = at(app, "counselor"), at(app, "admin")
    task, opening = f"/messages/{text.ref}/task", f"/counseling/aftercare/{met}/new"
    assert "Chưa ghi ai nói được tiếng này" in counselor.get(task).text
    assert "Chưa ghi ai nói được tiếng này" in counselor.get(opening).text
    page = f"/admin/staff/{cast.staff['volunteer']}/"
    assert post(admin, f"{page}languages", page).status_code == 422
    assert post(admin, f"{page}languages", page, languages=["vi", "ium"]).status_code == 303
    assert "Nói được tiếng này: Người mẫu volunteer" in counselor.get(task).text
    shown = counselor.get(opening).text
    assert (
        "Nói được tiếng này: Người mẫu volunteer" in shown
        and "Thường nói: Tiếng Dao" in shown
        and "Không đọc được chữ: gọi hoặc gặp" in shown
    )
    assert shown.index("Người mẫu volunteer · Tiếng Dao") < shown.index(">An<")
