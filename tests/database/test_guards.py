"""What the database refuses by itself, to services, to a careless command and to somebody with its password."""

from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.database import violated, writing
from counseling.models import Base, guards
from counseling.models.practice import COUNTED
from counseling.refs import new_request_key
from counseling.services import audit
from tests.support.cast import AREA, CAO_LOC, DONG_KINH, Cast
from tests.support.rules import approve
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, dose, opened, ordered, somebody

TOMORROW = TODAY + timedelta(days=1)


def table(name: str) -> Table:
    return Base.metadata.tables[name]


def add(session: Session, name: str, **values: Any) -> int:
    with writing(session) as tx:
        key = tx.execute(insert(table(name)).values(**values)).inserted_primary_key
        return int(key[0]) if key else 0


def refused(session: Session, name: str, **values: Any) -> str:
    """Add a row that the database must refuse; gives the name of what refused it."""
    with pytest.raises(IntegrityError) as error:
        add(session, name, **values)
    return violated(error.value)


@pytest.fixture
def person(session: Session, cast: Cast) -> Person:
    opened(session, cast)
    return somebody(session, cast)


@pytest.fixture
def order(session: Session, cast: Cast, person: Person) -> int:
    return ordered(session, cast, person)


@pytest.fixture
def dose_id(session: Session, cast: Cast, person: Person, order: int) -> int:
    dose(session, cast, person, order)
    return session.execute(select(table("day_doses").c.id)).scalar_one()


def a_dose(cast: Cast, person: Person, order: int, **changes: Any) -> dict[str, Any]:
    """A row as the window would write it, unless the test says otherwise."""
    row = {
        "patient_id": person.id,
        "dose_on": TODAY,
        "part": 1,
        "attempt": 1,
        "kind": "observed",
        "order_id": order,
        "mg_tenths": 600,
        "site_id": DONG_KINH,
        "source": "window",
        "recorded_by_id": cast.staff["dispenser"],
        "recorded_at": MORNING,
        "request_key": new_request_key(),
    }
    return row | changes


def a_request(cast: Cast, dose_id: int) -> dict[str, Any]:
    by = cast.staff["dispenser"]
    row = {"day_dose_id": dose_id, "number": 1, "reason": "not_drunk", "requested_by_id": by, "requested_at": MORNING}
    return {**row, "site_id": DONG_KINH, "request_key": new_request_key()}


def a_void(cast: Cast, person: Person, dose_id: int, request_id: int, **changes: Any) -> dict[str, Any]:
    row = {
        "request_id": request_id,
        "day_dose_id": dose_id,
        "patient_id": person.id,
        "dose_on": TODAY,
        "part": 1,
        "attempt": 1,
        "requested_by_id": cast.staff["dispenser"],
        "confirmed_by_id": cast.staff["doctor"],
        "confirmed_at": MORNING,
    }
    return row | changes


def voided(session: Session, cast: Cast, person: Person, dose_id: int) -> None:
    request_id = add(session, "dose_void_requests", **a_request(cast, dose_id))
    add(session, "dose_voids", **a_void(cast, person, dose_id, request_id))


def withdrawn(session: Session, cast: Cast, request_id: int) -> None:
    row = {"request_id": request_id, "withdrawn_by_id": cast.staff["dispenser"], "withdrawn_at": MORNING}
    add(session, "dose_void_withdrawals", **row)


def vomited(session: Session, cast: Cast, person: Person, dose_id: int) -> None:
    add(
        session,
        "station_visits",
        patient_id=person.id,
        site_id=DONG_KINH,
        visit_on=TODAY,
        outcome="vomited",
        day_dose_id=dose_id,
        recorded_by_id=cast.staff["dispenser"],
        recorded_at=MORNING,
        request_key=new_request_key(),
    )


def an_order(cast: Cast, person: Person, first: date, last: date, phase: str = "maintenance") -> dict[str, Any]:
    return {
        "patient_id": person.id,
        "drug_id": 1,
        "phase": phase,
        "starts_on": first,
        "ends_on": last,
        "last_on": last,
        "origin": "doctor",
        "written_by_id": cast.staff["doctor"],
        "written_at": MORNING,
        "request_key": new_request_key(),
    }


