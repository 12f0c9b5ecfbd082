"""Words of danger: answered always, pinned, called along the roster until somebody takes them on."""

from __future__ import annotations

import random
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, Row, select, update
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.domain.duty import EVERY_DAY, Shift
from counseling.domain.refusal import Refusal
from counseling.jobs import tick
from counseling.models.audit import AuditEntry
from counseling.models.duty import CrisisAlert, DutyCall
from counseling.models.patients import PhoneNumber
from counseling.models.people import Staff, StaffRole
from counseling.models.tasks import Task
from counseling.models.texts import OutboundMessage, PhoneLine
from counseling.queries.crises import list_waiting
from counseling.queries.just_before import find_line_now
from counseling.queries.worklist import list_work
from counseling.refs import new_request_key
from counseling.services.crises import take_on
from counseling.services.duty_roster import add_shift, end_shift, list_unreached, set_duty_phone
from counseling.services.escalation import call_on_duty
from counseling.services.inbound import store_inbound
from counseling.services.inbox import answer_text, mark_handled
from counseling.services.reminder_gates import why_not_now
from counseling.services.sms_consents import give_consent
from counseling.sms.wording import text_of
from tests.agreements.story import WORDS
from tests.replies.story import (
    NUMBER,
    OTHER_NUMBER,
    REPLIED_AT,
    ZONE,
    asked,
    comes_in,
    has_number,
    inbound,
    outbound,
    read,
    texted,
)  # fmt: skip
from tests.support.cast import CAO_LOC, DONG_KINH, TEAM, Cast
from tests.support.files import by, patient_of, supported
from tests.support.outbox import FakeProvider
from tests.support.races import at_the_same_second

NOW = REPLIED_AT  # 8:30 on a Sunday
A_MINUTE = timedelta(minutes=1)
DANGER = "em muốn chết"


def alerts(session: Session) -> list[Row[Any]]:
    session.rollback()
    return list(session.execute(select(*CrisisAlert.__table__.columns).order_by(CrisisAlert.id)))


def calls(session: Session) -> list[tuple[int, int]]:
    session.rollback()
    return [(row.number, row.staff_id) for row in session.execute(select(DutyCall).order_by(DutyCall.id)).scalars()]


def on_duty(
    session: Session, cast: Cast, username: str, position: int = 1, *, since: int = 7, until: int = 17, wait: int = 10,
    side: str = "treatment", site: int = DONG_KINH,
) -> None:  # fmt: skip
    shift = Shift(
        staff_id=cast.staff[username], days=EVERY_DAY, starts_at=time(since), ends_at=time(until), position=position,
        wait_minutes=wait,
    )  # fmt: skip
    add_shift(session, side, site, shift, by=by(cast, "dispenser"), request_key=new_request_key(), now=NOW)


def colleague(session: Session, cast: Cast, username: str = "nurse") -> None:
    """Somebody else gets a desk at the window of Đông Kinh."""
    role = {"kind": "dispenser", "side": "treatment", "site_id": DONG_KINH, "given_at": NOW}
    with writing(session) as tx:
        tx.execute(StaffRole.__table__.insert().values(staff_id=cast.staff[username], **role))


def escalate(session: Session, at: datetime) -> int:
    return call_on_duty(session, at, ZONE)


# ---- the text ----


def test_danger_stands_unhandled_with_an_alert_and_an_answer(session: Session, treated: int, line: int) -> None:
    row = texted(session, DANGER)
    assert (row.meaning, row.handled_at, row.patient_id, row.site_id) == ("crisis", None, treated, DONG_KINH)
    (alert,) = alerts(session)
    assert (alert.inbound_id, alert.line_id, alert.side, alert.site_id) == (row.id, line, "treatment", DONG_KINH)
    (answer,) = outbound(session)
    body = vault_of(session).open("outbound_messages.body", answer.ref, answer.body)
    assert (answer.wording, answer.answer_hour, body) == ("crisis", None, text_of("crisis"))
    entry = session.execute(select(AuditEntry.details).where(AuditEntry.action == "crisis.raised")).scalar_one()
    assert entry == f'{{"alert":{alert.id}}}'


def test_danger_is_no_answer_to_the_open_question(session: Session, treated: int, line: int) -> None:
    asked(session, line, treated)
    assert texted(session, "1 em muốn chết").meaning == "crisis"
    assert outbound(session, "missed_yesterday")[0].answer is None


