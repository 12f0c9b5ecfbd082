"""A visit waits because its person has left, moved or been taken off meanwhile: it is put into the right book all the
same, on the page, up to the hours and kilometres of the volunteer's month."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import writing
from counseling.envelopes import from_b64url
from counseling.models.audit import AuditEntry
from counseling.models.duty import CrisisAlert
from counseling.models.patients import SupportFile
from counseling.models.phone_entries import PhoneEntry
from counseling.models.places import Site
from counseling.services.waiting_visits import match_visit, try_again
from tests.outbox.story import ARRIVAL, SAVED, contacts, hand_in, waiting
from tests.outbox.test_matching import NEW_KEY, open_with
from tests.outbox.test_pages import at, noon, words
from tests.outreach.story import someone
from tests.support.cast import CAO_LOC, DONG_KINH, TEAM, TEAM2, Cast, post
from tests.support.phone import visit
from tests.support.settings import invented_key
from tests.support.treatment import Person

__all__ = ["noon", "open_with"]
FAR = {"site_id": CAO_LOC, "team_id": TEAM2}
SAID: dict[str, Any] = {"minutes": 30, "km": 12, "agreed": "gọi lại thứ Hai"}
CHOICES = re.compile(r'name="person" value="(\w+)" required( checked)?><span>(.*?)</label>', re.DOTALL)


def becomes(session: Session, person: Person, **changes: Any) -> None:
    with writing(session) as tx:
        tx.execute(update(SupportFile).where(SupportFile.ref == person.ref).values(**changes))


def choices(client: FlaskClient, address: str) -> list[tuple[str, bool, str]]:
    """Whom the page offers: reference, whether chosen already, what stands beside it."""
    return [(ref, bool(chosen), words(text)) for ref, chosen, text in CHOICES.findall(client.get(address).text)]


def sheet(app: Flask) -> str:
    return words(at(app, "volunteer").get("/outreach/month").text)


@pytest.mark.parametrize(
    ("status", "named"),
    [("discharged", "đã kết thúc hỗ trợ"), ("moved", "đã chuyển đi"), ("died", "đã mất")],
)
def test_a_visit_to_somebody_whose_file_has_ended_goes_into_that_very_file(
    app: Flask, session: Session, cast: Cast, status: str, named: str
) -> None:
    person, other = someone(session, cast), someone(session, cast, "Anh An")
    gone = someone(session, cast, "Anh Bảy")
    becomes(session, person, status=status)
    becomes(session, gone, status=status)
    hand_in(session, cast, visit(person.ref, **SAID))
    counselor, address = at(app, "counselor"), f"/teams/visits/{waiting(session)[0].ref}/"
    first, *others = choices(counselor, address)
    assert first[:2] == (person.ref, True) and "Anh Ba sửa xe" in first[2] and named in first[2]
    assert [(ref, chosen) for ref, chosen, _ in others] == [(other.ref, False)], "nobody else whose file has ended"
    assert "hồ sơ vẫn đóng" in words(counselor.get(address).text)
    assert post(counselor, f"{address}match", person=person.ref).status_code == 303
    (row,) = contacts(session)
    assert (row.patient_id, row.recorded_by_id, row.minutes, row.km) == (person.id, cast.staff["volunteer"], 30, 12)
    ended = session.execute(select(SupportFile.status).where(SupportFile.ref == person.ref)).scalar_one()
    assert ended == status, "a visit of before opens no file again"
    assert "gọi lại thứ Hai" in counselor.get(f"/patients/{person.ref}/").text
    assert "Cộng 1 – – – 0:30 12" in sheet(app)


@pytest.mark.parametrize("status", ["discharged", "moved", "died"])
def test_with_somebody_whose_file_has_ended_meanwhile_no_next_day_is_agreed(
    session: Session, cast: Cast, status: str
) -> None:
    person, next_on = someone(session, cast), (SAVED + timedelta(days=7)).date()
    first, counselor = str(uuid.uuid4()), cast.viewer_of("counselor")
    hand_in(session, cast, visit(person.ref, next_on=next_on.isoformat()), id=first)
    becomes(session, person, status=status)
    hand_in(session, cast, visit(person.ref, next_on=next_on.isoformat()))
    match_visit(session, counselor, waiting(session)[0].ref, person.ref, ARRIVAL)
    hand_in(session, cast, visit(person.ref, corrects=first, outcome="not_met"), kind="correction")
    assert [row.next_on for row in contacts(session)] == [next_on, None, None], "the last is the first, corrected"


def test_a_moved_persons_visit_waits_where_they_are_helped_now(app: Flask, session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    becomes(session, person, **FAR)
    assert hand_in(session, cast, visit(person.ref, **SAID)) == "quarantined"
    near, far, address = at(app, "counselor"), at(app, "nurse", 1), f"/teams/visits/{waiting(session)[0].ref}/"
    assert near.get(address).status_code == 404 and "Không có lần ghi nào chờ" in words(near.get("/teams/").text)
    assert address in far.get("/teams/").text and "1 lần chờ đối chiếu" in words(far.get("/tasks/").text)
    page = words(far.get(address).text)
    assert "Anh Ba sửa xe" in page and "Người mẫu volunteer" in page and "gọi lại thứ Hai" in page
    assert [(ref, chosen) for ref, chosen, _ in choices(far, address)] == [(person.ref, True)]
    assert post(near, f"{address}match", person=person.ref).status_code == 404
    assert post(far, f"{address}match", person=person.ref).status_code == 303
    (row,) = contacts(session)
    assert (row.patient_id, row.site_id, row.team_id) == (person.id, CAO_LOC, TEAM)
    assert (row.recorded_by_id, row.contact_on, row.minutes, row.km) == (
        cast.staff["volunteer"], waiting(session)[0].visited_on, 30, 12,
    )  # fmt: skip
    assert "gọi lại thứ Hai" in far.get(f"/patients/{person.ref}/").text
    assert near.get(f"/patients/{person.ref}/").status_code == 404
    assert "Cộng 1 – – – 0:30 12" in sheet(app)


def test_only_the_present_point_reads_of_a_moved_person(app: Flask, session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    becomes(session, person, **FAR)
    hand_in(session, cast, visit(person.ref, **SAID))
    address = f"/teams/visits/{waiting(session)[0].ref}/"
    for who in ("counselor", "volunteer", "volunteer2", "community", "dispenser2", "nurse", "doctor", "admin"):
        client = at(app, who)  # the nurse at the window, not at the point
        assert client.get(address).status_code == 404, who
        for page in (address, "/teams/", "/tasks/"):
            assert "Anh Ba sửa xe" not in client.get(page).text, (who, page)


def test_where_it_waits_stands_in_the_chain_of_that_point(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    becomes(session, person, **FAR)
    hand_in(session, cast, visit(person.ref, danger=["suicide"], **SAID))
    (row,) = waiting(session)
    query = select(AuditEntry.chain, AuditEntry.action).where(AuditEntry.subject == f"waiting_visit:{row.id}")
    found = [(entry.chain, entry.action) for entry in session.execute(query.order_by(AuditEntry.id))]
    assert found == [(f"site:{CAO_LOC}", "visit.waits"), (f"site:{CAO_LOC}", "crisis.raised")]
    assert session.execute(select(CrisisAlert.site_id)).scalars().all() == [CAO_LOC], "those are called who can go"


def test_who_is_named_of_a_meeting_waits_where_they_are_and_the_meeting_counts_once(
    app: Flask, session: Session, cast: Cast
) -> None:
    here, gone = someone(session, cast), someone(session, cast, "Chị Tư")
    becomes(session, gone, **FAR)
    met = visit(None, people=[here.ref, gone.ref], place="group", minutes=60, km=4)
    hand_in(session, cast, met, kind="group")
    assert "Cộng – – 1 – 1:00 4" in sheet(app)
    far, address = at(app, "nurse", 1), f"/teams/visits/{waiting(session)[0].ref}/"
    assert post(far, f"{address}match", person=gone.ref).status_code == 303
    assert len({row.group_key for row in contacts(session)}) == 1
    assert "Cộng – – 1 – 1:00 4" in sheet(app), "one meeting, one way there"


def test_whose_sign_of_a_meeting_it_was_adds_no_hours(app: Flask, session: Session, cast: Cast) -> None:
    one, two = someone(session, cast), someone(session, cast, "Chị Tư")
    met = visit(None, people=[one.ref, two.ref], place="group", minutes=60, km=4, danger=["violence"])
    hand_in(session, cast, met, kind="group")
    counselor, address = at(app, "counselor"), f"/teams/visits/{waiting(session)[0].ref}/"
    assert post(counselor, f"{address}match", person=two.ref).status_code == 303
    assert contacts(session)[-1].danger == "violence"
    assert re.search(r"Cộng \S+ – 1 – 1:00 4", sheet(app))


def test_a_closed_point_takes_over_nothing(session: Session, cast: Cast) -> None:
    """Nobody would read it there."""
    person = someone(session, cast)
    becomes(session, person, **FAR)
    with writing(session) as tx:
        tx.execute(update(Site).where(Site.id == CAO_LOC).values(closed_on=ARRIVAL.date()))
    hand_in(session, cast, visit(person.ref, **SAID))
    assert waiting(session)[0].site_id == DONG_KINH


def test_what_is_read_at_last_goes_to_the_point_of_whom_it_names(
    app: Flask, session: Session, cast: Cast, open_with: Callable[..., Session]
) -> None:
    person = someone(session, cast)
    sealed_to = from_b64url(NEW_KEY.newest_point)
    hand_in(session, cast, visit(person.ref, danger=["suicide"], **SAID), point=sealed_to)
    becomes(session, person, **FAR)
    (row,) = waiting(session)
    assert (row.code, row.site_id) == ("key_gone", DONG_KINH)
    again = open_with(OUTBOX_KEYS=f"{invented_key(3)},{invented_key(9)}")
    assert try_again(again, cast.viewer_of("counselor"), row.ref, zone=VIETNAM, now=ARRIVAL) is True
    (row,) = waiting(session)
    assert (row.code, row.site_id, row.danger) == ("not_in_scope", CAO_LOC, "suicide")
    assert session.execute(select(CrisisAlert.site_id)).scalars().all() == [CAO_LOC]
    handed = select(AuditEntry.chain).where(AuditEntry.action == "visit.handed_on").order_by(AuditEntry.chain)
    assert session.execute(handed).scalars().all() == [f"site:{DONG_KINH}", f"site:{CAO_LOC}"]
    session.rollback()
    assert "Anh Ba sửa xe" in at(app, "nurse", 1).get(f"/teams/visits/{row.ref}/").text
    assert at(app, "counselor").get(f"/teams/visits/{row.ref}/").status_code == 404


@pytest.mark.parametrize("is_first_matched", [False, True])
def test_a_correction_that_waits_is_put_into_the_book_with_what_it_leaves_unsaid(
    app: Flask, session: Session, cast: Cast, is_first_matched: bool
) -> None:
    """The phone says only what was tapped anew; the rest stands in the visit before, which waits as well."""
    person = someone(session, cast)
    becomes(session, person, status="discharged")
    hand_in(session, cast, visit(person.ref, **SAID, place="phone", needs=["work"], mood="low", danger=["violence"]))
    corrects = session.execute(select(PhoneEntry.entry_id)).scalar_one()
    anew = visit(person.ref, outcome="needs_help", corrects=corrects, mood="good") | {"place": None}
    hand_in(session, cast, anew, kind="correction")
    refs = [row.ref for row in waiting(session)] if is_first_matched else [waiting(session)[-1].ref]
    for ref in refs:
        assert post(at(app, "counselor"), f"/teams/visits/{ref}/match", person=person.ref).status_code == 303
    row = contacts(session)[-1]
    assert (row.corrects_id is not None) is is_first_matched and len(contacts(session)) == len(refs)
    assert "0:30 12" in sheet(app), "one visit, counted once"
    assert (row.outcome, row.kind, row.mood, row.needs, row.danger) == (
        "met_needs_help", "phone", "good", "work", "violence",
    )  # fmt: skip
    assert (row.minutes, row.km) == (30, 12)


@pytest.mark.parametrize("is_other", [False, True], ids=["same person", "wrong person"])
def test_a_correction_that_waits_loses_nothing_of_what_stands_in_the_book(
    app: Flask, session: Session, cast: Cast, is_other: bool
) -> None:
    """The visit came and was recorded; whom it should name, or their place, changed before the correction."""
    wrong, right = someone(session, cast, "Anh Ba"), someone(session, cast, "Chị Tư")
    first = {"needs": ["work"], "topics": ["family"], "mood": "low", "danger": ["violence"]}
    assert hand_in(session, cast, visit(wrong.ref, **SAID, **first, place="phone")) == "stored"
    corrects = session.execute(select(PhoneEntry.entry_id)).scalar_one()
    person = right if is_other else wrong
    # Moved to where the volunteer sees them no more; whom it should have been, ended.
    becomes(session, person, **({"status": "discharged"} if is_other else {"team_id": None}))
    anew = visit(person.ref, outcome="needs_help", corrects=corrects) | {"place": None}
    later = {"saved": SAVED + timedelta(days=1), "now": ARRIVAL + timedelta(days=1)}
    assert hand_in(session, cast, anew, kind="correction", **later) == "quarantined"
    (row,) = waiting(session)
    assert post(at(app, "counselor"), f"/teams/visits/{row.ref}/match", person=person.ref).status_code == 303
    old, last = contacts(session)[0], contacts(session)[-1]
    assert (last.patient_id, last.outcome, last.contact_on) == (person.id, "met_needs_help", old.contact_on)
    for column in ("kind", "topics", "needs", "mood", "danger", "minutes", "km"):
        assert getattr(last, column) == getattr(old, column), column
    assert last.note is not None
    assert "0:30 12" in sheet(app), "one visit, counted once"


def test_who_is_added_to_a_meeting_takes_none_of_its_hours_away(app: Flask, session: Session, cast: Cast) -> None:
    people = [someone(session, cast, name) for name in ("Anh Ba", "Chị Tư", "Ông Páo", "Bà Mẩy")]
    refs = sorted(person.ref for person in people)
    met = visit(None, people=refs[:3], place="group", minutes=60, km=4, topics=["family"])
    hand_in(session, cast, met, kind="group")
    corrects = session.execute(select(PhoneEntry.entry_id)).scalar_one()
    hand_in(session, cast, visit(None, people=refs, place="group", corrects=corrects), kind="group")
    assert "1:00 4" in sheet(app)
    assert {(row.minutes, row.km, row.topics) for row in contacts(session)} == {(60, 4, "family")}
