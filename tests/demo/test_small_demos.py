"""Small demos on both databases, and the databases that a demo refuses."""

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from counseling import create_app
from counseling.database import db, vault_of, writing
from counseling.demo.filling import fill_demo, plan_people
from counseling.demo.plan import Frame
from counseling.domain.refusal import Refusal
from counseling.models import guards
from counseling.models.contacts import OutreachContact
from counseling.models.counseling import AftercareFile, Appointment, CounselingSession
from counseling.models.doses import AdherenceSummary, DayDose, StationDay
from counseling.models.patients import Patient, SupportFile, TreatmentFile
from counseling.models.people import Staff
from counseling.models.tasks import Task
from counseling.models.texts import InboundMessage, OutboundMessage, PhoneLine
from counseling.routes import viewing
from counseling.services import audit_verification
from counseling.services.adherence import from_columns, recount_from_rows
from tests.demo.conftest import make_ready
from tests.support.settings import MORNING, config_for

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
SMALL: dict[str, Any] = {"patients": 25, "days": 14, "zone": ZONE}


def later(hour: int, minute: int = 0) -> datetime:
    return MORNING.replace(hour=hour, minute=minute)


def test_a_small_demo_is_consistent_on_both_databases(session: Session) -> None:
    make_ready(session)
    fill_demo(session, now=later(9), **SMALL)
    assert session.execute(select(func.count()).select_from(TreatmentFile)).scalar_one() == 25
    for kept in session.execute(select(AdherenceSummary)).scalars():
        assert from_columns(kept.anchor_on, kept.covered, kept.complete) == recount_from_rows(session, kept.patient_id)
    assert audit_verification.verify(session).broken == []
    assert guards.missing(session.connection()) == []


def test_rows_that_come_after_the_demo_get_free_ids(session: Session) -> None:
    make_ready(session)
    fill_demo(session, now=later(9), **SMALL)
    highest = session.execute(select(func.max(Patient.id))).scalar_one()
    with writing(session) as tx:
        patient = Patient(created_at=MORNING)
        tx.add(patient)
        tx.flush()
        assert patient.id > highest


@pytest.mark.parametrize(
    ("now", "state", "attended"), [(later(0, 5), "opened", 0), (later(6, 31), "opened", 0), (later(9), "recording", 2)]
)
def test_this_morning_is_as_far_as_the_clock(session: Session, now: datetime, state: str, attended: int) -> None:
    make_ready(session)
    fill_demo(session, now=now, **SMALL)
    day = session.execute(select(StationDay).where(StationDay.day_on == now.date())).scalar_one()
    assert (day.state, day.closed_at) == (state, None)
    assert day.opened_at <= now
    doses = session.execute(select(DayDose.recorded_at).where(DayDose.dose_on == now.date())).scalars().all()
    assert len(doses) == attended
    assert all(at <= now for at in doses)


def story_of(session: Session) -> list[object]:
    """Names, addresses, doses, texts and visits of everybody, without the ids."""
    vault = vault_of(session)
    people = [
        (file.register_code, file.ref, vault.open("treatment_files.full_name", file.ref, file.full_name))
        for file in session.execute(select(TreatmentFile).order_by(TreatmentFile.register_code)).scalars()
    ]
    supported = [
        (file.ref, vault.open("support_files.community_name", file.ref, file.community_name))
        for file in session.execute(select(SupportFile).order_by(SupportFile.ref)).scalars()
    ]
    doses = session.execute(
        select(TreatmentFile.register_code, DayDose.recorded_at, DayDose.mg_tenths, DayDose.request_key)
        .join(TreatmentFile, TreatmentFile.patient_id == DayDose.patient_id)
        .order_by(DayDose.request_key)
    )
    rounds = [
        [tuple(row) for row in session.execute(select(*columns).order_by(columns[0]))]
        for columns in (
            (OutboundMessage.ref, OutboundMessage.wording, OutboundMessage.state, OutboundMessage.queued_at),
            (InboundMessage.ref, InboundMessage.meaning, InboundMessage.received_at, InboundMessage.handled_at),
            (OutreachContact.ref, OutreachContact.outcome, OutreachContact.recorded_at, OutreachContact.topics),
            (CounselingSession.ref, CounselingSession.kind, CounselingSession.recorded_at),
            (Appointment.ref, Appointment.state, Appointment.starts_at),
            (AftercareFile.request_key, AftercareFile.rhythm, AftercareFile.next_check_in_on),
            (Task.opened_at, Task.kind, Task.closed_at, Task.outcome),
            (PhoneLine.ref, PhoneLine.opted_out_at, PhoneLine.permanent_failures),
        )
    ]
    assert all(rounds), "there is something of each to compare"
    return [people, supported, [tuple(dose) for dose in doses], rounds]


def test_the_same_seed_and_day_tell_the_same_story(session: Session, tmp_path: Path, migrated_sqlite: Path) -> None:
    make_ready(session)
    fill_demo(session, now=MORNING, seed=7, **SMALL)
    shutil.copyfile(migrated_sqlite, tmp_path / "second.db")
    second = create_app(config_for(f"sqlite:///{tmp_path / 'second.db'}", tmp_path / "second", DEMO="1"))
    with second.app_context():
        make_ready(db.session())
        fill_demo(db.session, now=MORNING, seed=7, **SMALL)
        assert story_of(db.session()) == story_of(session)
        db.session.remove()
        db.engine.dispose()
    viewing.log_of(second).stop()


def test_another_seed_tells_another_story() -> None:
    frame = Frame(MORNING.date(), MORNING, ZONE, 14)
    names = [[one.person.full_name for one in plan_people(seed, frame, 25)] for seed in (7, 8)]
    assert names[0] != names[1]


def test_a_database_of_real_people_is_refused(session: Session) -> None:
    make_ready(session, is_demo=False)
    with pytest.raises(Refusal, match="not_a_demo"):
        fill_demo(session, now=MORNING, **SMALL)


def test_a_demo_is_not_filled_twice(session: Session) -> None:
    make_ready(session)
    fill_demo(session, now=MORNING, **SMALL)
    before = session.execute(select(func.count()).select_from(DayDose)).scalar_one()
    with pytest.raises(Refusal, match="has_patients"):
        fill_demo(session, now=MORNING, **SMALL)
    assert session.execute(select(func.count()).select_from(DayDose)).scalar_one() == before


def test_an_account_that_somebody_made_is_not_overwritten(session: Session) -> None:
    make_ready(session)
    with writing(session) as tx:
        tx.add(Staff(username="doctor", display_name="Một bác sĩ", password_hash="x", created_at=MORNING))
    with pytest.raises(Refusal, match="accounts_exist"):
        fill_demo(session, now=MORNING, **SMALL)
    assert session.execute(select(func.count()).select_from(Patient)).scalar_one() == 0


def test_without_init_there_is_no_demo(session: Session) -> None:
    with pytest.raises(Refusal, match="not_initialised"):
        fill_demo(session, now=MORNING, **SMALL)


def test_the_command_says_in_one_sentence_why_it_refuses(app: Flask, session: Session) -> None:
    make_ready(session, is_demo=False)
    done = app.test_cli_runner().invoke(args=["demo"])
    assert done.exit_code == 1
    assert done.output == "Error: This database was not made as a demo: invented people never go into it.\n"