@pytest.mark.parametrize("at", [REPLIED_AT, datetime(2026, 11, 22, 2, 0, tzinfo=ZONE)])
def test_the_answer_goes_out_at_any_hour_to_who_stopped_and_to_a_number_that_failed(
    session: Session, cast: Cast, treated: int, line: int, at: datetime
) -> None:
    texted(session, "NGUNG", at=at - timedelta(hours=1))
    with writing(session) as tx:
        tx.execute(update(PhoneLine).values(permanent_failures=9))
    for minute in range(3):
        texted(session, DANGER, at=at + minute * A_MINUTE)
    sent = outbound(session, "crisis")
    assert len(sent) == 3  # not one for each hour
    with writing(session) as tx:
        assert [why_not_now(tx, one, at + 2 * A_MINUTE, ZONE) for one in sent] == [None] * 3


def test_who_texts_again_has_one_alert(session: Session, treated: int, line: int) -> None:
    for minute in range(3):
        texted(session, DANGER, at=NOW + minute * A_MINUTE)
    assert len(alerts(session)) == 1
    assert {row.meaning for row in inbound(session)} == {"crisis"}


def test_a_machine_that_answers_our_answer_makes_no_loop(session: Session, treated: int, line: int) -> None:
    at = NOW
    for _ in range(40):
        texted(session, "Toi ban. Neu cap cuu xin goi 115", at=at)
        at += timedelta(seconds=20)
    assert len(outbound(session, "crisis")) == 5
    assert len(alerts(session)) == 1
    texted(session, "Toi ban. Neu cap cuu xin goi 115", at=at + timedelta(hours=1))
    assert len(outbound(session, "crisis")) == 6


def test_our_own_words_quoted_back_are_no_danger(session: Session, treated: int, line: int) -> None:
    texted(session, DANGER)
    again = texted(session, f"Khong gui duoc: “{text_of('crisis')}”", at=NOW + A_MINUTE)
    assert again.meaning == "other"
    assert texted(session, f"{text_of('crisis')} em muốn chết", at=NOW + 2 * A_MINUTE).meaning == "crisis"


@pytest.mark.parametrize("sender", ["VIETTEL", "9029"])
def test_an_operators_advertisement_wakes_nobody(session: Session, cast: Cast, sender: str) -> None:
    assert texted(session, "Cap cuu 115 mien phi", number=sender).meaning == "other"
    assert alerts(session) == [] and outbound(session) == []


def test_a_stranger_in_danger_is_read_by_the_point_for_strangers(session: Session, cast: Cast) -> None:
    texted(session, DANGER, number=OTHER_NUMBER)
    (alert,) = alerts(session)
    assert (alert.side, alert.site_id) == ("support", DONG_KINH)
    assert outbound(session)[0].patient_id is None


# ---- the roster ----


def test_outside_the_hours_the_answer_says_from_when_on(session: Session, cast: Cast, treated: int, line: int) -> None:
    on_duty(session, cast, "dispenser")
    night = datetime(2026, 11, 22, 21, 0, tzinfo=ZONE)
    texted(session, DANGER, at=night)
    (answer,) = outbound(session)
    body = vault_of(session).open("outbound_messages.body", answer.ref, answer.body)
    assert (answer.wording, body) == ("crisis_shut", text_of("crisis_shut", since="7h thu Hai 23/11"))
    assert escalate(session, night) == 0
    assert escalate(session, night + timedelta(hours=9, minutes=59)) == 0
    assert escalate(session, night + timedelta(hours=10)) == 1, "the morning opens with it"
    assert [staff for _, staff in calls(session)] == [cast.staff["dispenser"]]


def test_the_next_is_called_after_their_minutes_until_somebody_takes_it_on(
    session: Session, cast: Cast, treated: int, line: int
) -> None:
    colleague(session, cast)
    on_duty(session, cast, "dispenser", 1, wait=5)
    on_duty(session, cast, "nurse", 2, wait=10)
    texted(session, DANGER)
    first, second = cast.staff["dispenser"], cast.staff["nurse"]
    made = [escalate(session, NOW + minute * A_MINUTE) for minute in range(26)]
    assert [minute for minute, count in enumerate(made) if count] == [0, 5, 15, 25]
    assert calls(session) == [(1, first), (2, second), (3, first), (4, second)]
    (alert,) = alerts(session)
    assert take_on(session, alert.id, by=by(cast, "nurse"), now=NOW + timedelta(minutes=26)) is True
    assert take_on(session, alert.id, by=by(cast, "dispenser"), now=NOW + timedelta(minutes=27)) is False
    assert escalate(session, NOW + timedelta(hours=8)) == 0
    (alert,) = alerts(session)
    assert (alert.taken_by_id, alert.calls) == (second, 4)


