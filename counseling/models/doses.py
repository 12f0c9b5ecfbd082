"""The ledger of doses. Rows are added, never changed: triggers hold that, and the rules below, in the database."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base, one_of

DAY_STATES = ("opened", "recording", "on_paper", "closed")
DOSE_KINDS = ("observed", "take_home", "replacement")
DOSE_SOURCES = ("window", "late_entry", "provisional")
VISIT_OUTCOMES = ("refused", "withheld", "vomited", "stopped")
VOID_REASONS = ("wrong_person", "not_drunk", "wrong_amount", "wrong_day", "other")
FIRST_REPLACEMENT_PART = 11  # parts 1–4 are the order's; a replacement of part n is part 10 + n


class StationDay(Base):
    """One day of one station; what "no dose recorded" means depends on its state."""

    __tablename__ = "station_days"
    __table_args__ = (
        UniqueConstraint("site_id", "day_on"),
        CheckConstraint(one_of("state", DAY_STATES), name="state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    day_on: Mapped[date]
    state: Mapped[str] = mapped_column(String(12))
    opened_at: Mapped[datetime]
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class DayDose(Base):
    """One dose of one day, drunk here, carried home, or replacing a vomited one; at most one per part that counts.

    Attempt n+1 of a part exists only after attempt n was voided by two people (`DoseVoid`).
    """

    __tablename__ = "day_doses"
    __table_args__ = (
        UniqueConstraint("patient_id", "dose_on", "part", "attempt", name="uq_day_doses_patient_day_part_attempt"),
        ForeignKeyConstraint(
            ["order_id", "patient_id"], ["dose_orders.id", "dose_orders.patient_id"], name="fk_day_doses_own_order"
        ),
        ForeignKeyConstraint(
            ["order_id", "part", "mg_tenths"],
            ["order_parts.order_id", "order_parts.part", "order_parts.mg_tenths"],
            name="fk_day_doses_order_part",
        ),
        ForeignKeyConstraint(
            ["patient_id", "dose_on", "part", "voided_attempt"],
            ["dose_voids.patient_id", "dose_voids.dose_on", "dose_voids.part", "dose_voids.attempt"],
            name="fk_day_doses_after_void",
            use_alter=True,
        ),
        CheckConstraint(one_of("kind", DOSE_KINDS), name="kind"),
        CheckConstraint(one_of("source", DOSE_SOURCES), name="source"),
        CheckConstraint("gap_check IS NULL OR gap_check = 'alert'", name="gap_check"),
        CheckConstraint("attempt >= 1", name="attempt"),
        CheckConstraint(
            "(attempt = 1 AND voided_attempt IS NULL)"
            " OR (attempt > 1 AND voided_attempt IS NOT NULL AND voided_attempt = attempt - 1)",
            name="attempt_follows_void",
        ),
        CheckConstraint(
            "(kind = 'replacement' AND part >= 11 AND replaces_id IS NOT NULL)"
            " OR (kind <> 'replacement' AND part BETWEEN 1 AND 4 AND replaces_id IS NULL)",
            name="replacement_names_its_dose",
        ),
        CheckConstraint("witness_id IS NULL OR witness_id <> recorded_by_id", name="witness_is_another"),
        Index("ix_day_doses_site_id_dose_on", "site_id", "dose_on"),
        Index("ix_day_doses_order_id", "order_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    dose_on: Mapped[date]
    part: Mapped[int]
    attempt: Mapped[int] = mapped_column(default=1)
    voided_attempt: Mapped[int | None]
    kind: Mapped[str] = mapped_column(String(12))
    order_id: Mapped[int]
    mg_tenths: Mapped[int]
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("day_doses.id"), unique=True)
    gap_days: Mapped[int | None]  # as shown when the dose was given; None for somebody never dosed before
    gap_check: Mapped[str | None] = mapped_column(String(12))  # the answer where the band asks for it
    source: Mapped[str] = mapped_column(String(12), default="window")
    paper: Mapped[str | None] = mapped_column(String(160))  # late entry: which paper, written by whom
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    witness_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    recorded_at: Mapped[datetime]
    request_key: Mapped[str] = mapped_column(String(32), unique=True)


class DoseVoidRequest(Base):
    """Somebody says that a dose was recorded by mistake; it counts only once another person has signed (`DoseVoid`).

    Request n+1 about a dose exists only after request n was taken back (`DoseVoidWithdrawal`): one waits at a time.
    """

    __tablename__ = "dose_void_requests"
    __table_args__ = (
        UniqueConstraint("day_dose_id", "number", name="uq_dose_void_requests_dose_number"),
        UniqueConstraint("id", "day_dose_id", "requested_by_id"),
        CheckConstraint(one_of("reason", VOID_REASONS), name="reason"),
        CheckConstraint("number >= 1", name="number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    day_dose_id: Mapped[int] = mapped_column(ForeignKey("day_doses.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), index=True)  # of the dose: its list asks every 2 s
    number: Mapped[int] = mapped_column(default=1)
    reason: Mapped[str] = mapped_column(String(16))
    note: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed; row = request_key
    requested_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    requested_at: Mapped[datetime]
    request_key: Mapped[str] = mapped_column(String(32), unique=True)


class DoseVoidWithdrawal(Base):
    """A request that will never be signed: whoever asked took it back, or a colleague says that the dose was drunk."""

    __tablename__ = "dose_void_withdrawals"

    request_id: Mapped[int] = mapped_column(ForeignKey("dose_void_requests.id"), primary_key=True)
    withdrawn_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    withdrawn_at: Mapped[datetime]


class DoseVoid(Base):
    """The signed reversal of a mistaken entry, by two people. It exists whole or not at all."""

    __tablename__ = "dose_voids"
    __table_args__ = (
        UniqueConstraint("patient_id", "dose_on", "part", "attempt", name="uq_dose_voids_patient_day_part_attempt"),
        ForeignKeyConstraint(
            ["patient_id", "dose_on", "part", "attempt"],
            ["day_doses.patient_id", "day_doses.dose_on", "day_doses.part", "day_doses.attempt"],
            name="fk_dose_voids_dose",
        ),
        ForeignKeyConstraint(
            ["request_id", "day_dose_id", "requested_by_id"],
            ["dose_void_requests.id", "dose_void_requests.day_dose_id", "dose_void_requests.requested_by_id"],
            name="fk_dose_voids_request",
        ),
        CheckConstraint("confirmed_by_id <> requested_by_id", name="two_people"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[int] = mapped_column(unique=True)
    day_dose_id: Mapped[int] = mapped_column(ForeignKey("day_doses.id"), unique=True)
    patient_id: Mapped[int]
    dose_on: Mapped[date]
    part: Mapped[int]
    attempt: Mapped[int]
    requested_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    confirmed_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    confirmed_at: Mapped[datetime]


class LateEntry(Base):
    """One sheet of paper that was entered afterwards: its doses name it in `paper`; here stand its figures."""

    __tablename__ = "late_entries"
    __table_args__ = (Index("ix_late_entries_site_id_day_on", "site_id", "day_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    day_on: Mapped[date]
    paper: Mapped[str] = mapped_column(String(160))
    writer_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # None: a name typed into `paper`
    given: Mapped[int]  # doses entered
    people: Mapped[int]  # and of how many people
    not_given: Mapped[int]  # people whose box was ticked
    left_out: Mapped[int]  # doses that could no longer be recorded when the sheet was confirmed
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    recorded_at: Mapped[datetime]
    request_key: Mapped[str] = mapped_column(String(32), unique=True)


class DoseIncident(Base):
    """A dose that was given but cannot stand in the ledger (it collided with another): kept whole, for review."""

    __tablename__ = "dose_incidents"

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"), index=True)
    dose_on: Mapped[date]
    part: Mapped[int]
    mg_tenths: Mapped[int]  # what left the bottle: it counts in the stock
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), index=True)
    reason: Mapped[str] = mapped_column(String(40))
    paper: Mapped[str | None] = mapped_column(String(160))  # as of a late entry
    collided_with_id: Mapped[int | None] = mapped_column(ForeignKey("day_doses.id"))
    given_at: Mapped[datetime]
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    recorded_at: Mapped[datetime]
    request_key: Mapped[str] = mapped_column(String(32), unique=True)


class StationVisit(Base):
    """Somebody came and no dose was drunk, or it did not stay down: refused, withheld, vomited, stopped by a rule."""

    __tablename__ = "station_visits"
    __table_args__ = (
        CheckConstraint(one_of("outcome", VISIT_OUTCOMES), name="outcome"),
        CheckConstraint("(outcome = 'vomited') = (day_dose_id IS NOT NULL)", name="vomited_names_its_dose"),
        Index("ix_station_visits_site_id_visit_on", "site_id", "visit_on"),
        Index("ix_station_visits_patient_id_visit_on", "patient_id", "visit_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    visit_on: Mapped[date]
    outcome: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str | None] = mapped_column(String(40))  # the refusal's code where a rule stopped the dose
    day_dose_id: Mapped[int | None] = mapped_column(ForeignKey("day_doses.id"))
    observations: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed; row = request_key
    minutes_after: Mapped[int | None]  # vomited: how long after the dose
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    recorded_at: Mapped[datetime]
    request_key: Mapped[str] = mapped_column(String(32), unique=True)


class DosedElsewhere(Base):
    """Days that another register answers for, with who said so: the start of somebody who comes from elsewhere."""

    __tablename__ = "dosed_elsewhere"
    __table_args__ = (CheckConstraint("last_on >= first_on", name="days"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"), index=True)
    first_on: Mapped[date]
    last_on: Mapped[date]
    source: Mapped[str] = mapped_column(String(160))
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    recorded_at: Mapped[datetime]


class AdherenceSummary(Base):
    """Kept by every write that changes it; equals `domain.adherence.recount` of the rows. Bit 0 is `anchor_on`."""

    __tablename__ = "adherence_summaries"
    # The longest gap first, of those who are still here: over the years those who have left become the most.
    __table_args__ = (Index("ix_adherence_summaries_is_active_covered_through", "is_active", "covered_through"),)

    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"), primary_key=True)
    is_active: Mapped[bool] = mapped_column(default=True)  # follows the treatment file's status
    anchor_on: Mapped[date | None]
    covered: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    complete: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    covered_through: Mapped[date | None]
