"""That somebody has practised: kept with the real rows; what was practised on is another file and is thrown away."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base

COUNTED = ("doses", "not_given", "stops", "spills", "reversals", "late_doses", "orders", "holds")


class PracticeDay(Base):
    """One practice day that was ended: who, when, and how often each thing was tried."""

    __tablename__ = "practice_days"
    __table_args__ = (
        CheckConstraint(" AND ".join(f"{name} >= 0" for name in COUNTED), name="counts"),
        CheckConstraint("ended_at >= started_at", name="ends_after_start"),
        Index("ix_practice_days_site_id_ended_at", "site_id", "ended_at"),
        Index("ix_practice_days_staff_id_ended_at", "staff_id", "ended_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    doses: Mapped[int]  # poured and drunk
    not_given: Mapped[int]  # refused, withheld, vomited
    stops: Mapped[int]  # handed over to the doctor
    spills: Mapped[int]
    reversals: Mapped[int]  # signed by the second person
    late_doses: Mapped[int]  # entered from paper
    orders: Mapped[int]
    holds: Mapped[int]  # set or lifted
