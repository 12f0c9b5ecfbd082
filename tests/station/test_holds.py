"""Holds stop the dose until they are lifted; alerts are read before a cup is poured."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from counseling.database import vault_of
from counseling.domain.refusal import Refusal
from counseling.models.audit import AuditEntry
from counseling.models.doses import DayDose
from counseling.models.window import PatientHold
from counseling.queries.holds import HoldLine, list_holds
from counseling.refs import new_request_key
from counseling.services.doses import SeenDose, record_dose
from counseling.services.holds import keep_alert, lift_hold, set_hold
from counseling.services.pours import pour_dose
from tests.support.cast import Cast
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, by, dose, opened, ordered, somebody, window

A_DAY = timedelta(days=1)


@pytest.fixture
def person(session: Session, cast: Cast) -> Person:
    person = somebody(session, cast)
    opened(session, cast)
    return person


@pytest.fixture
def order(session: Session, cast: Cast, person: Person) -> int:
    return ordered(session, cast, person)


def put(session: Session, cast: Cast, person: Person, kind: str, words: str = "gọi bác sĩ", **changes: Any) -> HoldLine:
    plain: dict[str, Any] = {"by_doctor": False, "by": by(cast, "dispenser"), "request_key": new_request_key()}
    set_hold(session, person.id, kind, words, now=MORNING, **{**plain, **changes})
    return [line for line in list_holds(session, person.id, TODAY) if not line.lifted_at][-1]


def lift(session: Session, cast: Cast, person: Person, hold: HoldLine, *, is_doctor: bool = False) -> bool:
    who = by(cast, "doctor" if is_doctor else "dispenser")
    return lift_hold(session, person.id, hold.ref, "đã khám", is_doctor=is_doctor, by=who, now=MORNING)


def refusal(act: Any) -> str:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value.code


def doses(session: Session) -> int:
    session.rollback()
    return session.execute(select(func.count(DayDose.id))).scalar_one()


def test_a_hold_stops_the_dose_until_it_is_lifted(session: Session, cast: Cast, person: Person, order: int) -> None:
    hold = put(session, cast, person, "hold")
    assert refusal(lambda: dose(session, cast, person, order)) == "on_hold"
    assert lift(session, cast, person, hold) is True
    assert lift(session, cast, person, hold) is False
    dose(session, cast, person, order)


def test_a_hold_of_meanwhile_stops_the_poured_cup(session: Session, cast: Cast, person: Person, order: int) -> None:
    seen = SeenDose(TODAY, order, 1, 600)
    pour_dose(session, person.ref, seen, request_key=new_request_key(), **window(cast))
    put(session, cast, person, "hold")
    drink = {"request_key": new_request_key(), **window(cast)}
    assert refusal(lambda: record_dose(session, person.ref, seen, **drink)) == "on_hold"
    assert doses(session) == 0


def test_what_a_doctor_holds_only_a_doctor_lifts(session: Session, cast: Cast, person: Person) -> None:
    hold = put(session, cast, person, "hold", by_doctor=True)
    assert refusal(lambda: lift(session, cast, person, hold)) == "hold_of_a_doctor"
    assert lift(session, cast, person, hold, is_doctor=True) is True
    alert = put(session, cast, person, "alert", by_doctor=True)
    assert lift(session, cast, person, alert) is True


def test_an_alert_is_read_once_a_day_before_anything_is_poured(
    session: Session, cast: Cast, person: Person, order: int
) -> None:
    alert = put(session, cast, person, "alert")
    assert refusal(lambda: dose(session, cast, person, order)) == "alert_unread"
    for _ in range(2):
        keep_alert(session, person.id, alert.ref, by=by(cast, "dispenser"), today=TODAY, now=MORNING)
    assert [line.is_read for line in list_holds(session, person.id, TODAY)] == [True]
    dose(session, cast, person, order)
    opened(session, cast, TODAY + A_DAY, now=MORNING + A_DAY)
    again = lambda: dose(session, cast, person, order, day=TODAY + A_DAY, now=MORNING + A_DAY)  # noqa: E731
    assert refusal(again) == "alert_unread"
    actions = session.execute(select(AuditEntry.action)).scalars().all()
    assert actions.count("alert.read") == 1


def test_reading_does_not_lift_a_hold(session: Session, cast: Cast, person: Person, order: int) -> None:
    hold = put(session, cast, person, "hold")
    keep_alert(session, person.id, hold.ref, by=by(cast, "dispenser"), today=TODAY, now=MORNING)
    assert refusal(lambda: dose(session, cast, person, order)) == "on_hold"


@pytest.mark.parametrize(("kind", "words", "code"), [
    ("hold", "  ", "hold_words_missing"), ("alert", "x" * 501, "hold_words_too_long"),
    ("ban", "x", "hold_kind_unknown"),
])  # fmt: skip
def test_a_hold_says_why(session: Session, cast: Cast, person: Person, kind: str, words: str, code: str) -> None:
    assert refusal(lambda: put(session, cast, person, kind, words)) == code
    assert list_holds(session, person.id, TODAY) == []


def test_a_form_sent_twice_is_one_hold_and_its_words_are_sealed(session: Session, cast: Cast, person: Person) -> None:
    key = new_request_key()
    for _ in range(2):
        put(session, cast, person, "hold", "ngủ gà, gọi bác sĩ Hà", request_key=key)
    row = session.execute(select(PatientHold)).scalar_one()
    assert "Hà".encode() not in row.words
    assert vault_of(session).open("patient_holds.words", row.ref, row.words) == "ngủ gà, gọi bác sĩ Hà"
    said = [str(details) for details in session.execute(select(AuditEntry.details)).scalars()]
    assert not any("ngủ" in text for text in said)


def test_the_hold_of_somebody_else_is_not_lifted(session: Session, cast: Cast, person: Person) -> None:
    hold, other = put(session, cast, person, "hold"), somebody(session, cast)
    assert refusal(lambda: lift(session, cast, other, hold)) == "hold_unknown"


def test_of_a_dose_and_a_hold_of_the_same_second_one_is_first(
    session: Session, cast: Cast, person: Person, order: int
) -> None:
    """Either the dose stands and the hold came after it, or the hold stands and there is no dose of later."""
    seen = SeenDose(TODAY, order, 1, 600)
    pour_dose(session, person.ref, seen, request_key=new_request_key(), **window(cast))
    engine, gate, said = session.get_bind(), threading.Barrier(2), dict[str, str]()

    def drink(own: Session) -> None:
        record_dose(own, person.ref, seen, request_key=new_request_key(), **window(cast))

    def hold(own: Session) -> None:
        set_hold(
            own, person.id, "hold", "chờ bác sĩ", by_doctor=True, by=by(cast, "doctor"),
            request_key=new_request_key(), now=MORNING,
        )  # fmt: skip

    def act(name: str, what: Any) -> None:
        with Session(engine, expire_on_commit=False) as own:
            gate.wait(timeout=30)
            try:
                what(own)
                said[name] = "done"
            except Refusal as refused:
                said[name] = refused.code

    threads = [threading.Thread(target=act, args=pair) for pair in (("dose", drink), ("hold", hold))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert said["hold"] == "done"
    entries = session.execute(
        select(AuditEntry.action).where(AuditEntry.action.in_(("hold.set", "dose.recorded"))).order_by(AuditEntry.id)
    )
    order_of_things = list(entries.scalars())
    if said["dose"] == "done":
        assert order_of_things == ["dose.recorded", "hold.set"]
    else:
        assert (said["dose"], order_of_things, doses(session)) == ("on_hold", ["hold.set"], 0)
