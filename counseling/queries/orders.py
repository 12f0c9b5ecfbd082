"""Orders of one person, and what a doctor has before their eyes when writing one. The caller has checked the scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from counseling.database import AnySession, vault_of
from counseling.domain.adherence import EMPTY, Adherence, bits_from_bytes
from counseling.domain.missed_doses import GapBand, band_for, gap_days
from counseling.models.doses import AdherenceSummary
from counseling.models.orders import DoseOrder, Drug, OrderPart
from counseling.models.people import Staff
from counseling.queries.today import LastDose, find_last_dose

DAYS_SHOWN = 14


@dataclass(frozen=True)
class OrderRow:
    """An order as a page shows it. Amounts in tenths of a mg, one for each part of the day."""

    id: int
    phase: str
    drug: str
    strength: int
    parts: tuple[int, ...]
    starts_on: date
    ends_on: date
    last_on: date
    gap_reviewed_through: date | None
    origin: str
    written_by: str
    second_doctor: str | None
    written_at: datetime
    note: str | None
    taper_key: str | None = None

    @property
    def mg_tenths(self) -> int:
        """The whole day's amount."""
        return sum(self.parts)

    @property
    def is_cut_short(self) -> bool:
        """Stopped by a doctor, or replaced by a later order."""
        return self.last_on < self.ends_on

    @property
    def never_ran(self) -> bool:
        return self.last_on < self.starts_on

    def runs_on(self, day: date) -> bool:
        return self.starts_on <= day <= self.last_on


@dataclass(frozen=True)
class WholeOrder:
    """An order as the doctor wrote it: one row, or the steps of a taper in the order of their days."""

    steps: tuple[OrderRow, ...]

    @property
    def ids(self) -> frozenset[int]:
        return frozenset(step.id for step in self.steps)

    @property
    def first(self) -> OrderRow:
        return self.steps[0]

    @property
    def is_taper(self) -> bool:
        return len(self.steps) > 1

    @property
    def last_on(self) -> date:
        """The last day on which any of it runs; before `first.starts_on` when none ever did."""
        return max((step.last_on for step in self.steps if not step.never_ran), default=self.first.last_on)

    @property
    def never_ran(self) -> bool:
        return all(step.never_ran for step in self.steps)

    @property
    def is_cut_short(self) -> bool:
        return any(step.is_cut_short for step in self.steps)

    def runs_on(self, day: date) -> bool:
        return any(step.runs_on(day) for step in self.steps)


@dataclass(frozen=True)
class DaySpan:
    """Days in a row of one kind: `complete`, `part` (some of a split dose), `missed`, or `no_order`."""

    first_on: date
    last_on: date
    mark: str

    @property
    def days(self) -> int:
        return (self.last_on - self.first_on).days + 1


@dataclass(frozen=True)
class OrderFacts:
    """What stands beside the form. `gap` None: nothing has ever covered this person. `band` None: nothing to heed."""

    covered_through: date | None
    gap: int | None
    band: GapBand | None
    last_dose: LastDose | None
    days: tuple[DaySpan, ...]
    current: OrderRow | None
    coming: OrderRow | None
    latest_id: int

    @property
    def restart(self) -> bool:
        """Whether the missed days stop the dose until a doctor has examined the person."""
        return self.band is not None and self.band.response.stops


_SECOND = aliased(Staff)
ORDERS: Select[*tuple[Any, ...]] = (
    select(
        DoseOrder,
        Drug.name.label("drug"),
        Drug.strength,
        Staff.display_name.label("written_by"),
        _SECOND.display_name.label("second_doctor"),
    )
    .join(Drug, Drug.id == DoseOrder.drug_id)
    .join(Staff, Staff.id == DoseOrder.written_by_id)
    .outerjoin(_SECOND, _SECOND.id == DoseOrder.second_doctor_id)
    .where(DoseOrder.phase != "one_time")
)


def order_on(session: AnySession, patient_id: int, day: date) -> OrderRow | None:
    """The regular order that runs on a day; the database holds that there is at most one."""
    query = ORDERS.where(DoseOrder.patient_id == patient_id, DoseOrder.starts_on <= day, DoseOrder.last_on >= day)
    return next(iter(_rows(session, query)), None)


