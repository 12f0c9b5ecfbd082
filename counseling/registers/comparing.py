"""Compare a row of a register with what is known of the person: what would change, or why it may not.

Pure rules on plain values; who is meant was found before (`known_people`). A blank cell changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from counseling.domain.names import fold
from counseling.domain.orders import SECOND_DOCTOR_TENTHS
from counseling.registers.known_people import KnownOrder, KnownPerson
from counseling.registers.register_row import RegisterRow

A_DAY = timedelta(days=1)
# Fields of the row that are compared as they are; the file's name for them is the same.
_PLAIN = ("full_name", "birth_year", "sex", "national_code", "identity_number", "address", "treatment_began_on")


class RowRefused(Exception):  # noqa: N818 - an answer about the row, not an accident
    """The row may not be imported: `field` and `code` choose column and sentence, `value` is what it names."""

    def __init__(self, field: str, code: str, value: str = "") -> None:
        super().__init__(code)
        self.field = field
        self.code = code
        self.value = value


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """The order that the row asks for, and the imported one that would end before it."""

    tenths: int
    starts_on: date
    ends_on: date
    lowers: KnownOrder | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What one row does to a file: `values` by column of the file, `shown` as (field, before, after)."""

    values: Mapping[str, object] = field(default_factory=dict)
    phone: str | None = None
    replaces_phone_id: int | None = None
    order: OrderPlan | None = None
    shown: tuple[tuple[str, object, object], ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(name for name, _, _ in self.shown)


def order_of(row: RegisterRow) -> OrderPlan | None:
    """The order of a row of somebody new; None where dose or days are missing. Raises RowRefused."""
    if row.dose_tenths is None or row.order_starts_on is None or row.order_ends_on is None:
        return None
    if row.dose_tenths > SECOND_DOCTOR_TENTHS:
        raise RowRefused("dose_mg", "dose_above_300")
    return OrderPlan(row.dose_tenths, row.order_starts_on, row.order_ends_on)


def ensure_same_person(row: RegisterRow, known: KnownPerson, other: KnownPerson | None) -> None:
    """Refuse a row whose code, papers and name speak of two people: a file must not become somebody else's."""
    if other is not None:
        raise RowRefused("identity_number", "papers_of_another", other.register_code)
    if fold(row.full_name or "") != fold(known.full_name) and row.birth_year != known.birth_year:
        raise RowRefused("register_code", "code_of_another", known.register_code)
    if known.status != "active":
        raise RowRefused("register_code", "not_active", known.status)


def change_of(row: RegisterRow, known: KnownPerson, area_id: int | None) -> Change:
    """What the row changes; `fields` is empty where it changes nothing. Raises RowRefused."""
    values, shown = _details(row, known, area_id)
    phone, replaces, phone_shown = _phone(row, known)
    order = _order(row, known)
    if order is not None:
        after = (order.tenths, order.starts_on, order.ends_on)
        shown.append(("order", _shown_order(_before(known, order)), after))
    return Change(values, phone, replaces, order, tuple(shown + phone_shown))


def _details(
    row: RegisterRow, known: KnownPerson, area_id: int | None
) -> tuple[dict[str, object], list[tuple[str, object, object]]]:
    pairs = [(name, getattr(known, name), getattr(row, name)) for name in _PLAIN]
    pairs += [("area_id", known.area_id, area_id), ("notes", known.notes, _notes(row.notes, known.notes))]
    pairs += [("birth_on", known.birth_on, row.birth_on)]
    if row.register_code and row.register_code != known.register_code:
        pairs.append(("register_code", known.register_code, row.register_code))
    shown = [(name, old, new) for name, old, new in pairs if new is not None and new != old]
    if "birth_year" in [name for name, _, _ in shown] and known.birth_on and not row.birth_on:
        shown.append(("birth_on", known.birth_on, None))  # a day of another year would contradict
    values: dict[str, object] = {name: new for name, _, new in shown}
    if row.hiv_status in ("positive", "negative") and row.hiv_status != known.hiv_status:
        values["hiv_status"] = row.hiv_status
        shown.append(("hiv_status", None, None))  # not everybody who imports may read it
    return values, shown


def _notes(new: str | None, old: str | None) -> str | None:
    """Notes are added to: what somebody wrote here is not lost to a spreadsheet's shorter line."""
    if not new or not old:
        return new
    return old if fold(new) in fold(old) else f"{old}\n{new}"


def _phone(row: RegisterRow, known: KnownPerson) -> tuple[str | None, int | None, list[tuple[str, object, object]]]:
    """A new number takes the place of a single old one; beside several it is one more."""
    numbers = [number for _, number in known.phones]
    if row.phone is None or row.phone in numbers:
        return None, None, []
    replaces = known.phones[0][0] if len(known.phones) == 1 else None
    return row.phone, replaces, [("phone", ", ".join(numbers) or None, row.phone)]


def _order(row: RegisterRow, known: KnownPerson) -> OrderPlan | None:
    plan = order_of(row)
    if plan is None or any(_is_same(plan, order) for order in known.orders):
        return None
    overlapping = [o for o in known.orders if o.starts_on <= plan.ends_on and o.last_on >= plan.starts_on]
    if not overlapping:
        return plan
    if any(not order.is_imported for order in overlapping):
        raise RowRefused("order_starts_on", "order_written_here")
    if any(order.dosed_through and order.dosed_through >= plan.starts_on for order in overlapping):
        raise RowRefused("order_starts_on", "order_has_doses")
    if any(order.starts_on > plan.starts_on for order in overlapping):
        raise RowRefused("order_starts_on", "order_before_another")
    return OrderPlan(plan.tenths, plan.starts_on, plan.ends_on, overlapping[0])


def _is_same(plan: OrderPlan, order: KnownOrder) -> bool:
    return (plan.tenths, plan.starts_on, plan.ends_on) == (order.tenths, order.starts_on, order.ends_on)


def _before(known: KnownPerson, plan: OrderPlan) -> KnownOrder | None:
    """The order to show beside the new one: the one that it ends, else the newest."""
    return plan.lowers or max(known.orders, key=lambda order: order.starts_on, default=None)


def _shown_order(order: KnownOrder | None) -> object:
    return None if order is None else (order.tenths, order.starts_on, order.ends_on)