def contacted(session: Session, cast: Cast, person: Person, who: Mapping[str, Any]) -> None:
    about = {"patient_id": person.id, "site_id": DONG_KINH, "ref": "abcdefghjkmnpqrs"}
    met = {"kind": "home", "outcome": "met_well", "topics": "", "contact_on": TODAY}
    contact_id = add(session, "outreach_contacts", **about, **met, request_key=new_request_key(), **who)
    add(session, "contact_details", contact_id=contact_id, needs="", danger="", said_at=MORNING)
    handed_in(session, cast)
    talk = {"kind": "adherence", "form": "one_to_one", "sex": "unknown", "topics": "", "minutes": 30, "held_on": TODAY}
    by = {"counselor_id": cast.staff["counselor"], "recorded_at": MORNING}
    add(session, "counseling_sessions", **about, **talk, **by, request_key=new_request_key())


def handed_in(session: Session, cast: Cast) -> None:
    token = {"token_hash": b"p" * 32, "staff_id": cast.staff["volunteer"], "role_id": cast.roles["volunteer"][0]}
    times = {"issued_at": MORNING, "expires_at": MORNING + timedelta(days=90)}
    token_id = add(session, "phone_tokens", **token, **times, device_id=cast.device, waiting=0, counted=0)
    entry = {"entry_id": "e" * 36, "token_id": token_id, "kind": "visit", "actor": "a", "result": "stored"}
    when = {"client_time": MORNING, "offset_minutes": 420, "received_at": MORNING, "skew_seconds": 0}
    add(session, "phone_entries", **entry, **when, form_version=1, tries=0, body=b"{}")


def reported(session: Session, person: Person) -> int:
    line = {"ref": "l" * 16, "number": b"x", "token": b"t" * 16, "key_id": b"k" * 4, "permanent_failures": 0}
    line_id = add(session, "phone_lines", **line)
    times = {"queued_at": MORNING, "send_after": MORNING, "expires_at": MORNING}
    about = {"patient_id": person.id, "side": "treatment", "site_id": DONG_KINH, "line_id": line_id}
    text = {"ref": "m" * 32, "wording": "missed_yesterday", "is_automatic": True, "state": "accepted"}
    message_id = add(session, "outbound_messages", **about, **text, **times, attempts=1, segments=1)
    add(
        session,
        "delivery_receipts",
        event_key="e",
        message_id=message_id,
        reported="delivered",
        received_at=MORNING,
    )
    return line_id


def called(session: Session, cast: Cast, line_id: int) -> None:
    """Words of danger, somebody on duty who was called about them, and a ready-made answer."""
    own = {"side": "treatment", "site_id": DONG_KINH}
    who = {"set_by_id": cast.staff["dispenser"], "set_at": MORNING}
    text = {"ref": "t" * 12, "event_key": "t", "gateway": "simulator", "line_id": line_id, "received_at": MORNING}
    alert = {"ref": "a" * 12, "inbound_id": add(session, "inbound_messages", **text, **own), "line_id": line_id}
    alert_id = add(session, "crisis_alerts", **alert, **own, raised_at=MORNING, next_call_at=MORNING)
    call = {"alert_id": alert_id, "number": 1, "staff_id": cast.staff["dispenser"], "called_at": MORNING}
    add(session, "duty_calls", **call)
    hours = {"days": 127, "starts_at": time(7), "ends_at": time(17), "position": 1, "wait_minutes": 5}
    add(session, "duty_shifts", **own, **who, **hours, staff_id=call["staff_id"], request_key=new_request_key())
    add(session, "canned_answers", **own, **who, body="Vang a", request_key=new_request_key())


