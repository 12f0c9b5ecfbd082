"""Somebody with a file and a number, and rows of the outbox as the planner leaves them."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import writing
from counseling.domain.text_purposes import EVERY_PURPOSE
from counseling.models import Base
from counseling.models.patients import PhoneNumber, SupportFile
from counseling.models.tasks import Task
from counseling.models.texts import OutboundMessage, PhoneLine, Reminder
from counseling.refs import new_ref, new_request_key
from counseling.services.crossing import ask_to_call_back
from counseling.services.phone_confirmation import Numbered, send_digits
from counseling.services.phones import add_phone
from counseling.services.sms_consents import Asked, give_consent
from counseling.services.visit_consents import VisitTerms, give_visit_consent, withdraw_visit_consent
from tests.support.cast import DONG_KINH, TEAM2, Cast
from tests.support.files import by, patient_of, registered, supported
from tests.support.numbers import compared
from tests.support.settings import MORNING

TODAY = MORNING.date()
NUMBER = "+84912345678"
WORDS = Asked(version="v1", language="vi", purposes=EVERY_PURPOSE)
# Tables that hold the treatment side only; where both sides have rows, a row says its side.
TREATMENT_TABLES = (
    "treatment_files", "cards", "dose_orders", "day_doses", "dose_voids", "station_visits", "dosed_elsewhere",
    "adherence_summaries", "visit_consents",
)  # fmt: skip
ASKS = {"treatment": "dispenser", "support": "counselor"}


def person(session: Session, cast: Cast, side: str = "treatment", number: str | None = NUMBER) -> int:
    ref = registered(session, cast) if side == "treatment" else supported(session, cast)
    patient_id = patient_of(session, ref)
    if number is not None:
        add_phone(session, patient_id, number, by=by(cast, ASKS[side]), now=MORNING, side=side)
    return patient_id


def phone_of(session: Session, patient_id: int, side: str = "treatment") -> PhoneNumber:
    """The number that the file has now."""
    query = select(PhoneNumber).where(
        PhoneNumber.patient_id == patient_id, PhoneNumber.side == side, PhoneNumber.removed_at.is_(None)
    )
    row = session.scalars(query.execution_options(populate_existing=True)).one()
    session.rollback()
    return row


def numbered(session: Session, patient_id: int, side: str = "treatment") -> Numbered:
    return Numbered(patient_id, side, phone_of(session, patient_id, side).ref)


def ask(
    session: Session, cast: Cast, phone: Numbered, *, key: str | None = None, today: date = TODAY,
    now: datetime = MORNING,
) -> None:  # fmt: skip
    who = by(cast, ASKS[phone.side])
    send_digits(session, phone, by=who, request_key=key or new_request_key(), today=today, now=now, zone=VIETNAM)


def reached(session: Session, cast: Cast, patient_id: int, side: str = "treatment") -> int:
    """Somebody who has agreed and whose number is confirmed; the number's line."""
    who = by(cast, ASKS[side])
    give_consent(session, patient_id, side, WORDS, by=who, request_key=new_request_key(), now=MORNING)
    return compared(session, phone_of(session, patient_id, side).ref, by=who, now=MORNING)


def planned(session: Session, patient_id: int, side: str = "treatment", **changes: Any) -> int:
    """A reminder that is to go out today."""
    row = {
        "patient_id": patient_id, "side": side, "site_id": DONG_KINH, "kind": "missed_yesterday", "rule_version": 1,
        "on_date": TODAY, "due_at": MORNING, "expires_at": MORNING + timedelta(hours=4), "state": "planned",
        "planned_at": MORNING, **changes,
    }  # fmt: skip
    with writing(session) as tx:
        return tx.execute(insert(Reminder).values(**row).returning(Reminder.id)).scalar_one()


def queued(session: Session, patient_id: int, line_id: int, side: str = "treatment", **changes: Any) -> int:
    """A text in the outbox, with its reminder unless it is an answer."""
    answer = changes.get("wording") == "stopped"
    reminder_id = None if answer else planned(session, patient_id, side, state="queued", slot=2)
    row = {
        "ref": new_ref(), "patient_id": patient_id, "side": side, "site_id": DONG_KINH, "line_id": line_id,
        "wording": "missed_yesterday", "is_automatic": True, "queued_at": MORNING, "send_after": MORNING,
        "expires_at": MORNING + timedelta(hours=4), "state": "queued", "attempts": 0, "segments": 1,
        "reminder_id": reminder_id, **changes,
    }  # fmt: skip
    with writing(session) as tx:
        return tx.execute(insert(OutboundMessage).values(**row).returning(OutboundMessage.id)).scalar_one()


def states(session: Session) -> tuple[list[str], list[str]]:
    """Of all reminders and of all texts, in their order."""
    session.rollback()
    reminders = session.execute(select(Reminder.state).order_by(Reminder.id)).scalars()
    return list(reminders), list(session.execute(select(OutboundMessage.state).order_by(OutboundMessage.id)).scalars())


def line_row(session: Session, line_id: int) -> PhoneLine:
    session.rollback()
    return session.get_one(PhoneLine, line_id, populate_existing=True)


def terms(**changes: Any) -> VisitTerms:
    plain: dict[str, Any] = {
        "team_id": TEAM2, "community_name": "Anh Ba sửa xe", "place": "home", "pretext": "acquaintance",
        "never_by": "hàng xóm Lý Tám", "version": "v1",
    }  # fmt: skip
    return VisitTerms(**{**plain, **changes})


def agrees(
    session: Session, cast: Cast, patient_id: int, *, key: str | None = None, now: datetime = MORNING, **changes: Any
) -> None:
    """Somebody in treatment agrees, at the dispenser's desk, to be looked in on; by the team of Công Sơn."""
    give_visit_consent(
        session, patient_id, terms(**changes), by=by(cast, "dispenser"), request_key=key or new_request_key(),
        today=now.date(), now=now,
    )  # fmt: skip


def takes_it_back(session: Session, cast: Cast, patient_id: int, now: datetime = MORNING) -> None:
    withdraw_visit_consent(session, patient_id, by=by(cast, "dispenser"), now=now)


def asks_to_be_called(
    session: Session, patient_id: int, side: str = "treatment", *, now: datetime = MORNING, dice: int = 1
) -> None:
    """Their answer to a text, as services/inbound.py passes it on."""
    day, chance = now.date(), random.Random(dice)
    with writing(session) as tx:
        ask_to_call_back(tx, patient_id, side, DONG_KINH, today=day, now=now, zone=VIETNAM, dice=chance)


def tasks(session: Session, side: str) -> list[Task]:
    session.rollback()
    query = select(Task).where(Task.side == side).order_by(Task.id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def support_file(session: Session, patient_id: int) -> SupportFile | None:
    session.rollback()
    return session.get(SupportFile, patient_id, populate_existing=True)


def rows_of_the_other_side(session: Session, patient_id: int) -> list[str]:
    """Every row about this person in any table, but those that belong to the treatment side alone."""
    session.rollback()
    found = []
    for table in Base.metadata.sorted_tables:
        if "patient_id" not in table.c or table.name in TREATMENT_TABLES:
            continue
        rows = session.execute(select(table).where(table.c.patient_id == patient_id)).mappings()
        found += [f"{table.name} {dict(row)}" for row in rows if row.get("side") != "treatment"]
    return found
