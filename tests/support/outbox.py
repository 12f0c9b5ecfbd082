"""Texts for stories: a queue filled as the services fill it, and a provider that nobody of the program wrote."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, Row, insert, select
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import vault_of, writing
from counseling.models.patients import Patient
from counseling.models.texts import OutboundMessage, Reminder
from counseling.services.message_attempts import LookAgain
from counseling.services.outbox import NewMessage, enqueue
from counseling.services.phone_lines import ensure_line
from counseling.services.sending import Sent, send_due
from counseling.services.sweeping import sweep
from counseling.services.worker_beats import beat
from counseling.sms.gateway import Abilities, AttemptedText, SmsGateway, TextToSend
from tests.support.cast import DONG_KINH
from tests.support.races import at_the_same_second
from tests.support.settings import MORNING

EIGHT = MORNING + timedelta(minutes=90)  # 8:00: a time at which texts go
BODY = "Nhac viec: dung quen viec hang ngay."
_numbers = itertools.count(1)


class Killed(BaseException):
    """What a SIGKILL looks like from inside: nobody catches it, nothing after it happens."""


class FakeProvider:
    """Takes texts and remembers them by itself. `before`, `after`: raised before or after it has taken one."""

    name = "fake"

    def __init__(self, *, repeat_safe: bool = True, per_minute: int = 600) -> None:
        self.abilities = Abilities(
            two_way=False, receipts=False, repeat_safe=repeat_safe, unicode=True, segments_per_minute=per_minute
        )
        self.sent: list[TextToSend] = []
        self.handed_over: list[str] = []
        self.before: BaseException | None = None
        self.after: BaseException | None = None

    def send(self, message: TextToSend) -> None:
        self.handed_over.append(message.ref)
        if self.before is not None:
            raise self.before
        if not (self.abilities.repeat_safe and message.ref in self.refs()):
            self.sent.append(message)
        if self.after is not None:
            raise self.after

    def resolve_unknown(self, message: AttemptedText) -> bool | None:
        """Who does not know our references cannot tell."""
        return message.ref in self.refs() if self.abilities.repeat_safe else None

    def refs(self) -> list[str]:
        return [text.ref for text in self.sent]


def a_line(session: Session, number: str | None = None) -> int:
    """A phone line of its own, unless a number is given."""
    with writing(session) as tx:
        return ensure_line(tx, vault_of(session), number or f"+8499800{next(_numbers):04d}")


def a_person(session: Session) -> int:
    """An inner row without any file: all that the outbox asks for."""
    with writing(session) as tx:
        return tx.execute(insert(Patient).values(created_at=MORNING).returning(Patient.id)).scalar_one()


def a_reminder(session: Session, person: int, state: str = "queued") -> int:
    """The occurrence of this morning that a text of `person` carries out; gives its id."""
    values = {
        "patient_id": person,
        "side": "treatment",
        "site_id": DONG_KINH,
        "kind": "missed_yesterday",
        "rule_version": 1,
        "on_date": EIGHT.date(),
        "due_at": EIGHT,
        "expires_at": EIGHT + timedelta(hours=12),
        "state": state,
        "planned_at": EIGHT,
    }
    with writing(session) as tx:
        return tx.execute(insert(Reminder).values(**values).returning(Reminder.id)).scalar_one()


def queue(session: Session, line_id: int, *, now: datetime = EIGHT, **changes: Any) -> int | None:
    """One automatic text of the station that dies at the end of its day; gives its id."""
    values: dict[str, Any] = {
        "line_id": line_id,
        "side": "treatment",
        "site_id": DONG_KINH,
        "wording": "missed_yesterday",
        "body": BODY,
        "is_automatic": True,
        "expires_at": now + timedelta(hours=12),
    }
    with writing(session) as tx:
        return enqueue(tx, NewMessage(**{**values, **changes}), now)


def queued(session: Session, line_id: int, **changes: Any) -> int:
    message_id = queue(session, line_id, **changes)
    assert message_id is not None
    return message_id


def nothing_against(*_: object) -> None:
    """A second look that finds nothing."""


def send(
    session: Session,
    gateway: SmsGateway,
    now: datetime = EIGHT,
    *,
    look_again: LookAgain = nothing_against,
    **options: Any,
) -> Sent:
    return send_due(session, gateway, now, VIETNAM, look_again=look_again, **options)


def clock_runs(session: Session, now: datetime) -> None:
    """The work has run by this clock for a week, up to a minute ago."""
    beat(session, now - timedelta(days=7), "steady")
    beat(session, now - timedelta(minutes=1))


def message(session: Session, message_id: int) -> Row[Any]:
    """The row as everybody else sees it now."""
    session.rollback()
    return session.execute(select(OutboundMessage.__table__).where(OutboundMessage.id == message_id)).one()


def states(session: Session) -> list[str]:
    session.rollback()
    return list(session.execute(select(OutboundMessage.state).order_by(OutboundMessage.id)).scalars())


def send_at_the_same_second(session: Session, gateway: SmsGateway, count: int) -> None:
    """So many senders who begin together, each with a session of its own; none of them breaks off."""
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    runs = at_the_same_second(engine, *[lambda own: send(own, gateway)] * count)
    assert [type(run) for run in runs] == [Sent] * count


def swept(session: Session, gateway: SmsGateway, now: datetime) -> None:
    sweep(session, gateway, now, VIETNAM)


def kill_before_the_attempt(session: Session, gateway: FakeProvider, now: datetime = EIGHT) -> None:
    def killed(*_: object) -> str | None:
        raise Killed

    with pytest.raises(Killed):
        send(session, gateway, now, look_again=killed)


def kill_before_handing_over(session: Session, gateway: FakeProvider) -> None:
    gateway.before = Killed()
    with pytest.raises(Killed):
        send(session, gateway)
    gateway.before = None


def kill_before_writing_the_end(session: Session, gateway: FakeProvider) -> None:
    gateway.after = Killed()
    with pytest.raises(Killed):
        send(session, gateway)
    gateway.after = None
