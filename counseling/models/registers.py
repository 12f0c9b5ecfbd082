"""Importing a station's register: the upload, its rows checked and staged, and remembered columns."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base, one_of

IMPORT_STATES = ("uploaded", "checking", "checked", "applying", "applied", "failed", "discarded")


class RegisterImport(Base):
    __tablename__ = "register_imports"
    __table_args__ = (CheckConstraint(one_of("state", IMPORT_STATES), name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True)
    station_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), index=True)
    state: Mapped[str] = mapped_column(String(12))
    failure: Mapped[str | None] = mapped_column(String(40))  # a code
    file: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed bytes, blanked when applied or discarded
    file_name: Mapped[bytes] = mapped_column(LargeBinary)  # sealed: people put names into file names
    mapping: Mapped[str | None] = mapped_column(Text)  # JSON: column number -> field
    dosed_elsewhere_until: Mapped[date | None]
    rows_total: Mapped[int] = mapped_column(default=0)
    rows_done: Mapped[int] = mapped_column(default=0)
    heartbeat_at: Mapped[datetime]
    uploaded_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    uploaded_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    request_key: Mapped[str | None] = mapped_column(String(32), unique=True)


class RememberedColumns(Base):
    """A match of columns that somebody made by hand, kept for the next file with the same headings."""

    __tablename__ = "remembered_columns"
    __table_args__ = (UniqueConstraint("site_id", "signature"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    signature: Mapped[str] = mapped_column(String(64))
    mapping: Mapped[str] = mapped_column(Text)
    remembered_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    remembered_at: Mapped[datetime]
