"""Somebody with a file and a number, and rows of the outbox as the planner leaves them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import writing
from counseling.models.patients import PhoneNumber
from counseling.models.texts import OutboundMessage, PhoneLine, Reminder
from counseling.refs import new_ref, new_request_key
from counseling.services.phone_confirmation import Numbered, confirm_by_call, send_digits
from counseling.services.phones import add_phone
from counseling.services.sms_consents import Asked, give_consent
from tests.support.cast import DONG_KINH, Cast
from tests.support.files import by, patient_of, registered, supported
from tests.support.settings import MORNING

TODAY = MORNING.date()
NUMBER = "+84912345678"
WORDS = Asked("v1", "vi")
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
    confirm_by_call(session, numbered(session, patient_id, side), by=who, now=MORNING)
    give_consent(session, patient_id, side, WORDS, by=who, request_key=new_request_key(), now=MORNING)
    line_id = phone_of(session, patient_id, side).line_id
    assert line_id is not None
    return line_id


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
