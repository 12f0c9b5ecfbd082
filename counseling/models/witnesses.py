"""A second pair of eyes for each dose, where a station asks for it: since when it does, and who has signed."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base


class WitnessDuty(Base):
    """A span of time in which a station asks for a witness. Switched off it ends, switched on another one begins:
    what was given within a span waits for its signature whatever was switched since.
    """

    __tablename__ = "witness_duties"
    __table_args__ = (
        CheckConstraint("until_at IS NULL OR until_at >= since_at", name="ends_after_it_began"),
        Index(
            "uq_witness_duties_open", "site_id", unique=True,
            sqlite_where=text("until_at IS NULL"), postgresql_where=text("until_at IS NULL"),
        ),
        Index("ix_witness_duties_site_id_since_at", "site_id", "since_at"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    since_on: Mapped[date]  # the station day of `since_at`: nobody looks at the years before
    since_at: Mapped[datetime]
    until_at: Mapped[datetime | None]


class DoseWitness(Base):
    """Somebody other than the dispenser says that they saw a dose given. The dose itself is never touched."""

    __tablename__ = "dose_witnesses"
    __table_args__ = (Index("ix_dose_witnesses_request_key", "request_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    day_dose_id: Mapped[int] = mapped_column(ForeignKey("day_doses.id"), unique=True)
    witness_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("staff_sessions.id"))  # it names the device
    witnessed_at: Mapped[datetime]
    request_key: Mapped[str] = mapped_column(String(32))  # one form signs several doses
