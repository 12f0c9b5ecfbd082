"""What waits is matched to somebody, dismissed with a reason, or opened again: once, and in its author's name."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling import create_app
from counseling.config import VIETNAM, Config
from counseling.database import db, vault_of
from counseling.domain.phone_entries import Said
from counseling.domain.refusal import Refusal
from counseling.envelopes import Letterbox, from_b64url
from counseling.models.tasks import Task
from counseling.queries.patients import NotFound
from counseling.queries.waiting_visits import count_by_point, count_waiting, get_waiting_visit, list_waiting_visits
from counseling.refs import new_request_key
from counseling.routes import viewing
from counseling.services.key_rotation import rotate_keys
from counseling.services.waiting_rows import open_said
from counseling.services.waiting_visits import dismiss_visit, keep_unlisted, match_visit, try_again
from tests.outbox.story import ARRIVAL, SAVED, actor_of, contacts, entries, hand_in, waiting
from tests.outreach.story import someone, summary
from tests.support.cast import Cast
from tests.support.phone import visit
from tests.support.races import at_the_same_second
from tests.support.settings import config_for, invented_key

LATER = ARRIVAL + timedelta(hours=1)
NEW_KEY = Letterbox([bytes([9]) * 32])


def test_a_match_writes_what_the_volunteer_said_in_the_volunteers_name(session: Session, cast: Cast) -> None:
    person, counselor = someone(session, cast), cast.viewer_of("counselor")
    hand_in(session, cast, visit(None, said="anh sửa xe", outcome="needs_help", danger=["violence"], minutes=30))
    (row,) = waiting(session)
    for _ in range(2):
        match_visit(session, counselor, row.ref, person.ref, LATER)
    (contact,) = contacts(session)
    assert (contact.recorded_by_id, contact.contact_on, contact.outcome, contact.minutes) == (
        cast.staff["volunteer"], SAVED.date(), "met_needs_help", 30,
    )  # fmt: skip
    assert summary(session, person) == (SAVED.date(), "met_needs_help")
    assert session.execute(select(Task.kind)).scalars().all() == ["danger_sign"]
    (row,) = waiting(session)
    assert (row.state, row.decided_by_id, row.contact_id) == ("matched", cast.staff["counselor"], contact.id)
    with pytest.raises(Refusal, match="visit_decided"):
        dismiss_visit(session, counselor, row.ref, "mistake", LATER)


def test_what_corrects_a_strangers_visit_waits_beside_it_and_leads_to_it(session: Session, cast: Cast) -> None:
    """Neither takes the other's place: an alarm of the first must not go silent by a second tap."""
    counselor = cast.viewer_of("counselor")
    hand_in(session, cast, visit(None, said="anh sửa xe", danger=["overdose"]))
    first = entries(session)[0].entry_id
    hand_in(session, cast, visit(None, said="anh sửa xe chợ Kỳ Lừa", corrects=first), kind="correction")
    old, new = (row.ref for row in waiting(session))
    assert get_waiting_visit(session, counselor, new).corrects_ref == old
    assert get_waiting_visit(session, counselor, old).corrects_ref is None
    session.rollback()
    dismiss_visit(session, counselor, old, "duplicate", LATER)
    assert get_waiting_visit(session, counselor, new).corrects_ref is None


def test_a_strangers_visit_that_was_matched_is_corrected_in_the_book(session: Session, cast: Cast) -> None:
    person, counselor = someone(session, cast), cast.viewer_of("counselor")
    hand_in(session, cast, visit(None, said="anh sửa xe"))
    match_visit(session, counselor, waiting(session)[0].ref, person.ref, LATER)
    corrects = entries(session)[0].entry_id
    said = visit(None, said="anh sửa xe", outcome="not_met", corrects=corrects)
    assert hand_in(session, cast, said, kind="correction") == "stored"
    assert [row.outcome for row in contacts(session)][-1] == "not_met"
    assert len(waiting(session)) == 1


