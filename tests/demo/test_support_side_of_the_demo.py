"""The demo's support side: contacts, sessions, aftercare, and nothing about anybody who has not agreed."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import vault_of
from counseling.domain.aftercare import check_in_after
from counseling.domain.contacts import MET, Entry, latest_of, standing
from counseling.models import Base
from counseling.models.audit import AuditEntry
from counseling.models.base import UtcDateTime
from counseling.models.contacts import OutreachContact, VisitConsent
from counseling.models.counseling import AftercareFile, Appointment, CounselingSession
from counseling.models.patients import PhoneNumber, SupportFile, TreatmentFile
from counseling.models.tasks import Task
from counseling.models.texts import OutboundMessage, Reminder, SmsConsent
from counseling.support_rows import open_community_name
from tests.demo.looking import TODAY, count, treated
from tests.support.settings import MORNING

# What may lie ahead: what was planned, and until when something counts.
AHEAD = {
    "appointments.starts_at", "outbound_messages.expires_at", "outbound_messages.question_until",
    "phone_tokens.expires_at",
}  # fmt: skip


def entries_of(session: Session, patient_id: int) -> list[Entry]:
    rows = session.execute(select(OutreachContact).where(OutreachContact.patient_id == patient_id)).scalars()
    return [Entry(row.id, row.outcome, row.contact_on, row.corrects_id) for row in rows]


def test_no_row_is_of_a_later_moment_than_the_demo_itself(demo: Session) -> None:
    signing_in = ("staff_sessions", "devices", "sign_in_attempts")  # of other tests
    instants = [
        column
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, UtcDateTime) and table.name not in signing_in
    ]
    assert len(instants) > 50
    filled_at = demo.execute(select(AuditEntry.at).where(AuditEntry.action == "demo.filled")).scalar_one()
    for column in instants:
        later = demo.execute(select(column).where(column > filled_at).limit(1)).all()
        assert not later or f"{column.table.name}.{column.name}" in AHEAD, column


def test_the_last_contact_of_a_file_is_what_its_rows_give(demo: Session) -> None:
    corrected = select(OutreachContact.outcome).where(OutreachContact.corrects_id.is_not(None))
    assert {"withdrawn"} < set(demo.execute(corrected).scalars()), "some were corrected, some undone"
    for file in demo.execute(select(SupportFile)).scalars():
        latest = latest_of(entries_of(demo, file.patient_id))
        held = select(CounselingSession.held_on).where(CounselingSession.patient_id == file.patient_id)
        known = [(latest.contact_on, 1, latest.outcome)] if latest else []
        known += [(on, 0, "met_well") for on in demo.execute(held).scalars()]
        on, _, outcome = max(known, default=(None, 0, None))
        assert (file.last_contact_on, file.last_outcome) == (on, outcome)


def answered_check_ins(demo: Session, file: AftercareFile) -> list[date]:
    answered = select(OutboundMessage.answered_at).where(
        OutboundMessage.patient_id == file.patient_id,
        OutboundMessage.question == "check_in",
        OutboundMessage.answered_at.is_not(None),
    )
    return [at.astimezone(VIETNAM).date() for at in demo.execute(answered).scalars() if at is not None]


def test_forty_people_are_in_aftercare_and_the_next_check_in_follows_who_was_met_or_answered(demo: Session) -> None:
    files = demo.execute(select(AftercareFile)).scalars().all()
    assert len({file.patient_id for file in files}) == 40
    assert any(file.ended_on for file in files)
    open_files = [file for file in files if file.ended_on is None]
    assert any(file.next_check_in_on < TODAY for file in open_files), "some are overdue"
    assert {file.rhythm for file in open_files} == {"weekly", "fortnightly", "monthly"}
    assert any(file.supporter_id for file in files)
    for file in open_files:
        entries = entries_of(demo, file.patient_id)
        if any(entry.corrects_id for entry in entries):
            continue
        met = [entry.contact_on for entry in standing(entries) if entry.outcome in MET]
        held = select(CounselingSession.held_on).where(CounselingSession.patient_id == file.patient_id)
        days = [file.opened_on, *met, *demo.execute(held).scalars(), *answered_check_ins(demo, file)]
        assert file.next_check_in_on == check_in_after(file.rhythm, max(days))


def test_nothing_stands_on_the_support_side_about_who_has_no_file_there(demo: Session) -> None:
    known = set(demo.execute(select(SupportFile.patient_id)).scalars())
    rows: list[Any] = [OutreachContact.patient_id, Appointment.patient_id, AftercareFile.patient_id]
    found = {patient_id for column in rows for patient_id in demo.execute(select(column)).scalars()}
    for model in (Task, Reminder, OutboundMessage, SmsConsent, PhoneNumber):
        found |= set(demo.execute(select(model.patient_id).where(model.side == "support")).scalars())
    found |= set(demo.execute(select(CounselingSession.patient_id)).scalars())
    assert found - {None} <= known


def test_whoever_has_both_files_has_agreed_and_was_handed_on_only_while_that_stood(demo: Session) -> None:
    consents = {row.patient_id: row for row in demo.execute(select(VisitConsent)).scalars()}
    both = select(SupportFile.patient_id).join(TreatmentFile, TreatmentFile.patient_id == SupportFile.patient_id)
    assert set(demo.execute(both).scalars()) == consents.keys()
    assert any(row.withdrawn_at for row in consents.values())
    handed = demo.execute(select(Task).where(Task.handed_to_id.is_not(None))).scalars().all()
    assert len(handed) >= 3
    for task in handed:
        consent, look_in = consents[task.patient_id], demo.get(Task, task.handed_to_id)
        assert consent.given_at < task.opened_at < (consent.withdrawn_at or MORNING)
        assert look_in is not None and look_in.team_id == consent.team_id
        assert look_in.dedupe_key == f"look_in:{task.patient_id}:for:{task.id}"
        assert look_in.due_on == task.due_on + timedelta(days=1)


def test_a_file_made_by_an_agreement_holds_the_chosen_name_and_nothing_of_the_treatment(demo: Session) -> None:
    made = select(SupportFile).join(VisitConsent, VisitConsent.patient_id == SupportFile.patient_id)
    for file in demo.execute(made).scalars():
        assert (file.birth_year, file.sex, file.hamlet, file.notes, file.request_key) == (
            None,
            "unknown",
            None,
            None,
            None,
        )


def test_contacts_closed_the_tasks_that_they_answered(demo: Session) -> None:
    answered = demo.execute(select(OutreachContact).where(OutreachContact.task_id.is_not(None))).scalars().all()
    assert answered
    for contact in answered:
        task = demo.get(Task, contact.task_id)
        assert task is not None
        assert (task.closed_at, task.closed_by_id, task.outcome) == (
            contact.recorded_at,
            contact.recorded_by_id,
            contact.outcome,
        )


def test_sessions_were_held_with_people_known_and_unknown_and_kept_their_appointments(demo: Session) -> None:
    assert count(demo, CounselingSession.patient_id.is_(None)) >= 8
    assert count(demo, CounselingSession.patient_id.is_not(None)) >= 15
    days = select(Appointment.patient_id, Appointment.changed_at).where(Appointment.state == "kept")
    logged = {tuple(row) for row in demo.execute(select(CounselingSession.patient_id, CounselingSession.recorded_at))}
    assert {tuple(row) for row in demo.execute(days)} <= logged
    assert count(demo, Appointment.state == "booked", Appointment.starts_at < MORNING) == 0
    assert count(demo, Appointment.state == "booked", Appointment.starts_at > MORNING) >= 6


@pytest.mark.parametrize(
    ("action", "model"),
    [
        ("contact.logged", OutreachContact.corrects_id.is_(None)),
        ("session.logged", CounselingSession.id > 0),
        ("appointment.booked", Appointment.id > 0),
        ("aftercare.opened", AftercareFile.id > 0),
        ("patient.visits_agreed", VisitConsent.id > 0),
        ("supported.registered", SupportFile.patient_id > 0),
    ],
)
def test_what_was_written_down_stands_in_the_audit(demo: Session, action: str, model: Any) -> None:
    assert count(demo, AuditEntry.action == action) == count(demo, model)


def test_the_person_of_the_round_waits_for_it(demo: Session) -> None:
    file = treated(demo, "DT-DK-0007")
    support = demo.get(SupportFile, file.patient_id)
    assert support is not None
    assert open_community_name(vault_of(demo), support.ref, support.community_name) == "anh Ba sửa xe"
    assert count(demo, SmsConsent.patient_id == file.patient_id, SmsConsent.side == "treatment") == 1
    consent = demo.execute(select(VisitConsent).where(VisitConsent.patient_id == file.patient_id)).scalar_one()
    assert (consent.withdrawn_at, consent.team_id) == (None, support.team_id)
    number = demo.execute(select(PhoneNumber).where(PhoneNumber.patient_id == file.patient_id)).scalar_one()
    assert number.confirmed_at is not None
    assert not count(demo, Task.patient_id == file.patient_id, Task.closed_at.is_(None))


def test_others_missed_yesterday_and_may_not_be_looked_in_on(demo: Session) -> None:
    never_asked, took_back = treated(demo, "DT-DK-0011"), treated(demo, "DT-DK-0006")
    assert demo.get(SupportFile, never_asked.patient_id) is None
    consent = demo.execute(select(VisitConsent).where(VisitConsent.patient_id == took_back.patient_id)).scalar_one()
    assert consent.withdrawn_at is not None
    for file in (never_asked, took_back):
        assert count(demo, SmsConsent.patient_id == file.patient_id, SmsConsent.side == "treatment") == 1
        assert not count(demo, Task.patient_id == file.patient_id, Task.kind == "look_in")
