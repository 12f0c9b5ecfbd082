"""Words of the texts as a province has them: versions, written once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base

LONGEST_WORDING = 300  # letters; placeholders are longer than what they stand for


class TextWording(Base):
    """One version of one text in one province; the newest is in force, version 0 is the shipped one and no row.

    `marked` is the spelling with marks, where somebody wrote one; without them it is `body`. Both None: the shipped
    text holds again. `copy_of`: the older version that this one brings back.
    """

    __tablename__ = "text_wordings"
    __table_args__ = (
        UniqueConstraint("area_id", "key", "version"),
        CheckConstraint("version > 0", name="version"),
        CheckConstraint("body IS NOT NULL OR (marked IS NULL AND copy_of = 0)", name="words_or_shipped"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"))
    key: Mapped[str] = mapped_column(String(24))  # of sms/wording.py
    version: Mapped[int]
    body: Mapped[str | None] = mapped_column(String(LONGEST_WORDING))
    marked: Mapped[str | None] = mapped_column(String(LONGEST_WORDING))
    copy_of: Mapped[int | None]
    written_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    written_at: Mapped[datetime]
    request_key: Mapped[str] = mapped_column(String(32), unique=True)
