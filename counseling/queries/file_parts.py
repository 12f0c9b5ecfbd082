"""What belongs to one file: orders, last doses, cards, status changes, phones. The caller has checked the scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from counseling.database import AnySession, vault_of
from counseling.models.doses import DayDose, DoseIncident, DoseVoid
from counseling.models.orders import DoseOrder, Drug, OrderPart
from counseling.models.patients import Card, FileStatusChange, PhoneNumber
from counseling.models.people import Staff
from counseling.models.places import Site
from counseling.queries.dose_reversals import waiting_doses
from counseling.treatment_rows import open_card_code, open_phone, open_status_reason

LAST_DOSES = 30


@dataclass(frozen=True)
class OrderLine:
    """An order as a row that is read. `mg_tenths` is the whole day's amount; `last_on` below `ends_on`: stopped."""

    phase: str
    mg_tenths: int
    parts: int
    drug: str
    starts_on: date
    ends_on: date
    last_on: date
    origin: str
    written_by: str


@dataclass(frozen=True)
class DoseLine:
    dose_on: date
    kind: str
    part: int
    mg_tenths: int
    site: str
    recorded_at: datetime
    is_void: bool
    id: int
    is_late: bool  # entered from paper: `recorded_at` is not when it was drunk
    waits_reversal: bool


@dataclass(frozen=True)
class IncidentLine:
    """A dose that was drunk and cannot stand in the ledger; `reason` is the rule that it went against."""

    dose_on: date
    mg_tenths: int
    reason: str
    paper: str | None
    site: str


@dataclass(frozen=True)
class CardLine:
    ref: str
    code: str
    issued_at: datetime
    revoked_at: datetime | None
    revoke_reason: str | None


@dataclass(frozen=True)
class StatusLine:
    status: str
    since_on: date
    reason: str | None
    recorded_by: str
    recorded_at: datetime


@dataclass(frozen=True)
class PhoneLine:
    """`number` is E.164; `shown` is how people here read it: 0912 345 678."""

    ref: str
    number: str

    @property
    def shown(self) -> str:
        national = self.number.removeprefix("+84")
        if national == self.number or len(national) != 9:
            return self.number
        return f"0{national[:3]} {national[3:6]} {national[6:]}"


def list_orders(session: AnySession, patient_id: int) -> list[OrderLine]:
    """All orders of a person, newest first."""
    amount, parts = func.sum(OrderPart.mg_tenths), func.count(OrderPart.id)
    rows = session.execute(
        select(DoseOrder, Drug.name, Staff.display_name, amount, parts)
        .join(OrderPart, OrderPart.order_id == DoseOrder.id)
        .join(Drug, Drug.id == DoseOrder.drug_id)
        .join(Staff, Staff.id == DoseOrder.written_by_id)
        .where(DoseOrder.patient_id == patient_id)
        .group_by(DoseOrder.id, Drug.name, Staff.display_name)
        .order_by(DoseOrder.starts_on.desc(), DoseOrder.id.desc())
    )
    return [
        OrderLine(o.phase, int(mg), count, drug, o.starts_on, o.ends_on, o.last_on, o.origin, doctor)
        for o, drug, doctor, mg, count in rows
    ]


def list_last_doses(session: AnySession, patient_id: int) -> list[DoseLine]:
    """The last doses, newest first; mistaken ones are kept and marked."""
    unsigned = waiting_doses(session, [patient_id])
    rows = session.execute(
        select(DayDose, Site.name, DoseVoid.id)
        .join(Site, Site.id == DayDose.site_id)
        .outerjoin(DoseVoid, DoseVoid.day_dose_id == DayDose.id)
        .where(DayDose.patient_id == patient_id)
        .order_by(DayDose.dose_on.desc(), DayDose.part.desc(), DayDose.attempt.desc())
        .limit(LAST_DOSES)
    )
    return [
        DoseLine(
            d.dose_on,
            d.kind,
            d.part,
            d.mg_tenths,
            site,
            d.recorded_at,
            void is not None,
            d.id,
            d.source == "late_entry",
            d.id in unsigned,
        )
        for d, site, void in rows
    ]


def list_incidents(session: AnySession, patient_id: int) -> list[IncidentLine]:
    """Doses beside the ledger, the newest first."""
    rows = session.execute(
        select(DoseIncident.dose_on, DoseIncident.mg_tenths, DoseIncident.reason, DoseIncident.paper, Site.name)
        .join(Site, Site.id == DoseIncident.site_id)
        .where(DoseIncident.patient_id == patient_id)
        .order_by(DoseIncident.dose_on.desc(), DoseIncident.id.desc())
    )
    return [IncidentLine(*row) for row in rows]


def list_cards(session: AnySession, patient_id: int) -> list[CardLine]:
    """All cards of a person, those in use first, then by age."""
    vault = vault_of(session)
    rows = session.execute(select(Card).where(Card.patient_id == patient_id).order_by(Card.id.desc())).scalars()
    lines = [
        CardLine(c.ref, open_card_code(vault, c.ref, c.code), c.issued_at, c.revoked_at, c.revoke_reason) for c in rows
    ]
    return sorted(lines, key=lambda line: line.revoked_at is not None)


def list_status_changes(session: AnySession, patient_id: int, side: str, ref: str) -> list[StatusLine]:
    """The status history of one file, newest first; `ref` is the file's own."""
    vault = vault_of(session)
    rows = session.execute(
        select(FileStatusChange, Staff.display_name)
        .join(Staff, Staff.id == FileStatusChange.recorded_by_id)
        .where(FileStatusChange.patient_id == patient_id, FileStatusChange.side == side)
        .order_by(FileStatusChange.id.desc())
    )
    return [
        StatusLine(c.status, c.since_on, open_status_reason(vault, ref, c.reason), name, c.recorded_at)
        for c, name in rows
    ]


def list_phones(session: AnySession, patient_id: int, side: str) -> list[PhoneLine]:
    """The numbers that a file has now, in the order in which they were added."""
    vault = vault_of(session)
    rows = session.execute(
        select(PhoneNumber.ref, PhoneNumber.number)
        .where(PhoneNumber.patient_id == patient_id, PhoneNumber.side == side, PhoneNumber.removed_at.is_(None))
        .order_by(PhoneNumber.id)
    )
    return [PhoneLine(ref, open_phone(vault, ref, number)) for ref, number in rows]
