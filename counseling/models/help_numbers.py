"""Whom to call when somebody is in danger: numbers of the country and of an area, each approved by a person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base


class HelpNumber(Base):
    """`area_id` None: the whole country. Never changed: another number is another row, an old one is ended."""

    __tablename__ = "help_numbers"
    __table_args__ = (
        CheckConstraint("(approved_at IS NULL) = (approved_by_id IS NULL)", name="approved_whole"),
        CheckConstraint("(ended_at IS NULL) = (ended_by_id IS NULL)", name="ended_whole"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"), index=True)
    number: Mapped[str] = mapped_column(String(20))
    label: Mapped[str] = mapped_column(String(80))
    signs: Mapped[str] = mapped_column(String(60))  # codes of domain/contacts.DANGERS, with commas
    source: Mapped[str] = mapped_column(String(120))
    added_at: Mapped[datetime]
    approved_at: Mapped[datetime | None]
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
