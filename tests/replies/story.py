"""Numbers that people have, texts that asked them something, and what they text back."""

from __future__ import annotations

import itertools
import random
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, insert, select, update
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.models.patients import PhoneNumber
from counseling.models.texts import InboundMessage, OutboundMessage
from counseling.refs import new_ref
from counseling.services.inbound import read_inbound, store_inbound
from counseling.services.outbox import NewMessage, enqueue
from counseling.services.phone_lines import ensure_line
from counseling.sms.wording import QUESTION_OF, text_of
from counseling.treatment_rows import phone_row
from tests.support.cast import DONG_KINH
from tests.support.settings import MORNING

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NUMBER, OTHER_NUMBER = "+84912000111", "+84912000222"
ASKED_AT = MORNING + timedelta(hours=1)  # 7:30
REPLIED_AT = MORNING + timedelta(hours=2)  # 8:30
VALUES: dict[str, dict[str, str]] = {
    "missed_yesterday": {"until": "10h30"},
    "number": {"digits": "48"},
    "appointment": {"hour": "8h", "day": "thu Tu 25/11"},
}
_events = itertools.count(1)


def has_number(
    session: Session, patient_id: int, side: str = "treatment", number: str = NUMBER, *, confirmed: bool = True
) -> int:
    """Give a file a number that was confirmed at the desk; gives its line."""
    vault, ref = vault_of(session), new_ref()
    with writing(session) as tx:
        line_id = ensure_line(tx, vault, number)
        row: dict[str, Any] = phone_row(vault, side, patient_id, ref, number, MORNING)
        seen = MORNING if confirmed else None
        row |= {"line_id": line_id, "asked_at": MORNING, "compared_at": seen, "confirmed_at": seen}
        tx.execute(insert(PhoneNumber).values(**row))
    return line_id


def asked(
    session: Session,
    line_id: int,
    patient_id: int | None,
    wording: str = "missed_yesterday",
    *,
    side: str = "treatment",
    site: int = DONG_KINH,
    at: datetime = ASKED_AT,
    open_for: timedelta = timedelta(days=1),
    state: str = "accepted",
) -> int:
    """A text that asks, or only tells, and that has gone out; gives its id."""
    question = QUESTION_OF.get(wording)
    message = NewMessage(
        line_id=line_id,
        side=side,
        site_id=site,
        patient_id=patient_id,
        wording=wording,
        body=text_of(wording, **VALUES.get(wording, {})),
        is_automatic=True,
        expires_at=at + timedelta(hours=3),
        question=question,
        question_until=at + open_for if question else None,
    )
    with writing(session) as tx:
        message_id = enqueue(tx, message, at)
        assert message_id is not None
        tx.execute(update(OutboundMessage).where(OutboundMessage.id == message_id).values(state=state))
    return message_id


def comes_in(
    session: Session,
    body: str,
    *,
    number: str = NUMBER,
    at: datetime = REPLIED_AT,
    key: str = "",
    written_at: datetime | None = None,
) -> bool:
    """The provider hands over one text; nobody has read it yet."""
    event_key = key or f"event-{next(_events)}"
    came = {"number": number, "body": body, "received_at": at, "written_at": written_at}
    return store_inbound(session, gateway="simulator", event_key=event_key, **came)  # type: ignore[arg-type]


def read(session: Session, now: datetime = REPLIED_AT) -> int:
    return read_inbound(session, now, ZONE, random.Random(7))


def texted(session: Session, body: str, *, number: str = NUMBER, at: datetime = REPLIED_AT) -> Row[Any]:
    """A text comes in and is read; gives the row that it became."""
    assert comes_in(session, body, number=number, at=at)
    assert read(session, at) == 1
    return inbound(session)[-1]


def inbound(session: Session) -> list[Row[Any]]:
    session.rollback()  # else SQLite goes on showing what stood there before a page wrote
    return list(session.execute(select(*InboundMessage.__table__.columns).order_by(InboundMessage.id)))


def outbound(session: Session, wording: str | None = None) -> list[Row[Any]]:
    session.rollback()
    query = select(*OutboundMessage.__table__.columns).order_by(OutboundMessage.id)
    return list(session.execute(query if wording is None else query.where(OutboundMessage.wording == wording)))