def a_cup(cast: Cast, person: Person, order: int, **changes: Any) -> dict[str, Any]:
    row = {
        "patient_id": person.id, "site_id": DONG_KINH, "dose_on": TODAY, "order_id": order, "part": 1,
        "mg_tenths": 600, "poured_by_id": cast.staff["dispenser"], "poured_at": MORNING,
        "request_key": new_request_key(),
    }  # fmt: skip
    return row | changes


def a_hold(cast: Cast, person: Person, kind: str = "hold") -> dict[str, Any]:
    return {
        "ref": "h" * 16, "patient_id": person.id, "kind": kind, "words": b"x", "by_doctor": False,
        "set_by_id": cast.staff["dispenser"], "set_at": MORNING, "request_key": new_request_key(),
    }  # fmt: skip


def poured_away(session: Session, cast: Cast, person: Person, order: int, who: Mapping[str, Any]) -> int:
    pour_id = add(session, "dose_pours", **a_cup(cast, person, order, ended_at=MORNING, ended_by="spilled"))
    add(
        session, "spills", site_id=DONG_KINH, spilled_on=TODAY, mg_tenths=600, reason="left", pour_id=pour_id,
        request_key=new_request_key(), **who,
    )  # fmt: skip
    return pour_id


def witnessed(session: Session, cast: Cast, person: Person, dose_id: int) -> None:
    add(session, "witness_duties", site_id=DONG_KINH, since_on=TODAY, since_at=MORNING)
    seen = {"day_dose_id": dose_id, "witness_id": cast.staff["doctor"], "witnessed_at": MORNING}
    add(session, "dose_witnesses", **seen, request_key=new_request_key())
    called = {"patient_id": person.id, "site_id": DONG_KINH, "is_reached": True, "called_at": MORNING}
    add(session, "doctor_calls", **called, called_by_id=cast.staff["dispenser"], request_key=new_request_key())


def texted(session: Session, cast: Cast, person: Person) -> None:
    """What is written once around the texts."""
    by, key = cast.staff["dispenser"], new_request_key()
    agreed = {
        "patient_id": person.id,
        "side": "treatment",
        "version": "texts-2",
        "language": "vi",
        "asked_how": "aloud",
    }
    consent_id = add(session, "sms_consents", **agreed, given_at=MORNING, asked_by_id=by, request_key=key)
    add(session, "sms_consent_purposes", consent_id=consent_id, purpose="daily")
    add(session, "sending_pauses", site_id=DONG_KINH, side="treatment", paused_at=MORNING, paused_by_id=by)
    words = {"area_id": AREA, "key": "help", "version": 1, "body": "Xin cho."}
    add(session, "text_wordings", **words, written_by_id=by, written_at=MORNING, request_key=key)
    add(session, "text_blankings", done_at=MORNING, older_than=MORNING, kept_days=90, texts_out=1, texts_in=0)
    add(
        session,
        "gateway_phone_checks",
        item="locked",
        is_so=True,
        checked_at=MORNING,
        checked_by_id=by,
        request_key=key,
    )


@pytest.fixture
def ledger(session: Session, cast: Cast, person: Person, order: int, dose_id: int) -> None:
    """A row in every append-only table."""
    voided(session, cast, person, dose_id)
    second = add(session, "day_doses", **a_dose(cast, person, order, attempt=2, voided_attempt=1))
    withdrawn(session, cast, add(session, "dose_void_requests", **a_request(cast, second)))
    who: Mapping[str, Any] = {"recorded_by_id": cast.staff["dispenser"], "recorded_at": MORNING}
    vomited(session, cast, person, dose_id)
    given = {"patient_id": person.id, "dose_on": TODAY, "part": 1, "mg_tenths": 600, "site_id": DONG_KINH}
    key = new_request_key()
    add(session, "dose_incidents", **given, reason="collided", given_at=MORNING, request_key=key, **who)
    poured_away(session, cast, person, order, who)
    hold_id = add(session, "patient_holds", **a_hold(cast, person, "alert"))
    read = {"read_on": TODAY, "read_by_id": cast.staff["dispenser"], "read_at": MORNING}
    with writing(session) as tx:
        tx.execute(insert(table("alert_readings")).values(hold_id=hold_id, **read))
    observed = {"day_dose_id": dose_id, "patient_id": person.id, "site_id": DONG_KINH, "state": "well"}
    add(session, "dose_observations", **observed, request_key=new_request_key(), **who)
    sheet = {"site_id": DONG_KINH, "day_on": TODAY, "paper": "tờ 1 · B", "given": 1, "people": 1}
    key = new_request_key()
    add(session, "late_entries", **sheet, not_given=0, left_out=0, request_key=key, **who)
    practised = {"ref": "p" * 12, "staff_id": cast.staff["dispenser"], "site_id": DONG_KINH}
    times = {"started_at": MORNING, "ended_at": MORNING}
    add(session, "practice_days", **practised, **times, **dict.fromkeys(COUNTED, 0))
    witnessed(session, cast, person, second)
    contacted(session, cast, person, who)
    called(session, cast, reported(session, person))
    texted(session, cast, person)
    approve(session, cast)
    with writing(session) as tx:
        audit.append(tx, "house", "test", "tested", "nobody", {}, MORNING)