def test_a_shift_that_begins_is_called_at_once_however_long_the_one_before_had(
    session: Session, cast: Cast, treated: int, line: int
) -> None:
    colleague(session, cast)
    for name, since, until in (("dispenser", 7, 10), ("nurse", 10, 17)):
        shift = Shift(
            staff_id=cast.staff[name], days=EVERY_DAY, starts_at=time(since), ends_at=time(until), position=1,
            wait_minutes=30,
        )  # fmt: skip
        add_shift(
            session, "treatment", DONG_KINH, shift, by=by(cast, "dispenser"), request_key=new_request_key(),
            now=REPLIED_AT,
        )  # fmt: skip
    texted(session, "em muốn chết", at=REPLIED_AT + timedelta(minutes=29))  # 8:59
    for minute in range(29, 95):
        escalate(session, REPLIED_AT + timedelta(minutes=minute))
    assert [staff for _, staff in calls(session)] == [cast.staff[name] for name in ("dispenser", "dispenser", "nurse")]


def test_the_first_of_the_next_shift_is_called_first_and_whoever_is_added_at_once(
    session: Session, cast: Cast, treated: int, line: int
) -> None:
    def duty(name: str, position: int, since: int, until: int, now: datetime) -> None:
        shift = Shift(
            staff_id=cast.staff[name], days=EVERY_DAY, starts_at=time(since), ends_at=time(until), position=position,
            wait_minutes=30,
        )  # fmt: skip
        key = new_request_key()
        add_shift(session, "treatment", DONG_KINH, shift, by=by(cast, "dispenser"), request_key=key, now=now)

    colleague(session, cast)
    colleague(session, cast, "counselor")
    late = REPLIED_AT.replace(hour=23, minute=45)
    duty("dispenser", 1, 18, 0, late)
    duty("nurse", 1, 0, 6, late)
    texted(session, DANGER, at=late)
    for minute in range(20):
        escalate(session, late + minute * A_MINUTE)
    assert [staff for _, staff in calls(session)] == [cast.staff[name] for name in ("dispenser", "nurse")]
    duty("counselor", 2, 0, 6, late + 21 * A_MINUTE)
    escalate(session, late + 22 * A_MINUTE)
    assert [staff for _, staff in calls(session)][2:] == [cast.staff["counselor"]]


def test_the_text_to_a_phone_on_duty_says_nothing(session: Session, cast: Cast, treated: int, line: int) -> None:
    set_duty_phone(session, "+84912999888", by=by(cast, "dispenser"), now=NOW)
    on_duty(session, cast, "dispenser", since=7, until=7)  # round the clock
    night = datetime(2026, 11, 22, 23, 30, tzinfo=ZONE)
    texted(session, DANGER, at=night)
    escalate(session, night)
    (sent,) = outbound(session, "duty")
    body = vault_of(session).open("outbound_messages.body", sent.ref, sent.body)
    assert body == text_of("duty")
    assert (sent.patient_id, sent.is_automatic, sent.counted_on) == (None, True, None)
    with writing(session) as tx:
        assert why_not_now(tx, sent, night, ZONE) is None
    entries = session.execute(select(AuditEntry.details).where(AuditEntry.action.startswith("duty."))).scalars()
    assert all("912999888" not in entry for entry in entries)


def test_a_phone_on_duty_that_failed_is_called_all_the_same(
    session: Session, cast: Cast, treated: int, line: int
) -> None:
    """Perhaps the operator was wrong; nobody else is told sooner for not trying. The roster says that it fails."""
    set_duty_phone(session, "+84912999888", by=by(cast, "dispenser"), now=NOW)
    on_duty(session, cast, "dispenser", since=7, until=7)
    assert list_unreached(session, cast.staff.values()) == set()
    texted(session, DANGER)
    escalate(session, NOW)
    with writing(session) as tx:
        tx.execute(update(PhoneLine).values(permanent_failures=2))
        (sent,) = tx.execute(select(OutboundMessage.__table__).where(OutboundMessage.wording == "duty"))
        assert why_not_now(tx, sent, NOW, ZONE) is None
    assert list_unreached(session, cast.staff.values()) == {cast.staff["dispenser"]}


