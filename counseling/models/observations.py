"""How somebody was after the first dose of an induction order, while they stayed at the station."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base, one_of

OBSERVED_STATES = ("well", "drowsy", "hard_to_wake", "left")


class DoseObservation(Base):
    """One look at somebody after a first dose; several may follow each other, none is changed."""

    __tablename__ = "dose_observations"
    __table_args__ = (CheckConstraint(one_of("state", OBSERVED_STATES), name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    day_dose_id: Mapped[int] = mapped_column(ForeignKey("day_doses.id"), index=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    state: Mapped[str] = mapped_column(String(16))
    note: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed; row = request_key
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    recorded_at: Mapped[datetime]
    request_key: Mapped[str] = mapped_column(String(32), unique=True)