def test_a_row_of_the_ledger_is_never_changed(ledger: None, session: Session) -> None:
    for name, sealed in guards.APPEND_ONLY.items():
        for column in table(name).columns:
            if column.name in {*sealed, "id"}:
                continue
            with pytest.raises(IntegrityError) as error, writing(session) as tx:
                tx.execute(update(table(name)).values({column.name: column}))
            assert f"{name}_never_changed" in violated(error.value)


def test_a_row_of_the_ledger_is_never_deleted(ledger: None, session: Session) -> None:
    for name in (*guards.APPEND_ONLY, "dose_orders"):
        with pytest.raises(IntegrityError) as error, writing(session) as tx:
            tx.execute(delete(table(name)))
        assert f"{name}_never_deleted" in violated(error.value)


def test_sqlite_does_not_let_a_row_be_replaced(ledger: None, session: Session) -> None:
    if session.get_bind().dialect.name != "sqlite":
        return  # PostgreSQL has no INSERT OR REPLACE; its ON CONFLICT DO UPDATE is an update
    for name in guards.NEVER_REPLACED:
        before = session.execute(select(table(name))).all()
        assert before
        for recursive in ("ON", "OFF"):  # a tool of somebody else has it off
            session.rollback()
            raw: Any = session.connection().connection.driver_connection
            session.rollback()
            raw.execute(f"PRAGMA recursive_triggers = {recursive}")
            with pytest.raises(IntegrityError) as error, writing(session) as tx:
                tx.execute(text(f"INSERT OR REPLACE INTO {name} SELECT * FROM {name}"))
            assert name in violated(error.value)
            raw.execute("PRAGMA recursive_triggers = ON")
        assert session.execute(select(table(name))).all() == before


def test_postgresql_does_not_let_a_table_be_emptied(ledger: None, session: Session) -> None:
    if session.get_bind().dialect.name == "sqlite":
        return  # SQLite has no TRUNCATE
    for name in guards.APPEND_ONLY:
        with pytest.raises(IntegrityError) as error, writing(session) as tx:
            tx.execute(text(f"TRUNCATE {name} CASCADE"))
        assert "never_emptied" in violated(error.value)


@pytest.mark.parametrize(
    ("first", "last"),
    [(TODAY, TODAY), (TODAY - timedelta(days=5), TODAY), (TODAY + timedelta(days=29), TODAY + timedelta(days=60))],
)
def test_orders_of_one_person_never_overlap(
    session: Session, cast: Cast, person: Person, order: int, first: date, last: date
) -> None:
    assert "dose_orders_never_overlap" in refused(session, "dose_orders", **an_order(cast, person, first, last))


def test_orders_that_follow_each_other_and_those_of_other_people_stand(
    session: Session, cast: Cast, person: Person, order: int
) -> None:
    after = TODAY + timedelta(days=30)
    add(session, "dose_orders", **an_order(cast, person, after, after))
    another = somebody(session, cast, name="Nông Thị Mẫu")
    add(session, "dose_orders", **an_order(cast, another, TODAY, TODAY))


