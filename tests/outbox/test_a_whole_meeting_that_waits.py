"""A meeting that waits as a whole loses nobody who came: each waits alone, and together they are one meeting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import vault_of, writing
from counseling.domain.phone_entries import Said
from counseling.envelopes import from_b64url
from counseling.models.people import StaffRole
from counseling.models.phone_entries import WaitingVisit
from counseling.services.waiting_rows import open_said, seal_said
from counseling.services.waiting_visits import match_visit, try_again
from tests.outbox.story import ARRIVAL, SAVED, contacts, hand_in, token_of, waiting
from tests.outbox.test_matching import NEW_KEY, open_with
from tests.outbox.test_pages import at, noon, words
from tests.outbox.test_whose_visit_it_is import FAR, becomes, choices
from tests.outreach.story import someone
from tests.support.cast import Cast, post
from tests.support.phone import visit
from tests.support.settings import invented_key
from tests.support.treatment import Person

__all__ = ["noon", "open_with"]
NAMES = ("Anh Ba", "Chị Tư", "Chú Năm")
LATER = ARRIVAL + timedelta(hours=1)


def meeting_of_one_who_left(session: Session, cast: Cast, **said: object) -> list[Person]:
    """A meeting of three that arrives when its author's place in the team has ended."""
    people = [someone(session, cast, name) for name in NAMES]
    held = token_of(session, cast)
    with writing(session) as tx:
        ended = update(StaffRole).where(StaffRole.id == cast.roles["volunteer"][0])
        tx.execute(ended.values(ended_at=SAVED + timedelta(hours=1)))
    met = visit(None, people=[one.ref for one in people], place="group", minutes=60, km=4, **said)
    hand_in(session, cast, met, kind="group", held=held)
    return people


def sheet_of_who_left(app: Flask, cast: Cast) -> str:
    return words(at(app, "counselor").get(f"/teams/sheets/{cast.roles['volunteer'][0]}?month=2026-11").text)


def test_each_who_came_is_named_and_put_into_their_own_book(app: Flask, session: Session, cast: Cast) -> None:
    people, counselor = meeting_of_one_who_left(session, cast), at(app, "counselor")
    rows = waiting(session)
    assert [row.code for row in rows] == ["actor_may_not"] * 3
    for row, person in zip(rows, people, strict=True):
        address = f"/teams/visits/{row.ref}/"
        named = [ref for ref, is_chosen, text in choices(counselor, address) if is_chosen]
        assert named == [person.ref]
        assert post(counselor, f"{address}match", person=person.ref).status_code == 303
    found = contacts(session)
    assert [row.patient_id for row in found] == [person.id for person in people]
    assert len({row.group_key for row in found}) == 1 and found[0].group_key is not None
    assert "Cộng – – 1 – 1:00 4" in sheet_of_who_left(app, cast), "one meeting"


def test_one_of_them_who_is_matched_first_is_a_meeting_already(app: Flask, session: Session, cast: Cast) -> None:
    people = meeting_of_one_who_left(session, cast)
    match_visit(session, cast.viewer_of("counselor"), waiting(session)[0].ref, people[0].ref, LATER)
    assert "Cộng – – 1 – 1:00 4" in sheet_of_who_left(app, cast)


def test_from_a_colleagues_phone_each_waits_where_they_are_helped(session: Session, cast: Cast) -> None:
    here, gone = someone(session, cast, "Anh Ba"), someone(session, cast, "Chị Tư")
    becomes(session, gone, **FAR)
    met = visit(None, people=[here.ref, gone.ref], place="group", minutes=60)
    hand_in(session, cast, met, kind="group", held=token_of(session, cast, "volunteer2"))
    assert [(row.code, row.site_id) for row in waiting(session)] == [("another_actor", 2), ("another_actor", 3)]


def test_whose_sign_of_danger_it_was_waits_beside_them_and_calls_once(session: Session, cast: Cast) -> None:
    meeting_of_one_who_left(session, cast, danger=["violence"], needs=["work"])
    rows = waiting(session)
    assert [(row.code, row.danger) for row in rows] == [*[("actor_may_not", "")] * 3, ("not_on_list", "violence")]
    told = [open_said(vault_of(session), row.ref, row.said) for row in rows]
    assert [said and (said.who is None, said.needs) for said in told] == [*[(False, ())] * 3, (True, ("work",))]


def test_what_nobody_is_known_to_have_written_names_all_and_is_put_into_no_book(
    app: Flask, session: Session, cast: Cast
) -> None:
    people = [someone(session, cast, name) for name in NAMES]
    met = visit(None, people=[one.ref for one in people], place="group")
    hand_in(session, cast, met, kind="group", actor="f" * 32)
    rows, counselor = waiting(session), at(app, "counselor")
    assert [(row.code, row.role_id) for row in rows] == [("actor_unknown", None)] * 3
    for row, name in zip(rows, NAMES, strict=True):
        page = words(counselor.get(f"/teams/visits/{row.ref}/").text)
        assert name in page and "chưa rõ ai đã ghi" in page


def test_a_meeting_in_one_row_from_before_tells_who_came(app: Flask, session: Session, cast: Cast) -> None:
    people = meeting_of_one_who_left(session, cast)
    first, *others = waiting(session)
    whole = Said(outcome="met_well", place="group", people=tuple(one.ref for one in people), minutes=60, km=4)
    with writing(session) as tx:
        tx.execute(WaitingVisit.__table__.delete().where(WaitingVisit.id.in_([row.id for row in others])))
        sealed = seal_said(vault_of(tx), first.ref, whole)
        tx.execute(update(WaitingVisit).where(WaitingVisit.id == first.id).values(said=sealed))
    becomes(session, people[2], status="moved")
    counselor, address = at(app, "counselor"), f"/teams/visits/{first.ref}/"
    assert "Anh Ba, Chị Tư, Chú Năm" in words(counselor.get("/teams/").text)
    page = words(counselor.get(address).text)
    assert "Anh Ba, Chị Tư, Chú Năm" in page and "Ghi bằng tay cho những người còn lại" in page
    offered = choices(counselor, address)
    named = {ref for ref, _, text in offered[:3] if "người ghi đã chọn trên máy" in text}
    assert named == {one.ref for one in people}, "also who has moved since"


def test_a_meeting_that_is_read_at_last_is_counted_person_by_person(
    session: Session, cast: Cast, open_with: Callable[..., Session]
) -> None:
    """The first has a contact by then; what waits of the others is not taken for theirs."""
    here, gone = someone(session, cast, "Anh Ba"), someone(session, cast, "Chị Tư")
    met = visit(None, people=[here.ref, gone.ref], place="group", minutes=60)
    hand_in(session, cast, met, kind="group", point=from_b64url(NEW_KEY.newest_point))
    becomes(session, gone, status="discharged")
    counselor, (row,) = cast.viewer_of("counselor"), waiting(session)
    again = open_with(OUTBOX_KEYS=f"{invented_key(3)},{invented_key(9)}")
    assert try_again(again, counselor, row.ref, zone=VIETNAM, now=LATER) is True
    match_visit(session, counselor, row.ref, gone.ref, LATER)
    assert [row.patient_id for row in contacts(session)] == [here.id, gone.id]
    assert len({row.group_key for row in contacts(session)}) == 1
