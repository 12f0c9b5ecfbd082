"""What a doctor ordered: drugs, limits per phase, bands of missed days, dose orders and their parts."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base, one_of

PHASES = ("induction", "adjustment", "maintenance", "taper", "one_time")
ORDER_ORIGINS = ("doctor", "register_import")
RULE_KINDS = ("bands", "limits")
LIMIT_NAMES = (
    "induction_days",
    "adjustment_days",
    "maintenance_days",
    "taper_days",
    "first_day_usual",
    "first_day_never",
    "two_doctors",
    "observation_hours",
)
RESPONSES = ("dose", "check", "suspend", "end", "consider_ending")


class Drug(Base):
    """A drug in one form and strength."""

    __tablename__ = "drugs"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    form: Mapped[str] = mapped_column(String(60))
    strength: Mapped[int]  # tenths of a mg in one ml: 10 mg/ml is 100


class RuleChange(Base):
    """A doctor of a facility signed a whole set of rows, as shipped or changed: what holds there from a day on."""

    __tablename__ = "rule_changes"
    __table_args__ = (
        CheckConstraint(one_of("kind", RULE_KINDS), name="kind"),
        CheckConstraint("second_approved_by_id IS NULL OR second_approved_by_id <> approved_by_id", name="two_doctors"),
        CheckConstraint("NOT is_looser OR second_approved_by_id IS NOT NULL", name="looser_by_two"),
        Index("ix_rule_changes_facility_id_kind", "facility_id", "kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    facility_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    kind: Mapped[str] = mapped_column(String(8))
    as_shipped: Mapped[bool]
    is_looser: Mapped[bool]  # than shipped, somewhere
    effective_from: Mapped[date]
    approved_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    second_approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    written_at: Mapped[datetime]
    request_key: Mapped[str] = mapped_column(String(32), unique=True)


class RuleRow:
    """What every row of a set has. `facility_id` None: shipped, in force where a facility has signed no set of its own.

    Written once: a newer set only lowers `effective_until`, to the day before it begins itself.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(300))
    effective_from: Mapped[date]
    effective_until: Mapped[date | None]
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    approved_on: Mapped[date | None]
    facility_id: Mapped[int | None] = mapped_column(ForeignKey("sites.id"), index=True)
    change_id: Mapped[int | None] = mapped_column(ForeignKey("rule_changes.id"))


class OrderLimitRow(RuleRow, Base):
    """A figure that bounds orders: whole days, or tenths of a mg a day; None: not limited here."""

    __tablename__ = "order_limits"
    __table_args__ = (
        CheckConstraint(one_of("name", LIMIT_NAMES), name="name"),
        CheckConstraint("value IS NULL OR value >= 1", name="value"),
    )

    name: Mapped[str] = mapped_column(String(20))
    value: Mapped[int | None]


class GapBandRow(RuleRow, Base):
    """What a number of missed days asks for; shipped rows say "not yet approved here" until a doctor approves."""

    __tablename__ = "gap_bands"
    __table_args__ = (
        CheckConstraint(one_of("response", RESPONSES), name="response"),
        CheckConstraint("from_days >= 1 AND (to_days IS NULL OR to_days >= from_days)", name="days"),
    )

    from_days: Mapped[int]
    to_days: Mapped[int | None]
    response: Mapped[str] = mapped_column(String(20))


class DoseOrder(Base):
    """A written order. It runs from `starts_on` through `last_on`, which begins as `ends_on` and is only ever
    lowered (a new order replaces it, a doctor stops it). Orders of one patient never overlap: the database refuses.
    """

    __tablename__ = "dose_orders"
    __table_args__ = (
        UniqueConstraint("id", "patient_id"),  # day_doses refer to both: never another patient's order
        CheckConstraint(one_of("phase", PHASES), name="phase"),
        CheckConstraint(one_of("origin", ORDER_ORIGINS), name="origin"),
        CheckConstraint("ends_on >= starts_on", name="ends_after_it_starts"),
        CheckConstraint("last_on <= ends_on", name="last_day_within"),
        CheckConstraint("second_doctor_id IS NULL OR second_doctor_id <> written_by_id", name="two_doctors"),
        Index("ix_dose_orders_patient_id_last_on", "patient_id", "last_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    drug_id: Mapped[int] = mapped_column(ForeignKey("drugs.id"))
    phase: Mapped[str] = mapped_column(String(16))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    last_on: Mapped[date]
    gap_reviewed_through: Mapped[date | None]  # last missed day the doctor had in view when writing a restart
    origin: Mapped[str] = mapped_column(String(16))
    written_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    second_doctor_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    written_at: Mapped[datetime]
    note: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed; row = request_key
    request_key: Mapped[str] = mapped_column(String(32), unique=True)
    stopped_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    stopped_at: Mapped[datetime | None]
    taper_key: Mapped[str | None] = mapped_column(String(32))  # the steps of one taper: signed and stopped together


class OrderPart(Base):
    """One drink of an order's day. Most orders have part 1 only; a split dose has two or more."""

    __tablename__ = "order_parts"
    __table_args__ = (
        UniqueConstraint("order_id", "part", "mg_tenths"),  # day_doses refer to all three
        CheckConstraint("part BETWEEN 1 AND 14", name="part"),
        CheckConstraint("mg_tenths > 0", name="mg_tenths"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("dose_orders.id"))
    part: Mapped[int]
    mg_tenths: Mapped[int]