def test_only_the_point_of_the_team_reads_and_decides(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    hand_in(session, cast, visit(None, said="anh sửa xe"))
    (row,) = waiting(session)
    for who, desk in (("nurse", 1), ("volunteer", 0), ("community", 0), ("supervisor", 0), ("admin", 0)):
        viewer = cast.viewer_of(who, desk)
        assert list_waiting_visits(session, viewer) == [] and count_waiting(session, viewer) == (0, 0)
        with pytest.raises(NotFound):
            match_visit(session, viewer, row.ref, person.ref, LATER)
        with pytest.raises(NotFound):
            dismiss_visit(session, viewer, row.ref, "trial", LATER)
    assert count_by_point(session, cast.viewer_of("community")) == [("Trạm Y tế phường Đông Kinh", 1)]
    assert count_by_point(session, cast.viewer_of("supervisor")) == []
    assert waiting(session)[0].state == "waiting"


def test_nobody_of_another_point_is_matched(session: Session, cast: Cast) -> None:
    stranger = someone(session, cast, site_id=3, team_id=2)
    hand_in(session, cast, visit(None, said="anh sửa xe"))
    (row,) = waiting(session)
    with pytest.raises(NotFound):
        match_visit(session, cast.viewer_of("counselor"), row.ref, stranger.ref, LATER)
    assert not contacts(session) and waiting(session)[0].state == "waiting"


def test_what_nobody_is_known_to_have_written_is_read_and_not_put_into_a_name(session: Session, cast: Cast) -> None:
    person, counselor = someone(session, cast), cast.viewer_of("counselor")
    hand_in(session, cast, visit(person.ref, agreed="gọi lại"), actor="f" * 32)
    (found,) = list_waiting_visits(session, counselor)
    assert found.said is not None and (found.said.agreed, found.is_author_known) == ("gọi lại", False)
    with pytest.raises(Refusal, match="author_unknown"):
        match_visit(session, counselor, found.ref, person.ref, LATER)
    dismiss_visit(session, counselor, found.ref, "recorded_by_hand", LATER)
    assert waiting(session)[0].reason == "recorded_by_hand"


def test_two_counselors_at_once_write_one_contact(session: Session, cast: Cast) -> None:
    person, counselor = someone(session, cast), cast.viewer_of("counselor")
    hand_in(session, cast, visit(None, said="anh sửa xe"))
    (row,) = waiting(session)
    engine = session.get_bind()
    outcomes = at_the_same_second(
        engine,  # type: ignore[arg-type]
        lambda own: match_visit(own, counselor, row.ref, person.ref, LATER),
        lambda own: dismiss_visit(own, counselor, row.ref, "mistake", LATER),
        lambda own: match_visit(own, counselor, row.ref, person.ref, LATER),
    )
    state = waiting(session)[0].state
    assert len(contacts(session)) == (1 if state == "matched" else 0)
    assert sum(isinstance(outcome, Refusal) for outcome in outcomes) == (1 if state == "matched" else 2), outcomes


def test_a_stranger_of_the_plain_form_waits_in_the_same_row(session: Session, cast: Cast) -> None:
    key, viewer = new_request_key(), cast.viewer_of("volunteer")
    said = Said(outcome="met_well", said="anh Tám chợ mới", danger=("suicide",))
    for _ in range(2):
        keep_unlisted(session, viewer, said, request_key=key, today=SAVED.date(), now=SAVED)
    (found,) = list_waiting_visits(session, cast.viewer_of("counselor"))
    assert (found.said, found.who, found.danger) == (said, "Người mẫu volunteer", ("suicide",))
    with pytest.raises(Refusal, match="name_missing"):
        keep_unlisted(session, viewer, Said(outcome="met_well"), request_key=key, today=SAVED.date(), now=SAVED)


@pytest.fixture
def open_with(config: Config, tmp_path: Path) -> Iterator[Callable[..., Session]]:
    """The same database as a process with other keys sees it."""
    apps: list[Flask] = []
    sessions: list[Session] = []

    def open_it(**keys: str) -> Session:
        app = create_app(config_for(config.database_url, tmp_path / "instance", **keys))
        apps.append(app)
        with app.app_context():
            sessions.append(Session(db.engine, expire_on_commit=False))
        return sessions[-1]

    yield open_it
    for session in sessions:
        session.close()
    for app in apps:
        viewing.log_of(app).stop()
        with app.app_context():
            db.engine.dispose()


def test_an_entry_for_an_older_key_is_opened_after_a_new_one_came(
    session: Session, cast: Cast, open_with: Callable[..., Session]
) -> None:
    person = someone(session, cast)
    later = open_with(OUTBOX_KEYS=f"{invented_key(9)},{invented_key(3)}")
    assert hand_in(later, cast, visit(person.ref)) == "stored"
    assert hand_in(later, cast, visit(person.ref), point=from_b64url(NEW_KEY.newest_point)) == "stored"
    assert len(contacts(session)) == 2


def test_an_entry_whose_key_is_gone_waits_and_is_recorded_when_the_key_is_back(
    session: Session, cast: Cast, open_with: Callable[..., Session]
) -> None:
    person, counselor, first = someone(session, cast), cast.viewer_of("counselor"), str(uuid.uuid4())
    new = from_b64url(NEW_KEY.newest_point)
    assert hand_in(session, cast, visit(person.ref), point=new, id=first) == "quarantined"
    assert hand_in(session, cast, visit(None, said="anh Tám"), point=new) == "quarantined"
    one, other = waiting(session)
    assert (one.code, one.said) == ("key_gone", None)
    assert try_again(session, counselor, one.ref, zone=VIETNAM, now=LATER) is False
    again = open_with(OUTBOX_KEYS=f"{invented_key(3)},{invented_key(9)}")
    for row in (one, other, one):
        try:
            assert try_again(again, counselor, row.ref, zone=VIETNAM, now=LATER) is True
        except NotFound:
            assert row is one
    one, other = waiting(session)
    assert (one.state, other.code, other.state) == ("matched", "not_on_list", "waiting")
    (contact,) = contacts(session)
    assert (contact.contact_on, contact.recorded_by_id) == (SAVED.date(), cast.staff["volunteer"])
    assert hand_in(session, cast, visit(person.ref), id=first) == "quarantined"  # the receipt of before


def test_what_waits_is_read_under_the_newest_field_key_after_a_rotation(
    session: Session, cast: Cast, open_with: Callable[..., Session]
) -> None:
    hand_in(session, cast, visit(None, said="anh sửa xe", agreed="thứ Hai"))
    rotating = open_with(DATA_KEYS=f"{invented_key(7)},{invented_key(1)}")
    assert rotate_keys(rotating, LATER).left == 0
    alone = open_with(DATA_KEYS=invented_key(7))
    (row,) = waiting(alone)
    said = open_said(vault_of(alone), row.ref, row.said)
    assert said is not None and said.agreed == "thứ Hai"
    assert get_waiting_visit(alone, cast.viewer_of("counselor"), row.ref).said == said


def test_a_page_of_before_a_rotation_still_names_its_author(
    session: Session, cast: Cast, open_with: Callable[..., Session]
) -> None:
    person, actor = someone(session, cast), actor_of(session, cast)
    both = open_with(DATA_KEYS=f"{invented_key(7)},{invented_key(1)}")
    assert actor_of(both, cast) != actor
    assert hand_in(both, cast, visit(person.ref), actor=actor) == "stored"
    assert entries(session)[0].written_by_id == cast.staff["volunteer"]