def test_an_order_ends_earlier_but_never_later_nor_before_its_doses(
    session: Session, cast: Cast, person: Person, order: int, dose_id: int
) -> None:
    orders = table("dose_orders")
    with writing(session) as tx:
        tx.execute(update(orders).values(last_on=TOMORROW))
    for last_on in (TODAY + timedelta(days=9), TODAY - timedelta(days=1)):
        with pytest.raises(IntegrityError), writing(session) as tx:
            tx.execute(update(orders).values(last_on=last_on))
    with pytest.raises(IntegrityError), writing(session) as tx:
        tx.execute(update(orders).values(starts_on=TODAY - timedelta(days=1)))


def test_a_second_dose_of_a_day_is_refused_at_any_station(
    session: Session, cast: Cast, person: Person, order: int, dose_id: int
) -> None:
    again = a_dose(cast, person, order, site_id=CAO_LOC)
    said = refused(session, "day_doses", **again)
    assert "uq_day_doses_patient_day_part_attempt" in said or "day_doses.patient_id" in said or "never_replaced" in said


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"part": 2}, "part 2 of an order that is not split"),
        ({"mg_tenths": 601}, "not the amount that was ordered"),
        ({"part": 5}, "a part that no order has"),
        ({"part": 0}, "a part that no order has"),
        ({"dose_on": TODAY - timedelta(days=1)}, "before the order"),
        ({"dose_on": TODAY + timedelta(days=30)}, "after the order"),
        ({"attempt": 2}, "an attempt that follows nothing"),
        ({"attempt": 2, "voided_attempt": 1}, "an attempt that follows no void"),
        ({"attempt": 0}, "no attempt"),
        ({"kind": "replacement"}, "a replacement of nothing"),
        ({"kind": "given"}, "no kind of dose"),
    ],
)
def test_a_dose_that_no_order_knows_is_refused(
    session: Session, cast: Cast, person: Person, order: int, changes: dict[str, Any], why: str
) -> None:
    assert refused(session, "day_doses", **a_dose(cast, person, order, **changes)), why
    add(session, "day_doses", **a_dose(cast, person, order))  # and without the change it stands


def test_a_dose_by_another_persons_order_is_refused(session: Session, cast: Cast, order: int) -> None:
    another = somebody(session, cast, name="Nông Thị Mẫu")
    refused(session, "day_doses", **a_dose(cast, another, order))


def test_a_witness_is_another_person(session: Session, cast: Cast, person: Person, order: int) -> None:
    own = a_dose(cast, person, order, witness_id=cast.staff["dispenser"])
    assert "witness" in refused(session, "day_doses", **own)


def test_parts_of_two_orders_never_meet_on_one_day(session: Session, cast: Cast, person: Person) -> None:
    first = ordered(session, cast, person, 300, 300, ends_on=TODAY)
    dose(session, cast, person, first)
    add(session, "dose_orders", **an_order(cast, person, TODAY, TODAY, phase="one_time"))
    second = session.execute(select(table("dose_orders").c.id).where(table("dose_orders").c.id != first)).scalar_one()
    add(session, "order_parts", order_id=second, part=2, mg_tenths=900)
    crossed = a_dose(cast, person, second, part=2, mg_tenths=900)
    assert "day_doses_of_one_order" in refused(session, "day_doses", **crossed)


def test_a_void_needs_two_people(session: Session, cast: Cast, person: Person, dose_id: int) -> None:
    request_id = add(session, "dose_void_requests", **a_request(cast, dose_id))
    alone = a_void(cast, person, dose_id, request_id, confirmed_by_id=cast.staff["dispenser"])
    assert "two_people" in refused(session, "dose_voids", **alone)
    # Nor does it help to give the request to somebody else.
    other = alone | {"requested_by_id": cast.staff["doctor"]}
    assert refused(session, "dose_voids", **other)