def test_a_tick_reads_calls_and_sends(session: Session, cast: Cast, treated: int, line: int) -> None:
    on_duty(session, cast, "dispenser")
    set_duty_phone(session, "+84912999888", by=by(cast, "dispenser"), now=NOW)
    comes_in(session, DANGER)
    gateway = FakeProvider()
    done = tick(session, gateway, NOW, ZONE, dice=random.Random(1))
    assert (done.read, done.failed) == (1, ())
    assert {(one.wording, one.state) for one in outbound(session)} == {("crisis", "accepted"), ("duty", "accepted")}


def test_without_a_roster_nobody_is_called_and_everybody_of_the_desk_reads_it(
    session: Session, cast: Cast, treated: int, line: int
) -> None:
    texted(session, DANGER)
    assert escalate(session, NOW) == 0
    assert [one.desk.place for one in list_waiting(session, cast.viewer_of("dispenser"))] == [
        "Trạm Y tế phường Đông Kinh"
    ]
    for stranger in ("counselor", "dispenser2", "doctor", "volunteer", "supervisor", "admin"):
        assert list_waiting(session, cast.viewer_of(stranger)) == []
    on_duty(session, cast, "dispenser")  # written meanwhile: it does not wait for the next look
    assert escalate(session, NOW) == 1


def nobody_reads(session: Session, side: str, site_id: int) -> None:
    own = StaffRole.side == side, StaffRole.site_id == site_id
    with writing(session) as tx:
        tx.execute(update(StaffRole).where(*own).values(ended_at=NOW))


def test_danger_at_a_point_where_nobody_is_left_goes_to_whoever_reads_strangers(session: Session, cast: Cast) -> None:
    """Without a name: they may not know whose it is. It stands in their inbox, and their roster is called."""
    met = patient_of(session, supported(session, cast, site_id=CAO_LOC))
    has_number(session, met, "support")
    nobody_reads(session, "support", CAO_LOC)
    assert texted(session, "mai em den nhe").site_id == CAO_LOC
    row = texted(session, DANGER, at=NOW + A_MINUTE)
    assert (row.meaning, row.side, row.site_id, row.patient_id) == ("crisis", "support", DONG_KINH, None)
    assert [(one.side, one.site_id) for one in alerts(session)] == [("support", DONG_KINH)]


def test_danger_goes_where_somebody_reads_even_past_the_point_for_strangers(session: Session, cast: Cast) -> None:
    for site_id in (CAO_LOC, DONG_KINH):
        nobody_reads(session, "support", site_id)
    with writing(session) as tx:
        tx.execute(update(Staff).where(Staff.id == cast.staff["dispenser2"]).values(disabled_at=NOW))
    row = texted(session, DANGER, number="+84912000999")
    assert (row.side, row.site_id) == ("treatment", DONG_KINH)


def test_danger_stays_with_its_own_point_where_nobody_reads_anything(
    session: Session, cast: Cast, treated: int, line: int
) -> None:
    with writing(session) as tx:
        tx.execute(update(StaffRole).values(ended_at=NOW))
    row = texted(session, DANGER)
    assert (row.side, row.site_id, row.patient_id) == ("treatment", DONG_KINH, treated)
    assert len(alerts(session)) == 1


def test_at_another_desk_one_is_told_where_and_not_who(session: Session, cast: Cast) -> None:
    met = patient_of(session, supported(session, cast, site_id=CAO_LOC))
    has_number(session, met, "support")
    texted(session, DANGER)
    own, other = (list_waiting(session, cast.viewer_of("nurse", desk)) for desk in (1, 0))
    assert own[0].text_ref == inbound(session)[0].ref
    assert (other[0].text_ref, str(other[0].desk.side)) == (None, "support")


def test_who_has_left_the_desk_is_called_no_more(session: Session, cast: Cast, treated: int, line: int) -> None:
    colleague(session, cast)
    on_duty(session, cast, "nurse", 1)
    on_duty(session, cast, "dispenser", 2)
    with writing(session) as tx:
        here = (StaffRole.staff_id == cast.staff["nurse"]) & (StaffRole.site_id == DONG_KINH)
        tx.execute(update(StaffRole).where(here).values(ended_at=NOW))
    texted(session, DANGER)
    escalate(session, NOW)
    assert [staff for _, staff in calls(session)] == [cast.staff["dispenser"]]


