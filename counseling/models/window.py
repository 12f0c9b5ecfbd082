"""What happens at the window around a dose: cups that are poured, what was spilled, holds and alerts that are read."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base, one_of

POUR_ENDS = ("swallowed", "spilled")
SPILL_REASONS = ("refused", "withheld", "overturned", "wrong_amount", "left", "order_changed", "stopped")
HOLD_KINDS = ("hold", "alert")


class DosePour(Base):
    """A cup that was poured: it is drunk (`day_dose_id`), or it becomes a spill. One may stand at a time."""

    __tablename__ = "dose_pours"
    __table_args__ = (
        ForeignKeyConstraint(
            ["order_id", "patient_id"], ["dose_orders.id", "dose_orders.patient_id"], name="fk_dose_pours_own_order"
        ),
        ForeignKeyConstraint(
            ["order_id", "part", "mg_tenths"],
            ["order_parts.order_id", "order_parts.part", "order_parts.mg_tenths"],
            name="fk_dose_pours_order_part",
        ),
        CheckConstraint("gap_check IS NULL OR gap_check = 'alert'", name="gap_check"),
        CheckConstraint(one_of("ended_by", POUR_ENDS), name="ended_by"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_somehow"),
        CheckConstraint(
            "(day_dose_id IS NOT NULL) = (ended_by IS NOT NULL AND ended_by = 'swallowed')",
            name="swallowed_names_its_dose",
        ),
        Index(
            "uq_dose_pours_open", "patient_id", "dose_on", unique=True,
            sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_dose_pours_site_id_dose_on", "site_id", "dose_on"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    dose_on: Mapped[date]
    order_id: Mapped[int]
    part: Mapped[int]
    mg_tenths: Mapped[int]
    gap_check: Mapped[str | None] = mapped_column(String(12))  # the answer where the band asks for it
    poured_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    poured_at: Mapped[datetime]
    request_key: Mapped[str] = mapped_column(String(32), unique=True)
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(12))
    day_dose_id: Mapped[int | None] = mapped_column(ForeignKey("day_doses.id"), unique=True)


class Spill(Base):
    """What was poured and not drunk. The stock book reads it; for now it is a row that names who says so."""

    __tablename__ = "spills"
    __table_args__ = (
        CheckConstraint(one_of("reason", SPILL_REASONS), name="reason"),
        CheckConstraint("mg_tenths > 0", name="mg_tenths"),
        Index("ix_spills_site_id_spilled_on", "site_id", "spilled_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    spilled_on: Mapped[date]
    mg_tenths: Mapped[int]
    reason: Mapped[str] = mapped_column(String(16))
    pour_id: Mapped[int] = mapped_column(ForeignKey("dose_pours.id"), unique=True)
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    recorded_at: Mapped[datetime]
    request_key: Mapped[str] = mapped_column(String(32), unique=True)


class PatientHold(Base):
    """A hold stops the dose until it is lifted; an alert only has to be read before the cup is poured."""

    __tablename__ = "patient_holds"
    __table_args__ = (
        CheckConstraint(one_of("kind", HOLD_KINDS), name="kind"),
        CheckConstraint("(lifted_at IS NULL) = (lifted_by_id IS NULL)", name="lifted_by_somebody"),
        Index("ix_patient_holds_patient_id_lifted_at", "patient_id", "lifted_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    kind: Mapped[str] = mapped_column(String(8))
    words: Mapped[bytes] = mapped_column(LargeBinary)  # sealed under `ref`
    by_doctor: Mapped[bool]  # what a doctor holds only a doctor lifts
    set_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    set_at: Mapped[datetime]
    request_key: Mapped[str] = mapped_column(String(32), unique=True)
    lifted_at: Mapped[datetime | None]
    lifted_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    lifted_words: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed under `ref`


class AlertReading(Base):
    """Somebody at the window has read an alert and lets it stand: once a day is enough."""

    __tablename__ = "alert_readings"

    hold_id: Mapped[int] = mapped_column(ForeignKey("patient_holds.id"), primary_key=True)
    read_on: Mapped[date] = mapped_column(primary_key=True)
    read_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    read_at: Mapped[datetime]