def list_orders(session: AnySession, patient_id: int) -> list[OrderRow]:
    """All regular orders of a person, the newest first."""
    return _rows(session, ORDERS.where(DoseOrder.patient_id == patient_id).order_by(DoseOrder.id.desc()))


def whole_orders(orders: Sequence[OrderRow]) -> list[WholeOrder]:
    """Orders as they were written, in the order of `orders`: steps of one taper are one."""
    wholes: dict[str | int, list[OrderRow]] = {}
    for order in orders:
        wholes.setdefault(order.taper_key or order.id, []).append(order)
    return [WholeOrder(tuple(sorted(steps, key=lambda step: step.starts_on))) for steps in wholes.values()]


def orders_for_form(session: AnySession, patient_id: int, bands: Sequence[GapBand], today: date) -> OrderFacts:
    """The facts on one screen: the gap as it stands today, the last dose and days, what runs and what comes."""
    summary = find_summary(session, patient_id)
    orders = list_orders(session, patient_id)
    gap = gap_days(summary.covered_through, today)
    coming = [order for order in orders if order.starts_on > today and not order.never_ran]
    return OrderFacts(
        covered_through=summary.covered_through,
        gap=gap,
        band=band_for(gap, bands),
        last_dose=find_last_dose(session, patient_id),
        days=tuple(_spans(summary, orders, today)),
        current=next((order for order in orders if order.runs_on(today)), None),
        coming=min(coming, key=lambda order: order.starts_on, default=None),
        latest_id=max((order.id for order in orders), default=0),
    )


def find_summary(session: AnySession, patient_id: int) -> Adherence:
    """The kept adherence summary; EMPTY for somebody whom nothing has covered."""
    row = session.execute(
        select(AdherenceSummary.anchor_on, AdherenceSummary.covered, AdherenceSummary.complete).where(
            AdherenceSummary.patient_id == patient_id
        )
    ).first()
    return Adherence(row.anchor_on, bits_from_bytes(row.covered), bits_from_bytes(row.complete)) if row else EMPTY


def _spans(summary: Adherence, orders: Sequence[OrderRow], today: date) -> list[DaySpan]:
    """The last DAYS_SHOWN days before today, the latest first."""
    days = [today - timedelta(days=back) for back in range(1, DAYS_SHOWN + 1)]
    runs = [(mark, list(run)) for mark, run in groupby(days, lambda day: _mark(summary, orders, day))]
    return [DaySpan(run[-1], run[0], mark) for mark, run in runs]


def _mark(summary: Adherence, orders: Sequence[OrderRow], day: date) -> str:
    if summary.is_complete(day):
        return "complete"
    if summary.is_covered(day):
        return "part"
    return "missed" if any(order.runs_on(day) for order in orders) else "no_order"


def _rows(session: AnySession, query: Select[*tuple[Any, ...]]) -> list[OrderRow]:
    found = session.execute(query).all()
    vault = vault_of(session)
    parts: dict[int, list[int]] = {}
    ids = [row.DoseOrder.id for row in found]
    amounts = select(OrderPart.order_id, OrderPart.mg_tenths).where(OrderPart.order_id.in_(ids))
    for order_id, mg_tenths in session.execute(amounts.order_by(OrderPart.part)):
        parts.setdefault(order_id, []).append(mg_tenths)
    return [
        OrderRow(
            id=order.id,
            phase=order.phase,
            drug=drug,
            strength=strength,
            parts=tuple(parts.get(order.id, ())),
            starts_on=order.starts_on,
            ends_on=order.ends_on,
            last_on=order.last_on,
            gap_reviewed_through=order.gap_reviewed_through,
            origin=order.origin,
            written_by=written_by,
            second_doctor=second_doctor,
            written_at=order.written_at,
            note=vault.open("dose_orders.note", order.request_key, order.note),
            taper_key=order.taper_key,
        )
        for order, drug, strength, written_by, second_doctor in found
    ]
