"""That somebody of the station has called the doctor, and whether the doctor was reached."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base


class DoctorCall(Base):
    """One call about one person; several may follow each other, none is changed."""

    __tablename__ = "doctor_calls"
    __table_args__ = (Index("ix_doctor_calls_patient_id_called_at", "patient_id", "called_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    # The stop that it is about; None after a dose, when somebody was not well.
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("station_visits.id"), index=True)
    is_reached: Mapped[bool]
    called_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    called_at: Mapped[datetime]
    request_key: Mapped[str] = mapped_column(String(32), unique=True)
