"""What crosses from the treatment side: with consent only, the next day, without a word of why."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import writing
from counseling.models import Base
from counseling.models.audit import AuditEntry
from counseling.models.contacts import VisitConsent
from counseling.models.patients import SupportFile
from counseling.models.places import OutreachTeam
from counseling.models.tasks import Task
from counseling.refs import new_ref, new_request_key
from counseling.services.crossing import appears_at, ask_to_call_back
from tests.support.cast import CAO_LOC, DONG_KINH, TEAM, TEAM2, Cast
from tests.support.files import patient_of, registered, supported
from tests.support.settings import MORNING

TODAY = MORNING.date()
TOMORROW = TODAY + timedelta(days=1)


def asks(session: Session, patient_id: int, side: str = "treatment", *, now: datetime = MORNING, dice: int = 1) -> None:
    with writing(session) as tx:
        ask_to_call_back(
            tx, patient_id, side, DONG_KINH, today=now.date(), now=now, zone=VIETNAM, dice=random.Random(dice)
        )


def tasks(session: Session, side: str) -> list[Task]:
    session.expire_all()
    return list(session.scalars(select(Task).where(Task.side == side).order_by(Task.id)))


def met_by(session: Session, cast: Cast, patient_id: int, team_id: int = TEAM2, site_id: int = CAO_LOC) -> None:
    """The support file and the consent as services/visit_consents.py writes them."""
    met = supported(session, cast, site_id=site_id, team_id=team_id)
    with writing(session) as tx:
        tx.execute(update(SupportFile).where(SupportFile.ref == met).values(patient_id=patient_id))
        tx.execute(
            insert(VisitConsent).values(
                ref=new_ref(), patient_id=patient_id, team_id=team_id, version="v1", place="home",
                pretext="acquaintance", given_at=MORNING, asked_by_id=cast.staff["dispenser"],
                request_key=new_request_key(),
            )
        )  # fmt: skip


@pytest.fixture
def treated(session: Session, cast: Cast) -> int:
    return patient_of(session, registered(session, cast))


def test_without_consent_it_stays_with_the_station(session: Session, treated: int) -> None:
    asks(session, treated)
    (call_back,) = tasks(session, "treatment")
    assert (call_back.kind, call_back.site_id, call_back.due_on) == ("call_back", DONG_KINH, TODAY)
    assert call_back.handed_to_id is None
    assert everywhere_but_at_the_station(session, treated) == []


def everywhere_but_at_the_station(session: Session, patient_id: int) -> list[str]:
    """Rows about this person in any table whose rows belong to the support side."""
    session.rollback()
    found = []
    for table in Base.metadata.sorted_tables:
        if "patient_id" not in table.c:
            continue
        rows = session.execute(select(table).where(table.c.patient_id == patient_id)).mappings()
        ours = ("treatment_files", "adherence_summaries", "dosed_elsewhere", "sms_consents", "outbound_messages")
        found += [
            f"{table.name} {dict(row)}" for row in rows if table.name not in ours and row.get("side") != "treatment"
        ]
    return found


def test_with_consent_the_team_is_asked_to_look_in_on_the_next_day(session: Session, cast: Cast, treated: int) -> None:
    met_by(session, cast, treated)
    asks(session, treated)
    (call_back,), (look_in,) = tasks(session, "treatment"), tasks(session, "support")
    assert call_back.handed_to_id == look_in.id
    assert (look_in.kind, look_in.team_id, look_in.site_id) == ("look_in", TEAM2, CAO_LOC)
    assert look_in.due_on == TOMORROW
    assert look_in.visible_from is not None
    assert look_in.visible_from.astimezone(VIETNAM).date() == TOMORROW


def test_what_crosses_says_nothing_of_its_moment_its_reason_or_its_station(
    session: Session, cast: Cast, treated: int
) -> None:
    met_by(session, cast, treated)
    asks(session, treated)
    (look_in,) = tasks(session, "support")
    assert look_in.opened_at == look_in.visible_from
    assert look_in.opened_by_id is None
    session.rollback()
    entries = {
        entry.chain: (entry.actor, entry.subject, json.loads(entry.details))
        for entry in session.scalars(select(AuditEntry).where(AuditEntry.action == "task.opened"))
    }
    (call_back,) = tasks(session, "treatment")
    assert entries == {
        f"site:{DONG_KINH}": ("rule:answered_text", f"patient:{treated}", {"task": call_back.id}),
        f"site:{CAO_LOC}": ("rule:answered_text", f"patient:{treated}", {"task": look_in.id}),
    }


def test_the_hour_of_appearing_is_random_within_the_next_working_day() -> None:
    dice = random.Random(7)
    instants = [appears_at(TODAY, VIETNAM, dice).astimezone(VIETNAM) for _ in range(3_000)]
    assert {instant.date() for instant in instants} == {TOMORROW}
    assert {instant.hour for instant in instants} == set(range(8, 17))
    assert len({instant.minute for instant in instants}) == 60


def test_asked_twice_on_a_day_it_is_one_task(session: Session, cast: Cast, treated: int) -> None:
    met_by(session, cast, treated)
    asks(session, treated)
    asks(session, treated, now=MORNING + timedelta(hours=2), dice=2)
    assert [len(tasks(session, side)) for side in ("treatment", "support")] == [1, 1]


def test_while_the_team_is_still_asked_another_day_adds_nothing_to_its_list(
    session: Session, cast: Cast, treated: int
) -> None:
    met_by(session, cast, treated)
    asks(session, treated)
    asks(session, treated, now=MORNING + timedelta(days=1))
    assert [len(tasks(session, side)) for side in ("treatment", "support")] == [2, 1]
    (look_in,) = tasks(session, "support")
    with writing(session) as tx:
        who = {"closed_at": MORNING, "closed_by_id": cast.staff["volunteer2"], "outcome": "not_met"}
        tx.execute(update(Task).where(Task.id == look_in.id).values(**who))
    asks(session, treated, now=MORNING + timedelta(days=2))
    assert [len(tasks(session, side)) for side in ("treatment", "support")] == [3, 2]


@pytest.mark.parametrize("ended", ["consent", "team", "file"])
def test_a_consent_withdrawn_a_closed_team_or_an_ended_support_hands_nothing_on(
    session: Session, cast: Cast, treated: int, ended: str
) -> None:
    met_by(session, cast, treated)
    with writing(session) as tx:
        if ended == "consent":
            who = {"withdrawn_at": MORNING, "withdrawn_by_id": cast.staff["dispenser"]}
            tx.execute(update(VisitConsent).values(**who))
        elif ended == "team":
            tx.execute(update(OutreachTeam).where(OutreachTeam.id == TEAM2).values(closed_on=TODAY))
        else:
            tx.execute(update(SupportFile).values(status="moved"))
    asks(session, treated)
    assert len(tasks(session, "treatment")) == 1
    assert tasks(session, "support") == []


def test_who_asks_the_point_is_called_by_the_point(session: Session, cast: Cast) -> None:
    met = patient_of(session, supported(session, cast, team_id=TEAM))
    asks(session, met, "support")
    (call,) = tasks(session, "support")
    assert (call.kind, call.site_id, call.team_id, call.visible_from) == ("call_by_phone", DONG_KINH, None, None)
    assert tasks(session, "treatment") == []
