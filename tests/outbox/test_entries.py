"""An entry of a phone becomes what the page's form makes, once, or waits for somebody: it is never lost."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import vault_of, writing
from counseling.domain import phone_entries
from counseling.domain.refusal import Refusal
from counseling.models.patients import SupportFile
from counseling.models.people import StaffRole
from counseling.models.tasks import Task
from counseling.services import phone_visits
from counseling.services.phone_entries import Report, take_entry
from counseling.services.waiting_rows import open_said
from counseling.services.waiting_visits import try_again
from tests.outbox.story import (
    ARRIVAL,
    SAVED,
    a_letter,
    actor_of,
    contacts,
    entries,
    hand_in,
    token_of,
    waiting,
)
from tests.outreach.story import asked, correct, log, someone, summary, task_state
from tests.support.cast import TEAM2, Cast
from tests.support.phone import visit
from tests.support.settings import MORNING

LONG_AGO = MORNING - timedelta(days=3)


@pytest.mark.parametrize(
    ("saved", "report", "next_on", "kept"),
    [
        # By its own word eight days slow: it meant a week from the day of the visit.
        (SAVED - timedelta(days=8), Report(sent_at=ARRIVAL - timedelta(days=8)), "2026-11-21", "2026-11-29"),
        # Its battery was empty: it counts from 1970.
        (datetime(1970, 1, 1, 8, tzinfo=UTC), Report(), "1970-01-08", "2026-11-29"),
        (SAVED - timedelta(minutes=9), Report(sent_at=ARRIVAL - timedelta(minutes=9)), "2026-11-29", "2026-11-29"),
        (SAVED, Report(), "9999-12-31", None),
        (datetime(1970, 1, 1, 8, tzinfo=UTC), Report(), "9999-12-31", None),
        (SAVED, Report(), "2026-11-22", None),
    ],
)
def test_the_next_day_is_put_right_by_as_much_as_the_day_of_the_visit(
    session: Session, cast: Cast, saved: datetime, report: Report, next_on: str, kept: str | None
) -> None:
    said = visit(someone(session, cast).ref, next_on=next_on)
    assert hand_in(session, cast, said, saved=saved, report=report) == "stored"
    (row,) = contacts(session)
    assert (str(row.contact_on), row.next_on and str(row.next_on)) == ("2026-11-22", kept)


def test_the_next_day_of_a_visit_that_waits_is_right_when_it_is_matched(session: Session, cast: Cast) -> None:
    slow = {"saved": SAVED - timedelta(days=8), "report": Report(sent_at=ARRIVAL - timedelta(days=8))}
    assert hand_in(session, cast, visit(None, said="Cô Năm", next_on="2026-11-21"), **slow) == "quarantined"
    (one,) = waiting(session)
    found = open_said(vault_of(session), one.ref, one.said)
    assert found is not None and found.next_on == "2026-11-29"


def test_the_next_day_of_a_form_that_is_understood_later_is_right_too(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = visit(someone(session, cast).ref, next_on="2026-11-21")
    slow = {"saved": SAVED - timedelta(days=8), "report": Report(sent_at=ARRIVAL - timedelta(days=8))}
    assert hand_in(session, cast, said, form_version=2, **slow) == "quarantined"
    monkeypatch.setitem(phone_entries.READERS, 2, phone_entries.READERS[1])
    (one,) = waiting(session)
    assert try_again(session, cast.viewer_of("counselor"), one.ref, zone=VIETNAM, now=ARRIVAL)
    (row,) = contacts(session)
    assert (str(row.contact_on), str(row.next_on)) == ("2026-11-22", "2026-11-29")


def test_an_entry_becomes_what_the_form_makes(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    task_id = asked(session, person)
    said = visit(
        person.ref, outcome="needs_help", place="family", topics=["work", "money"], needs=["papers"], mood="low",
        agreed="hẹn ra chợ", next_on="2026-11-29", task="look_in", minutes=30, km=4,
    )  # fmt: skip
    assert hand_in(session, cast, said) == "stored"
    (row,) = contacts(session)
    assert (row.kind, row.company, row.outcome, row.topics, row.needs) == (
        "home", "family", "met_needs_help", "work,money", "papers",
    )  # fmt: skip
    assert (row.mood, row.minutes, row.km, str(row.next_on)) == ("low", 30, 4, "2026-11-29")
    assert vault_of(session).open("outreach_contacts.note", row.ref, row.note) == "hẹn ra chợ"
    assert (row.recorded_by_id, row.recorded_at, row.said_at) == (cast.staff["volunteer"], ARRIVAL, SAVED)
    assert summary(session, person) == (SAVED.date(), "met_needs_help")
    assert task_state(session, task_id) == (False, "met_needs_help")
    (kept,) = entries(session)
    assert (kept.client_time, kept.offset_minutes, kept.received_at, kept.result) == (SAVED, 420, ARRIVAL, "stored")
    assert b"ch" not in json.loads(kept.body) and "hẹn" not in kept.body.decode()


def test_a_repeat_gets_the_same_receipt_and_does_nothing(session: Session, cast: Cast) -> None:
    person, held, key = someone(session, cast), token_of(session, cast), str(uuid.uuid4())
    assert hand_in(session, cast, visit(person.ref), held=held, id=key) == "stored"
    assert hand_in(session, cast, visit(person.ref), held=held, id=key) == "already"
    lost = str(uuid.uuid4())
    assert hand_in(session, cast, visit("nobodyknows"), held=held, id=lost) == "quarantined"
    assert hand_in(session, cast, visit("nobodyknows"), held=held, id=lost) == "quarantined"
    assert (len(contacts(session)), len(entries(session)), len(waiting(session))) == (1, 2, 1)


def test_a_late_entry_stands_on_its_own_day_and_answers_only_what_was_asked_before(
    session: Session, cast: Cast
) -> None:
    person = someone(session, cast)
    log(session, cast, person, "not_met", today=MORNING.date() - timedelta(days=1))
    newer = asked(session, person)
    assert hand_in(session, cast, visit(person.ref, task="look_in"), saved=LONG_AGO) == "stored"
    assert contacts(session)[-1].contact_on == LONG_AGO.date()
    assert summary(session, person) == (MORNING.date() - timedelta(days=1), "not_met")
    assert task_state(session, newer) == (True, None)


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(days=-1), timedelta(minutes=11)])
def test_a_wrong_clock_is_put_right_and_flagged(session: Session, cast: Cast, ahead: timedelta) -> None:
    person = someone(session, cast)
    report = Report(sent_at=ARRIVAL + ahead)
    assert hand_in(session, cast, visit(person.ref), saved=SAVED + ahead, report=report) == "stored"
    assert contacts(session)[0].contact_on == SAVED.date()
    (kept,) = entries(session)
    assert kept.skew_seconds == ahead.total_seconds() and kept.client_time == SAVED + ahead


def test_what_the_phone_had_shown_is_answered_though_its_clock_is_a_few_minutes_slow(
    session: Session, cast: Cast
) -> None:
    """Asked at 10:25, on the list at 10:26, rung up at 10:30; the phone's clock, eight minutes slow, says 10:22, and
    at sending says that it is eight minutes slow."""
    person, slow = someone(session, cast), timedelta(minutes=8)
    task = asked(session, person, at=SAVED - timedelta(minutes=5))
    report = Report(sent_at=ARRIVAL - slow)
    assert hand_in(session, cast, visit(person.ref, task="look_in"), saved=SAVED - slow, report=report) == "stored"
    is_open, outcome = task_state(session, task)
    assert not is_open, outcome


def moved(session: Session, person: Any) -> None:
    with writing(session) as tx:
        tx.execute(update(SupportFile).where(SupportFile.ref == person.ref).values(team_id=TEAM2))


def ended(session: Session, person: Any) -> None:
    with writing(session) as tx:
        tx.execute(update(SupportFile).where(SupportFile.ref == person.ref).values(status="discharged"))


def withdrawn(session: Session, person: Any) -> None:
    with writing(session) as tx:
        tx.execute(update(SupportFile).where(SupportFile.ref == person.ref).values(team_id=None))


@pytest.mark.parametrize(
    ("meanwhile", "code"), [(moved, "not_in_scope"), (ended, "support_ended"), (withdrawn, "not_in_scope")]
)
def test_what_became_of_the_person_meanwhile_loses_no_visit(
    session: Session, cast: Cast, meanwhile: Any, code: str
) -> None:
    person = someone(session, cast)
    meanwhile(session, person)
    assert hand_in(session, cast, visit(person.ref, agreed="gọi lại thứ Hai", danger=["suicide"])) == "quarantined"
    (row,) = waiting(session)
    assert (row.code, row.danger, row.visited_on) == (code, "suicide", SAVED.date())
    said = open_said(vault_of(session), row.ref, row.said)
    assert said is not None and (said.who, said.agreed) == (person.ref, "gọi lại thứ Hai")
    assert not contacts(session)


@pytest.mark.parametrize(
    ("said", "changes", "code"),
    [
        (visit(None, said="Anh Tám chợ mới"), {}, "not_on_list"),
        (visit("nobodyknows"), {}, "unknown_ref"),
        (visit("nobodyknows"), {"form_version": 2}, "form_unknown"),
        (visit("nobodyknows"), {"kind": "dance"}, "form_unknown"),
        (b"[" * 4000, {}, "unreadable"),
        (b"\xff\xfe", {}, "unreadable"),
        ({"outcome": "shining"}, {}, "unreadable"),
        (visit(None, corrects=str(uuid.uuid4())), {"kind": "correction"}, "unknown_entry"),
        (visit("nobodyknows"), {"body": {"key": "00000000", "epk": "", "iv": "", "data": ""}}, "key_gone"),
        (visit("nobodyknows"), {"body": {"key": 7}}, "unreadable"),
        (visit("nobodyknows"), {"body": {}}, "unreadable"),
        (visit("nobodyknows"), {"actor": "f" * 32}, "actor_unknown"),
    ],
)  # fmt: skip
def test_what_cannot_be_worked_waits_for_the_point(
    session: Session, cast: Cast, said: Any, changes: dict[str, Any], code: str
) -> None:
    assert hand_in(session, cast, said, **changes) == "quarantined"
    (row,) = waiting(session)
    assert (row.code, row.site_id, row.state) == (code, 2, "waiting")
    assert len(entries(session)) == 1


def test_an_entry_is_never_given_to_whoever_happens_to_send_it(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    other = token_of(session, cast, "volunteer2")
    assert hand_in(session, cast, visit(person.ref), held=other, who="volunteer") == "quarantined"
    (row,) = waiting(session)
    assert (row.code, row.role_id, row.site_id) == ("another_actor", cast.roles["volunteer"][0], 2)
    assert entries(session)[0].written_by_id == cast.staff["volunteer"]


def test_whoever_has_left_the_team_has_not_visited_in_vain(session: Session, cast: Cast) -> None:
    person, held = someone(session, cast), token_of(session, cast)
    with writing(session) as tx:
        tx.execute(update(StaffRole).where(StaffRole.id == cast.roles["volunteer"][0]).values(ended_at=MORNING))
    assert hand_in(session, cast, visit(person.ref), held=held) == "quarantined"
    assert waiting(session)[0].code == "actor_may_not"


def test_of_a_group_each_who_came_has_a_contact_and_a_stranger_waits(session: Session, cast: Cast) -> None:
    people = [someone(session, cast, name) for name in ("Anh Ba", "Chị Tư", "Anh Năm")]
    came = [people[0].ref, "nobodyknows", people[2].ref]
    said = visit(None, people=came, minutes=60, place="group")
    assert hand_in(session, cast, said, kind="group") == "quarantined"
    rows = contacts(session)
    assert [row.patient_id for row in rows] == [people[0].id, people[2].id]
    assert {row.company for row in rows} == {"group"} and len({row.group_key for row in rows}) == 1
    (row,) = waiting(session)
    assert row.code == "unknown_ref"


def test_a_tick_of_a_whole_group_is_nobodys_and_a_sign_of_danger_is_looked_into(session: Session, cast: Cast) -> None:
    """Phones with an older form asked it of a group, and one tick made a danger of each who came."""
    came = [someone(session, cast, name).ref for name in ("Anh Ba", "Chị Tư")]
    ticked = {"danger": ["suicide"], "needs": ["work"], "mood": "low", "topics": ["family"]}
    assert hand_in(session, cast, visit(None, people=came, place="group", **ticked), kind="group") == "quarantined"
    assert [(row.danger, row.needs, row.mood, row.topics) for row in contacts(session)] == [
        ("", "", None, "family")
    ] * 2
    assert session.query(Task).filter_by(kind="danger_sign").count() == 0
    (row,) = waiting(session)
    assert (row.code, row.danger) == ("not_on_list", "suicide"), "whose it was somebody finds out"


def test_of_a_group_of_one_it_is_known_whose_sign_it_was(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    said = visit(None, people=[person.ref], place="group", danger=["suicide"])
    assert hand_in(session, cast, said, kind="group") == "stored"
    assert session.query(Task).filter_by(kind="danger_sign").one().patient_id == person.id


def test_a_correction_names_the_old_entry_wherever_its_chain_has_come_to(session: Session, cast: Cast) -> None:
    person, first = someone(session, cast), str(uuid.uuid4())
    hand_in(session, cast, visit(person.ref), id=first)
    for outcome in ("not_met", "needs_help"):
        corrected = visit(person.ref, outcome=outcome, corrects=first)
        assert hand_in(session, cast, corrected, kind="correction") == "stored"
    rows = contacts(session)
    assert [row.corrects_id for row in rows] == [None, rows[0].id, rows[1].id]
    assert summary(session, person) == (SAVED.date(), "met_needs_help")


def test_a_visit_logged_for_the_wrong_person_moves_to_the_right_one(session: Session, cast: Cast) -> None:
    wrong, right, first = someone(session, cast), someone(session, cast, "Chị Tư"), str(uuid.uuid4())
    hand_in(session, cast, visit(wrong.ref), id=first)
    assert hand_in(session, cast, visit(right.ref, corrects=first), kind="correction") == "stored"
    assert summary(session, wrong) == (None, None)
    assert summary(session, right) == (SAVED.date(), "met_well")


def test_a_sign_of_danger_calls_the_people_of_the_point(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    assert hand_in(session, cast, visit(person.ref, danger=["overdose", "newer_sign"])) == "stored"
    task = session.query(Task).filter_by(kind="danger_sign").one()
    assert (task.patient_id, task.site_id, task.team_id, task.closed_at) == (person.id, 2, None, None)
    assert contacts(session)[0].danger == "overdose,newer_sign"


def test_codes_of_a_newer_form_are_kept(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    said = visit(person.ref, topics=["harvest", "work"], needs=["seeds"], mood="so_so", place="field", minutes=9999)
    assert hand_in(session, cast, said) == "stored"
    (row,) = contacts(session)
    assert (row.topics, row.needs, row.kind, row.minutes) == ("work,harvest", "seeds", "elsewhere", None)


def test_a_mistake_of_ours_keeps_no_visit_on_the_phone(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = someone(session, cast)

    def break_down(*_: object, **__: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(phone_visits, "add_contact", break_down)
    assert hand_in(session, cast, visit(person.ref)) == "quarantined"
    assert waiting(session)[0].code == "not_worked" and not contacts(session)


def test_a_token_hands_in_so_many_new_entries_an_hour_and_then_waits(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("counseling.services.phone_entries.MOST_NEW_IN_AN_HOUR", 2)
    person, held = someone(session, cast), token_of(session, cast)
    first = a_letter(session, cast, visit(person.ref))
    for letter in (first, a_letter(session, cast, visit(person.ref)), first):
        take_entry(session, held, letter, Report(), zone=VIETNAM, now=ARRIVAL)
    with pytest.raises(Refusal, match="too_many_entries"):
        hand_in(session, cast, visit(person.ref), held=held)
    later = ARRIVAL + timedelta(hours=1)
    assert hand_in(session, cast, visit(person.ref), held=held, now=later) == "stored"


def test_an_entry_names_a_colleague_without_a_phone(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    with writing(session) as tx:
        tx.execute(update(StaffRole).where(StaffRole.id == cast.roles["volunteer2"][0]).values(team_id=1))
    colleague = actor_of(session, cast, "volunteer2")
    assert hand_in(session, cast, visit(person.ref, behalf_of=colleague)) == "stored"
    (row,) = contacts(session)
    assert (row.recorded_by_id, row.behalf_of_id) == (cast.staff["volunteer"], cast.staff["volunteer2"])
    correct(session, cast, person, row.ref, "not_met")
    assert contacts(session)[-1].behalf_of_id == cast.staff["volunteer2"]


def test_a_visit_just_before_midnight_stays_on_its_day_on_a_slow_line(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    saved = datetime(SAVED.year, SAVED.month, SAVED.day, 23, 59, 45, tzinfo=VIETNAM)
    sent, came = saved + timedelta(seconds=8), saved + timedelta(seconds=28)
    hand_in(session, cast, visit(person.ref), saved=saved, now=came, report=Report(sent_at=sent))
    assert contacts(session)[0].contact_on == saved.date()
