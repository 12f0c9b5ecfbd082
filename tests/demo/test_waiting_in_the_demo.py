"""Something waits on every desk, and the round goes on from there by the services themselves."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import writing
from counseling.demo.filling import fill_demo
from counseling.jobs import tick
from counseling.models.patients import SupportFile
from counseling.models.texts import InboundMessage, OutboundMessage, Reminder
from counseling.models.window import DosePour, PatientHold, Spill
from counseling.models.witnesses import DoseWitness
from counseling.queries.adherence_list import list_adherence
from counseling.queries.canned_answers import list_canned
from counseling.queries.contact_list import list_silence
from counseling.queries.counseling import load_day
from counseling.queries.crises import list_waiting as list_urgent
from counseling.queries.doctor_desk import list_held
from counseling.queries.duty import list_roster
from counseling.queries.holds import list_holds
from counseling.queries.inbox import count_unhandled, list_conversations
from counseling.queries.latest_instant import latest_instant
from counseling.queries.tasks import list_waiting
from counseling.queries.treatment_events import list_happenings
from counseling.queries.witnesses import list_unsigned
from counseling.queries.worklist import list_work
from counseling.services.contact_summary import summarise_contacts
from counseling.services.simulated_phones import SimulatedPhones
from counseling.sms.simulator import Simulator
from tests.demo.conftest import make_ready
from tests.demo.looking import TODAY, ZONE, treated, viewer_of
from tests.support.settings import MORNING

EIGHT_AT_NIGHT = MORNING.replace(hour=20, minute=5)


@pytest.mark.parametrize(
    ("username", "side", "kinds"),
    [
        ("dispenser", "treatment", {"call_back", "see_soon"}),
        ("dispenser2", "treatment", {"call_back", "see_soon"}),
        ("nurse", "treatment", {"call_back"}),
        ("counselor", "support", {"call_by_phone"}),
        ("nurse", "support", {"call_by_phone"}),
    ],
)
def test_tasks_wait_at_the_stations_and_at_the_points(demo: Session, username: str, side: str, kinds: set[str]) -> None:
    viewer = viewer_of(demo, username, side)
    assert kinds <= {row.kind for row in list_waiting(demo, viewer, TODAY, MORNING)}
    assert count_unhandled(demo, viewer) > 0


def test_somebody_is_on_hold_and_an_alert_waits_to_be_read(demo: Session) -> None:
    doctor = viewer_of(demo, "doctor")
    (held,) = list_held(demo, doctor, TODAY).rows
    (alerted,) = demo.execute(select(PatientHold.patient_id).where(PatientHold.kind == "alert")).scalars()
    (hold,) = list_holds(demo, held.patient_id, TODAY)
    (alert,) = list_holds(demo, alerted, TODAY)
    assert (hold.by_doctor, alert.is_read, alerted != held.patient_id) == (True, False, True)
    assert "điện tim" in hold.words and "thuốc lao" in alert.words


def test_one_dose_waits_for_its_witness_at_the_station_that_asks(demo: Session) -> None:
    (line,) = list_unsigned(demo, viewer_of(demo, "nurse", "treatment"))
    assert line.dose_on == TODAY - timedelta(days=1) and line.given_by == "Vi Văn Thuận"
    assert list_unsigned(demo, viewer_of(demo, "dispenser")) == []
    assert demo.execute(select(func.count(DoseWitness.id))).scalar_one() > 50


def test_the_morning_opens_with_words_of_danger_that_nobody_has_taken_on(demo: Session) -> None:
    (waiting,) = list_urgent(demo, viewer_of(demo, "counselor", "support"))
    inbox = list_conversations(demo, viewer_of(demo, "counselor", "support"), MORNING)
    assert (inbox.conversations[0].ref, inbox.conversations[0].is_urgent) == (waiting.text_ref, True)
    assert list_urgent(demo, viewer_of(demo, "dispenser")) == []
    for username, side in (("dispenser", "treatment"), ("counselor", "support"), ("nurse", "support")):
        viewer = viewer_of(demo, username, side)
        assert list_roster(demo, side, viewer.site_id or 0) and list_canned(demo, viewer)
    rang = select(InboundMessage.side).where(InboundMessage.kind == "missed_call")
    assert list(demo.execute(rang).scalars()) == ["treatment"]


def test_a_cup_was_knocked_over_and_poured_again(demo: Session) -> None:
    spill, pour = demo.execute(select(Spill, DosePour).join(DosePour, DosePour.id == Spill.pour_id)).one()
    assert (spill.reason, pour.ended_by, spill.mg_tenths) == ("overturned", "spilled", pour.mg_tenths)
    found = list_happenings(demo, pour.patient_id, ZONE).rows
    assert [row.what for row in found if row.on == spill.spilled_on] == ["dose", "spill"]


def test_the_station_sees_what_it_has_handed_on(demo: Session) -> None:
    waiting = list_waiting(demo, viewer_of(demo, "dispenser"), TODAY, MORNING)
    states = {row.handed_on for row in waiting}
    assert {None, "waiting"} < states, "one waits for a team, one has its answer, one was never handed on"


@pytest.mark.parametrize("username", ["volunteer", "volunteer2"])
def test_volunteers_have_somebody_to_look_in_on_and_check_ins_that_are_due(demo: Session, username: str) -> None:
    work = list_work(demo, viewer_of(demo, username), TODAY, MORNING)
    assert [row.task.kind for row in work.waiting if row.task].count("look_in") >= 2
    assert any(row.task is None for row in work.waiting)


@pytest.mark.parametrize(("username", "side"), [("counselor", "support"), ("nurse", "support")])
def test_points_have_appointments_check_ins_and_visits_to_read(demo: Session, username: str, side: str) -> None:
    day = load_day(demo, viewer_of(demo, username, side), TODAY, ZONE)
    assert day.today
    assert day.check_ins
    assert day.visits


def test_both_supervisors_have_a_list(demo: Session) -> None:
    gaps = list_adherence(demo, viewer_of(demo, "supervisor"), TODAY, MORNING, ZONE)
    silence = list_silence(demo, viewer_of(demo, "community"), TODAY, MORNING)
    assert gaps.people
    assert silence.people


def test_the_clock_of_a_restart_goes_on_from_the_demo(session: Session) -> None:
    make_ready(session)
    fill_demo(session, now=MORNING, zone=VIETNAM, patients=25, days=14)
    assert latest_instant(session) == MORNING


def test_the_morning_after_is_planned_and_sent_by_the_product(session: Session) -> None:
    make_ready(session)
    fill_demo(session, now=MORNING, zone=VIETNAM, patients=40, days=20)
    now = [MORNING]
    simulator = Simulator(SimulatedPhones(lambda: Session(session.get_bind()), lambda: now[0]))
    told = set(session.execute(select(OutboundMessage.id)).scalars())
    dice = random.Random(3)
    while now[0] < EIGHT_AT_NIGHT:
        assert tick(session, simulator, now[0], VIETNAM, dice=dice).failed == ()
        now[0] += timedelta(minutes=30)
    new = session.execute(select(OutboundMessage).where(OutboundMessage.id.not_in(told))).scalars().all()
    assert {"delivered"} <= {text.state for text in new} <= {"delivered", "accepted"}
    person = treated(session, "DT-DK-0007")
    assert [text.wording for text in new if text.patient_id == person.patient_id] == ["missed_yesterday"]
    mornings = select(Reminder.patient_id).where(Reminder.on_date == TODAY, Reminder.kind == "missed_yesterday")
    assert treated(session, "DT-DK-0011").patient_id in set(session.execute(mornings).scalars())


def test_counting_the_contacts_again_changes_nothing(session: Session) -> None:
    make_ready(session)
    fill_demo(session, now=MORNING, zone=VIETNAM, patients=60, days=30)
    columns = select(SupportFile.patient_id, SupportFile.last_contact_on, SupportFile.last_outcome)
    before = session.execute(columns.order_by(SupportFile.patient_id)).all()
    session.rollback()
    with writing(session) as tx:
        for row in before:
            summarise_contacts(tx, row.patient_id)
    assert session.execute(columns.order_by(SupportFile.patient_id)).all() == before