def test_answering_or_looking_takes_it_on(session: Session, cast: Cast, treated: int, line: int) -> None:
    row = texted(session, DANGER)
    who: dict[str, Any] = {"by": by(cast, "dispenser"), "now": NOW + A_MINUTE}
    answer_text(session, row.id, "Dang o dau, em goi ngay", request_key=new_request_key(), **who)
    assert alerts(session)[0].taken_by_id == cast.staff["dispenser"]
    again = texted(session, DANGER, at=NOW + 2 * A_MINUTE)
    second = alerts(session)[1]
    assert second.next_call_at == NOW + timedelta(minutes=12), "whoever is with them has ten minutes"
    mark_handled(session, again.id, by=by(cast, "dispenser"), now=NOW + 3 * A_MINUTE)
    assert alerts(session)[1].taken_at == NOW + 3 * A_MINUTE


def test_only_who_reads_the_sites_texts_is_put_on_duty(session: Session, cast: Cast) -> None:
    for stranger in ("counselor", "dispenser2", "volunteer", "admin"):
        with pytest.raises(Refusal, match="not_of_this_desk"):
            on_duty(session, cast, stranger)
    on_duty(session, cast, "counselor", side="support")


def test_a_shift_sent_twice_is_one_and_is_ended_at_its_own_site_alone(session: Session, cast: Cast) -> None:
    key, who = new_request_key(), by(cast, "dispenser")
    shift = Shift(
        staff_id=who.staff_id, days=1, starts_at=time(7), ends_at=time(17), position=1, wait_minutes=5
    )  # fmt: skip
    for _ in range(2):
        add_shift(session, "treatment", DONG_KINH, shift, by=who, request_key=key, now=NOW)
    for side, site in (("treatment", CAO_LOC), ("support", DONG_KINH)):
        with pytest.raises(Refusal, match="no_such_shift"):
            end_shift(session, side, site, 1, by=who, now=NOW)
    assert [end_shift(session, "treatment", DONG_KINH, 1, by=who, now=NOW) for _ in range(2)] == [True, False]


# ---- at the same second ----


def engine_of(session: Session) -> Engine:
    bind = session.get_bind()
    assert isinstance(bind, Engine)
    return bind


def test_of_two_who_take_it_on_one_does_and_of_two_callers_one_calls(
    session: Session, cast: Cast, treated: int, line: int
) -> None:
    on_duty(session, cast, "dispenser", wait=5)
    for number in range(5):
        at = NOW + timedelta(hours=2 * number)
        texted(session, DANGER, at=at)
        alert = alerts(session)[-1].id
        due = at + timedelta(minutes=20)
        outcomes = at_the_same_second(
            engine_of(session),
            lambda own, due=due: call_on_duty(own, due, ZONE),
            lambda own, due=due: call_on_duty(own, due, ZONE),
        )
        assert sorted(outcomes) == [0, 1], outcomes  # type: ignore[type-var]
        taken = at_the_same_second(
            engine_of(session),
            *[
                lambda own, name=name, alert=alert, due=due: take_on(own, alert, by=by(cast, name), now=due)
                for name in ("dispenser", "nurse")
            ],
        )
        assert sorted(taken) == [False, True], taken  # type: ignore[type-var]


def test_nobody_is_called_after_it_was_taken_on_at_the_same_second(
    session: Session, cast: Cast, treated: int, line: int
) -> None:
    on_duty(session, cast, "dispenser", wait=5)
    for number in range(6):
        at = NOW + timedelta(hours=2 * number)
        texted(session, DANGER, at=at)
        alert, due = alerts(session)[-1].id, at + timedelta(minutes=15)
        before = len(calls(session))
        called, taken = at_the_same_second(
            engine_of(session),
            lambda own, due=due: call_on_duty(own, due, ZONE),
            lambda own, alert=alert, due=due: take_on(own, alert, by=by(cast, "dispenser"), now=due),
        )
        assert taken is True and called in (0, 1), (called, taken)
        assert len(calls(session)) == before + int(str(called))
        assert escalate(session, due + timedelta(minutes=30)) == 0


# ---- a wrong number, a missed call ----


