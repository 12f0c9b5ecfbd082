"""A province's own words: versions, the way back, and that the next text to anybody there has them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, event, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.domain.refusal import Refusal
from counseling.domain.text_wordings import Wording
from counseling.models.audit import AuditEntry
from counseling.models.places import Area, Site
from counseling.models.wordings import TextWording
from counseling.queries.wordings import list_in_force, list_versions, wordings_of
from counseling.refs import new_request_key
from counseling.services.wordings import WhichText, bring_back, write_wording
from counseling.sms.wording import SHIPPED
from tests.support.cast import CAO_LOC, DONG_KINH, PROVINCE, Cast
from tests.support.files import by
from tests.support.races import at_the_same_second
from tests.support.reminding import at, plan, queue, texts, yesterday
from tests.support.reminding import open_hours as opens
from tests.support.settings import MORNING

MISSED = "missed_yesterday"
FIRST = "Nhac viec: hom qua chua xong. Den truoc {until}. Tra loi 1 = se den, 2 = nho goi lai."
SECOND = "Nhắc việc: nhà. Đến trước {until}. Trả lời 1 = sẽ đến, 2 = nhờ gọi lại."


def write(
    session: Session, cast: Cast, typed: str = FIRST, *, seen: int = 0, key: str | None = None, text_key: str = MISSED,
    province: int = PROVINCE,
) -> None:  # fmt: skip
    which = WhichText(province, text_key, seen)
    write_wording(session, which, typed, by=by(cast, "province"), request_key=key or new_request_key(), now=MORNING)


def back(session: Session, cast: Cast, version: int, *, seen: int, key: str | None = None) -> None:
    which, who = WhichText(PROVINCE, MISSED, seen), by(cast, "province")
    bring_back(session, which, version, by=who, request_key=key or new_request_key(), now=MORNING)


def in_force(session: Session, site: int = DONG_KINH) -> Any:
    session.rollback()
    return wordings_of(session, [site])[site].get(MISSED)


def test_the_newest_version_holds_at_every_site_of_the_province_and_nowhere_else(session: Session, cast: Cast) -> None:
    with writing(session) as tx:
        other = insert(Area).values(code="04", kind="province", name="Tỉnh Cao Bằng").returning(Area.id)
        other_id = tx.execute(other).scalar_one()
        site = insert(Site).values(code="S-04", name="Trạm xa", area_id=other_id, counsels=True).returning(Site.id)
        far = tx.execute(site).scalar_one()
    assert in_force(session) is None
    write(session, cast)
    write(session, cast, SECOND, seen=1)
    held = wordings_of(session, [DONG_KINH, CAO_LOC, far])
    assert [held[site].get(MISSED) for site in (DONG_KINH, CAO_LOC, far)] == [
        Wording("Nhac viec: nha. Den truoc {until}. Tra loi 1 = se den, 2 = nho goi lai.", SECOND)
    ] * 2 + [None]
    versions = list_versions(session, PROVINCE, MISSED)
    assert [(row.version, row.written_by) for row in versions] == [(2, "Người mẫu province"), (1, "Người mẫu province")]
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert (entry.chain, entry.action) == ("house", "wording.written") and "Nhac" not in entry.details


def test_an_older_version_and_the_shipped_words_come_back(session: Session, cast: Cast) -> None:
    write(session, cast)
    write(session, cast, SECOND, seen=1)
    back(session, cast, 1, seen=2)
    assert in_force(session) == Wording(FIRST)
    back(session, cast, 0, seen=3)
    assert in_force(session) is None
    newest = list_in_force(session, PROVINCE)[MISSED]
    assert (newest.version, newest.words, newest.copy_of) == (4, None, 0)
    with pytest.raises(Refusal, match="wording_unchanged"):
        back(session, cast, 0, seen=4)
    with pytest.raises(Refusal, match="no_such_version"):
        back(session, cast, 9, seen=4)


def test_a_form_sent_twice_and_one_that_is_older_than_what_stands(session: Session, cast: Cast) -> None:
    key = new_request_key()
    write(session, cast, key=key)
    write(session, cast, key=key)
    with pytest.raises(Refusal, match="wording_changed_meanwhile"):
        write(session, cast, SECOND, seen=0)
    with pytest.raises(Refusal, match="wording_unchanged"):
        write(session, cast, seen=1)
    with pytest.raises(Refusal, match="request_key_taken"):
        write(session, cast, SHIPPED["stopped"] + " ", key=key, text_key="stopped")
    assert len(list_versions(session, PROVINCE, MISSED)) == 1


def test_of_two_who_write_at_the_same_second_one_is_told(session: Session, cast: Cast) -> None:
    session.rollback()
    outcomes = at_the_same_second(
        session.get_bind(),  # type: ignore[arg-type]  # the engine of the fixture
        lambda own: write(own, cast),
        lambda own: write(own, cast, SECOND),
    )
    assert sorted(getattr(outcome, "code", "") for outcome in outcomes) == ["", "wording_changed_meanwhile"]


def test_a_version_is_written_once(session: Session, cast: Cast) -> None:
    write(session, cast)
    for act in (update(TextWording).values(body="x"), delete(TextWording)):
        with pytest.raises(DBAPIError, match="text_wordings_never"), writing(session) as tx:
            tx.execute(act)


def test_the_next_text_has_the_words_of_the_province(session: Session, cast: Cast) -> None:
    opens(session)
    yesterday(session, cast)
    plan(session, at(6))
    write(session, cast, SECOND)
    queue(session, at(10))
    (row,) = texts(session)
    said = vault_of(session).open("outbound_messages.body", row.ref, row.body)
    assert said == "Nhac viec: nha. Den truoc 10h30. Tra loi 1 = se den, 2 = nho goi lai."


def test_where_nobody_has_written_one_small_read_is_all(session: Session, cast: Cast) -> None:
    session.rollback()
    seen: list[str] = []

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", lambda c, cur, statement, *_: seen.append(statement))
    wordings_of(session, [DONG_KINH, CAO_LOC] * 20)
    assert len([statement for statement in seen if statement.startswith("SELECT")]) == 1
