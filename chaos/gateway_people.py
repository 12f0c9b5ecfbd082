"""Whoever of a week leaves, dies or writes NGUNG between the planning of a text and its sending."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.clock import station_day
from counseling.config import VIETNAM
from counseling.database import vault_of
from counseling.models.patients import PhoneNumber
from counseling.models.people import Staff
from counseling.models.texts import OutboundMessage, PhoneLine
from counseling.services.patients import change_status
from counseling.services.phone_lines import open_line_number
from counseling.services.treatment_files import By
from tests.support.fake_phone import FakePhone

LEAVES = ("discharged", "died")
IS_LAST = 0.05  # of the half hours of a week: about fifteen of its people are gone at its end


@dataclass
class Leaving:
    """`tried`: of each who is gone, how often each text had been tried until then; no try may follow."""

    dice: random.Random
    people: list[tuple[int, int, str]]
    tried: dict[int, dict[int, int]] = field(default_factory=dict)

    def happen(self, session: Session, phone: FakePhone, now: datetime) -> str | None:
        """Perhaps somebody leaves; gives how. Who texts is gone when that has been read: `note_stopped`."""
        if self.dice.random() >= IS_LAST:
            return None
        # As often as they are texted: the first of the list most.
        patient_id, _, number = self.people[min(int(self.dice.expovariate(0.08)), len(self.people) - 1)]
        how = self.dice.choice([*LEAVES, "NGUNG"])
        if patient_id in self.tried:
            return None
        if how == "NGUNG":
            phone.receive(number, "Ngưng")
            return "wrote NGUNG"
        by = By(session.execute(select(Staff.id).where(Staff.username == "dispenser")).scalar_one(), "role:1")
        today = station_day(now, VIETNAM)
        change_status(session, patient_id, status=how, since_on=today, reason=None, by=by, today=today, now=now)
        self.tried[patient_id] = _tries(session, patient_id)
        return how

    def note_stopped(self, session: Session) -> None:
        stopped = set(session.execute(select(PhoneLine.id).where(PhoneLine.opted_out_at.is_not(None))).scalars())
        for patient_id, line_id, _ in self.people:
            if line_id in stopped and patient_id not in self.tried:
                self.tried[patient_id] = _tries(session, patient_id)
        session.rollback()


def people_of(session: Session) -> list[tuple[int, int, str]]:
    """Everybody with line and number, in the order of their files."""
    phones = select(PhoneNumber.patient_id, PhoneLine.id, PhoneLine.ref, PhoneLine.number)
    rows = session.execute(phones.join(PhoneLine, PhoneLine.id == PhoneNumber.line_id).order_by(PhoneNumber.patient_id))
    vault = vault_of(session)
    return [(patient_id, line_id, open_line_number(vault, ref, number)) for patient_id, line_id, ref, number in rows]


def _tries(session: Session, patient_id: int) -> dict[int, int]:
    own = select(OutboundMessage.id, OutboundMessage.attempts).where(OutboundMessage.patient_id == patient_id)
    return {row.id: row.attempts for row in session.execute(own)}