def test_one_request_waits_at_a_time(session: Session, cast: Cast, person: Person, dose_id: int) -> None:
    first = add(session, "dose_void_requests", **a_request(cast, dose_id))
    second = a_request(cast, dose_id) | {"number": 2}
    assert "dose_void_requests_one_at_a_time" in refused(session, "dose_void_requests", **second)
    assert refused(session, "dose_void_requests", **a_request(cast, dose_id))
    withdrawn(session, cast, first)
    assert add(session, "dose_void_requests", **second)
    third = a_request(cast, dose_id) | {"number": 3}
    assert "dose_void_requests_one_at_a_time" in refused(session, "dose_void_requests", **third)


def test_what_was_taken_back_is_not_signed_and_what_is_signed_not_taken_back(
    session: Session, cast: Cast, person: Person, dose_id: int
) -> None:
    first = add(session, "dose_void_requests", **a_request(cast, dose_id))
    withdrawn(session, cast, first)
    void = a_void(cast, person, dose_id, first)
    assert "dose_voids_of_standing_requests" in refused(session, "dose_voids", **void)
    second = add(session, "dose_void_requests", **a_request(cast, dose_id) | {"number": 2})
    add(session, "dose_voids", **void | {"request_id": second})
    late = {"request_id": second, "withdrawn_by_id": cast.staff["doctor"], "withdrawn_at": MORNING}
    assert "dose_void_withdrawals_before_signing" in refused(session, "dose_void_withdrawals", **late)


def test_a_dose_from_paper_names_the_paper(session: Session, cast: Cast, person: Person, order: int) -> None:
    nameless = a_dose(cast, person, order, source="late_entry")
    assert "day_doses_late_name_their_paper" in refused(session, "day_doses", **nameless)
    add(session, "day_doses", **nameless, paper="tờ 1 · B")


@pytest.mark.parametrize("changes", [{"dose_on": TOMORROW}, {"part": 2}, {"attempt": 2}])
def test_a_void_names_the_dose_that_it_voids(
    session: Session, cast: Cast, person: Person, dose_id: int, changes: dict[str, Any]
) -> None:
    request_id = add(session, "dose_void_requests", **a_request(cast, dose_id))
    assert refused(session, "dose_voids", **a_void(cast, person, dose_id, request_id, **changes))


def test_after_a_void_the_next_attempt_stands_and_only_that(
    session: Session, cast: Cast, person: Person, order: int, dose_id: int
) -> None:
    voided(session, cast, person, dose_id)
    refused(session, "day_doses", **a_dose(cast, person, order, attempt=3, voided_attempt=2))
    refused(session, "day_doses", **a_dose(cast, person, order, attempt=3, voided_attempt=1))
    second = a_dose(cast, person, order, attempt=2, voided_attempt=1)
    add(session, "day_doses", **second)
    refused(session, "day_doses", **second | {"request_key": new_request_key()})


def a_replacement(session: Session, cast: Cast, person: Person, dose_id: int, **changes: Any) -> dict[str, Any]:
    """A one-time order and the row that it allows; not stored yet."""
    order = add(session, "dose_orders", **an_order(cast, person, TODAY, TODAY, phase="one_time"))
    add(session, "order_parts", order_id=order, part=11, mg_tenths=300)
    row = {"kind": "replacement", "part": 11, "mg_tenths": 300, "replaces_id": dose_id}
    return a_dose(cast, person, order, **row | changes)


def test_a_vomited_dose_is_replaced_once(session: Session, cast: Cast, person: Person, dose_id: int) -> None:
    vomited(session, cast, person, dose_id)
    row = a_replacement(session, cast, person, dose_id)
    add(session, "day_doses", **row)
    assert refused(session, "day_doses", **row | {"request_key": new_request_key()})


def test_a_dose_that_stayed_down_is_not_replaced(session: Session, cast: Cast, person: Person, dose_id: int) -> None:
    row = a_replacement(session, cast, person, dose_id)
    assert "day_doses_replace_own_vomited" in refused(session, "day_doses", **row)


