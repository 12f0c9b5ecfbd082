"""Texts from numbers that nobody is known to have: which point reads them is an administrator's to say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.refusal import Refusal
from counseling.models.audit import AuditEntry
from counseling.models.duty import CrisisAlert
from counseling.models.places import Site
from counseling.services.sending import send_due
from counseling.services.text_settings import set_reader_of_strangers
from tests.replies.story import REPLIED_AT, ZONE, outbound, texted
from tests.support.cast import CAO_LOC, DONG_KINH, FACILITY, Cast, post, sign_in
from tests.support.outbox import FakeProvider
from tests.support.settings import MORNING

UNKNOWN = "+84912000333"


def chosen(session: Session) -> list[int]:
    session.rollback()
    return list(session.execute(select(Site.id).where(Site.answers_strangers)).scalars())


def test_the_point_that_was_chosen_reads_them(session: Session, cast: Cast) -> None:
    admin = cast.viewer_of("admin")
    first = texted(session, "alo", number=UNKNOWN)
    set_reader_of_strangers(session, admin, CAO_LOC, REPLIED_AT)
    assert texted(session, "alo", number="+84912000444").site_id == CAO_LOC
    set_reader_of_strangers(session, admin, DONG_KINH, REPLIED_AT)
    assert chosen(session) == [DONG_KINH], "one, and one only"
    assert texted(session, "alo", number="+84912000555").site_id == DONG_KINH
    assert first.site_id == DONG_KINH
    entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "texts.reader_of_strangers_set")).all()
    assert [(one.chain, one.details) for one in entries] == [
        ("house", f'{{"site":{site}}}') for site in (CAO_LOC, DONG_KINH)
    ]


def test_only_an_open_counseling_point_can_be_chosen_and_by_an_administrator(session: Session, cast: Cast) -> None:
    with writing(session) as tx:
        tx.execute(update(Site).where(Site.id == CAO_LOC).values(closed_on=MORNING.date()))
    for site_id in (FACILITY, CAO_LOC, 999):
        with pytest.raises(Refusal, match="no_such_point"):
            set_reader_of_strangers(session, cast.viewer_of("admin"), site_id, REPLIED_AT)
    with pytest.raises(Refusal, match="not_administrator"):
        set_reader_of_strangers(session, cast.viewer_of("counselor"), DONG_KINH, REPLIED_AT)
    assert chosen(session) == []


def test_it_is_chosen_on_the_page_of_texts(app: Flask, session: Session, cast: Cast) -> None:
    client = app.test_client()
    sign_in(client, "admin")
    page = "/admin/texts/"
    assert "Tin của số lạ" in client.get(page).text
    assert post(client, f"{page}strangers", page, site_id="999").status_code == 422
    assert post(client, f"{page}strangers", page, site_id=str(CAO_LOC)).status_code == 303
    assert chosen(session) == [CAO_LOC]
    assert f'<option selected value="{CAO_LOC}">' in client.get(page).text


def no_point_counsels(session: Session, **changes: object) -> None:
    with writing(session) as tx:
        tx.execute(update(Site).values(counsels=False, **changes))


def test_where_no_point_counsels_a_strangers_danger_reaches_the_station(
    app: Flask, session: Session, cast: Cast, start_clock_at: Callable[[datetime], None]
) -> None:
    """Answered at once, called for, and in an inbox that people open every morning."""
    no_point_counsels(session)
    text = texted(session, "em muon chet", number=UNKNOWN)
    assert (text.meaning, text.side, text.site_id, text.handled_at) == ("crisis", "treatment", DONG_KINH, None)
    session.rollback()
    (alert,) = session.execute(select(CrisisAlert.inbound_id, CrisisAlert.side, CrisisAlert.site_id)).all()
    assert tuple(alert) == (text.id, "treatment", DONG_KINH)
    gateway = FakeProvider()
    send_due(session, gateway, REPLIED_AT, ZONE)
    assert [(sent.number, sent.body.split(".")[0]) for sent in gateway.sent] == [
        (UNKNOWN, "Tin nay co the chua co nguoi doc")
    ]
    start_clock_at(REPLIED_AT)
    client = app.test_client()
    sign_in(client, "dispenser")
    assert "em muon chet" in client.get(f"/messages/{text.ref}/").text
    inbox = client.get("/messages/").text
    assert "Cần xem ngay" in inbox and "em muon chet" in inbox
    assert "Có tin cần xem ngay" in client.get("/station/").text


@pytest.mark.parametrize("changes", [{"dispenses": False, "treats": True}, {"closed_on": MORNING.date()}])
def test_somebody_is_answered_whatever_is_open(session: Session, cast: Cast, changes: dict[str, object]) -> None:
    no_point_counsels(session, **changes)
    texted(session, "em muon chet", number=UNKNOWN)
    assert [row.wording for row in outbound(session)] == ["crisis"]
    assert session.execute(select(CrisisAlert.id)).first() is not None


def test_a_machine_is_not_answered(session: Session, cast: Cast) -> None:
    no_point_counsels(session)
    assert texted(session, "em muon chet", number="MOBIFONE").meaning == "other"
    assert outbound(session) == []


def test_a_point_that_opens_reads_them_again(session: Session, cast: Cast) -> None:
    no_point_counsels(session)
    assert texted(session, "alo", number=UNKNOWN).side == "treatment"
    with writing(session) as tx:
        tx.execute(update(Site).where(Site.id == CAO_LOC).values(counsels=True))
    text = texted(session, "alo", number="+84912000444")
    assert (text.side, text.site_id) == ("support", CAO_LOC)


def test_the_page_says_who_reads_them_where_no_point_can_be_chosen(app: Flask, session: Session, cast: Cast) -> None:
    no_point_counsels(session)
    client = app.test_client()
    sign_in(client, "admin")
    page = client.get("/admin/texts/").text
    assert "Tin của số lạ vào hộp tin của: Trạm Y tế phường Đông Kinh." in page
