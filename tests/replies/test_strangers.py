"""Texts from numbers that nobody is known to have: which point reads them is an administrator's to say."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.refusal import Refusal
from counseling.models.audit import AuditEntry
from counseling.models.places import Site
from counseling.services.text_settings import set_reader_of_strangers
from tests.replies.story import REPLIED_AT, texted
from tests.support.cast import CAO_LOC, DONG_KINH, FACILITY, Cast, post, sign_in
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