def test_a_replacement_is_for_the_same_day_and_person_and_by_a_one_time_order(
    session: Session, cast: Cast, person: Person, order: int, dose_id: int
) -> None:
    vomited(session, cast, person, dose_id)
    row = a_replacement(session, cast, person, dose_id)
    another = somebody(session, cast, name="Nông Thị Mẫu")
    for changes in ({"patient_id": another.id}, {"dose_on": TOMORROW}, {"order_id": order}):
        assert refused(session, "day_doses", **row | changes)


def test_sealed_columns_of_the_ledger_may_be_sealed_anew(ledger: None, session: Session) -> None:
    """Else keys could never be changed; everything beside them stays written once."""
    for name, columns in guards.APPEND_ONLY.items():
        for column in columns:
            with writing(session) as tx:
                tx.execute(update(table(name)).values({column: b"sealed anew"}))


def test_a_cup_keeps_what_it_holds_and_ends_once(session: Session, cast: Cast, person: Person, order: int) -> None:
    who: Mapping[str, Any] = {"recorded_by_id": cast.staff["dispenser"], "recorded_at": MORNING}
    ended = poured_away(session, cast, person, order, who)
    standing = add(session, "dose_pours", **a_cup(cast, person, order))
    cups = table("dose_pours")
    changes: list[tuple[int, str, dict[str, Any]]] = [
        (standing, "dose_pours_never_changed", {"mg_tenths": 600}),
        (standing, "dose_pours_never_changed", {"patient_id": person.id}),
        (ended, "dose_pours_end_once", {"ended_at": None, "ended_by": None}),
    ]
    for pour_id, guard, values in changes:
        with pytest.raises(IntegrityError) as error, writing(session) as tx:
            tx.execute(update(cups).where(cups.c.id == pour_id).values(**values))
        assert guard in violated(error.value)
    with pytest.raises(IntegrityError) as error, writing(session) as tx:
        tx.execute(delete(cups).where(cups.c.id == standing))
    assert "dose_pours_never_deleted" in violated(error.value)


def test_a_second_cup_does_not_stand_beside_the_first(session: Session, cast: Cast, person: Person, order: int) -> None:
    add(session, "dose_pours", **a_cup(cast, person, order))
    with pytest.raises(IntegrityError):
        add(session, "dose_pours", **a_cup(cast, person, order))


def test_a_cup_names_the_dose_that_it_held(session: Session, cast: Cast, person: Person, order: int) -> None:
    pour_id = add(session, "dose_pours", **a_cup(cast, person, order))
    dose_id = add(session, "day_doses", **a_dose(cast, person, order, dose_on=TODAY + timedelta(days=1)))
    cups, ended = table("dose_pours"), {"ended_at": MORNING, "ended_by": "swallowed", "day_dose_id": dose_id}
    with pytest.raises(IntegrityError) as error, writing(session) as tx:
        tx.execute(update(cups).where(cups.c.id == pour_id).values(**ended))
    assert "dose_pours_name_their_dose" in violated(error.value)


def test_no_dose_of_the_window_stands_against_a_hold(session: Session, cast: Cast, person: Person, order: int) -> None:
    hold_id = add(session, "patient_holds", **a_hold(cast, person))
    with pytest.raises(IntegrityError) as error:
        add(session, "day_doses", **a_dose(cast, person, order))
    assert "day_doses_not_on_hold" in violated(error.value)
    holds, lifted = table("patient_holds"), {"lifted_at": MORNING, "lifted_by_id": cast.staff["doctor"]}
    with writing(session) as tx:
        tx.execute(update(holds).where(holds.c.id == hold_id).values(**lifted))
    add(session, "day_doses", **a_dose(cast, person, order))
    with pytest.raises(IntegrityError) as error, writing(session) as tx:
        tx.execute(update(holds).where(holds.c.id == hold_id).values(lifted_at=None, lifted_by_id=None))
    assert "patient_holds_lifted_once" in violated(error.value)