def test_a_wrong_number_is_a_task_and_what_goes_out_by_itself_waits(
    session: Session, cast: Cast, treated: int, line: int
) -> None:
    reminder = asked(session, line, treated, state="queued")
    row = texted(session, "nhầm số rồi")
    assert (row.meaning, row.handled_at) == ("wrong_number", None)
    tasks = session.execute(select(Task.side, Task.kind, Task.patient_id)).all()
    assert [tuple(task) for task in tasks] == [("treatment", "check_number", treated)]
    texted(session, "ai đấy", at=NOW + A_MINUTE)
    assert len(session.execute(select(Task.id)).all()) == 1
    message = next(one for one in outbound(session) if one.id == reminder)
    later = NOW + timedelta(minutes=90)
    gone = {"expires_at": later + timedelta(hours=1), "reminder_id": None, "wording": "missed_yesterday"}
    with writing(session) as tx:
        tx.execute(update(OutboundMessage).where(OutboundMessage.id == message.id).values(**gone))
    give_consent(session, treated, "treatment", WORDS, by=by(cast, "dispenser"), request_key=new_request_key(), now=NOW)

    def why() -> str | None:
        with writing(session) as tx:
            return why_not_now(tx, next(one for one in outbound(session) if one.id == reminder), later, ZONE)

    assert why() == "wait"
    mark_handled(session, inbound(session)[-1].id, by=by(cast, "dispenser"), now=later)
    assert why() is None


def test_a_number_that_was_compared_since_is_right_whatever_somebody_wrote_before(
    session: Session, cast: Cast, treated: int, line: int
) -> None:
    """The desk has done what the task asks for; nobody has to find the text in the inbox as well."""
    texted(session, "ai đấy")
    later = NOW + timedelta(minutes=90)
    assert find_line_now(session, line, DONG_KINH, "treatment", later).is_said_to_be_wrong
    with writing(session) as tx:
        tx.execute(update(PhoneNumber).where(PhoneNumber.line_id == line).values(confirmed_at=NOW + A_MINUTE))
    assert not find_line_now(session, line, DONG_KINH, "treatment", later).is_said_to_be_wrong
    assert find_line_now(session, line, DONG_KINH, "support", later).is_said_to_be_wrong, "they compared nothing"
    texted(session, "nhầm số", at=NOW + 2 * A_MINUTE)
    assert find_line_now(session, line, DONG_KINH, "treatment", later).is_said_to_be_wrong


def test_at_the_point_the_number_is_asked_for_by_the_point_and_not_by_the_team(session: Session, cast: Cast) -> None:
    met = patient_of(session, supported(session, cast, team_id=TEAM))
    has_number(session, met, "support")
    texted(session, "ai đấy?")
    kinds = {
        name: [row.task.kind for row in list_work(session, cast.viewer_of(name), NOW.date(), NOW).waiting if row.task]
        for name in ("counselor", "volunteer")
    }
    assert kinds == {"counselor": ["ask_number"], "volunteer": []}


def test_a_wrong_number_of_nobody_we_know_only_waits_in_the_inbox(session: Session, cast: Cast) -> None:
    assert texted(session, "nhầm số", number=OTHER_NUMBER).meaning == "wrong_number"
    assert session.execute(select(Task.id)).all() == []


def test_a_missed_call_asks_to_be_called_back_once_a_day(session: Session, treated: int, line: int) -> None:
    question = asked(session, line, treated)
    for number in range(2):
        store_inbound(
            session, gateway="simulator", event_key=f"c{number}", number=NUMBER, body="",
            received_at=NOW, kind="missed_call",
        )  # fmt: skip
    assert read(session) == 2
    assert [(row.meaning, row.handled_at, row.question_id) for row in inbound(session)] == [
        ("missed_call", NOW, None)
    ] * 2
    assert [task.kind for task in session.execute(select(Task)).scalars()] == ["call_back"]
    assert next(one for one in outbound(session) if one.id == question).answer is None


def test_a_missed_call_of_nobody_we_know_waits_for_a_person(session: Session, cast: Cast) -> None:
    one: dict[str, Any] = {"gateway": "simulator", "body": "", "received_at": NOW, "kind": "missed_call"}
    store_inbound(session, event_key="c", number=OTHER_NUMBER, **one)
    read(session)
    assert [(row.meaning, row.handled_at) for row in inbound(session)] == [("missed_call", None)]
    assert session.execute(select(Task.id)).all() == []
