"""When each person usually comes: a kept value, counted again when their station's day is opened."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base


class UsualHour(Base):
    """The median of the local times of somebody's last doses at the window. Nobody decides about a dose by it."""

    __tablename__ = "usual_hours"
    __table_args__ = (CheckConstraint("minute_of_day BETWEEN 0 AND 1439", name="minute_of_day"),)

    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"), primary_key=True)
    minute_of_day: Mapped[int]
    counted_on: Mapped[date]
