"""Importing a station's register: the upload, its rows checked and staged, and remembered columns."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base, one_of

IMPORT_STATES = ("uploaded", "checking", "checked", "applying", "applied", "failed", "discarded")
ROW_OUTCOMES = ("new", "changed", "unchanged", "repeated", "wrong")
_UNFINISHED = text("state NOT IN ('applied', 'discarded')")


class RegisterImport(Base):
    __tablename__ = "register_imports"
    __table_args__ = (
        CheckConstraint(one_of("state", IMPORT_STATES), name="state"),
        # One import at a time per station, whichever process or page begins it.
        Index(
            "uq_register_imports_unfinished",
            "station_id",
            unique=True,
            sqlite_where=_UNFINISHED,
            postgresql_where=_UNFINISHED,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True)
    station_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), index=True)
    state: Mapped[str] = mapped_column(String(12))
    failure: Mapped[str | None] = mapped_column(String(40))  # a code
    file: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed bytes, blanked when applied or discarded
    file_name: Mapped[bytes] = mapped_column(LargeBinary)  # sealed: people put names into file names
    digest: Mapped[str] = mapped_column(String(32))  # salted: tells whether two files are the same
    mapping: Mapped[str | None] = mapped_column(Text)  # JSON: where the table stands, column number -> field
    claim: Mapped[str | None] = mapped_column(String(32))  # of the worker that may go on; a later claim ends it
    key_id: Mapped[bytes | None] = mapped_column(LargeBinary(4))  # the key that the rows were staged with
    seen_patient_id: Mapped[int] = mapped_column(default=0)  # the newest patient when the check began
    counts: Mapped[str | None] = mapped_column(Text)  # JSON: how many rows of which outcome, once applied
    dosed_elsewhere_until: Mapped[date | None]
    rows_total: Mapped[int] = mapped_column(default=0)
    rows_done: Mapped[int] = mapped_column(default=0)
    heartbeat_at: Mapped[datetime]
    uploaded_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    uploaded_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
    applied_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    request_key: Mapped[str | None] = mapped_column(String(32), unique=True)


class RegisterImportRow(Base):
    """One row of the file, checked, with everything that applying it writes: sealed already, outside the lock.

    What stands here is of no effect until the import is applied. Of a row that changes somebody's file, only the
    columns that change are filled. Sealed columns are bound to the file's `ref`, the number to its own, `shown` to the
    import's.
    """

    __tablename__ = "register_import_rows"
    __table_args__ = (
        CheckConstraint(one_of("outcome", ROW_OUTCOMES), name="outcome"),
        Index("ix_register_import_rows_import_id_outcome", "import_id", "outcome"),
        Index("ix_register_import_rows_import_id_patient_id", "import_id", "patient_id"),
    )

    import_id: Mapped[int] = mapped_column(ForeignKey("register_imports.id"), primary_key=True)
    row_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # the sheet's own, from 1
    outcome: Mapped[str] = mapped_column(String(12))
    has_warnings: Mapped[bool] = mapped_column(default=False)
    is_likely: Mapped[bool] = mapped_column(default=False)  # looks like somebody who is registered already
    is_confirmed: Mapped[bool] = mapped_column(default=False)  # a person said that it is somebody else
    shown: Mapped[bytes] = mapped_column(LargeBinary)  # sealed JSON: what the page says of the row
    patient_id: Mapped[int | None]  # of an existing file; of a new one from the moment of applying
    fields: Mapped[str] = mapped_column(String(300), default="")  # names of what changes, for the audit
    seen_stamp: Mapped[str | None] = mapped_column(String(32))  # the file as it was when the row was checked
    ref: Mapped[str | None] = mapped_column(String(16))
    register_code: Mapped[str | None] = mapped_column(String(40))
    national_code: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    full_name: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    birth_year: Mapped[int | None]
    birth_on: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    clears_birth_on: Mapped[bool] = mapped_column(default=False)
    sex: Mapped[str | None] = mapped_column(String(8))
    identity_number: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    area_id: Mapped[int | None]
    address: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    hiv_status: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    notes: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    treatment_began_on: Mapped[date | None]
    phone_ref: Mapped[str | None] = mapped_column(String(16))
    phone: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    replaces_phone_id: Mapped[int | None]
    redoes_keys: Mapped[bool] = mapped_column(default=False)
    order_key: Mapped[str | None] = mapped_column(String(32))
    order_tenths: Mapped[int | None]
    order_starts_on: Mapped[date | None]
    order_ends_on: Mapped[date | None]
    seen_order_id: Mapped[int | None]  # the newest order when the row was checked; 0: none
    lowers_order_id: Mapped[int | None]
    lowers_from: Mapped[date | None]


class RegisterImportKey(Base):
    """A search key of a staged row; becomes a row of `search_keys` when the import is applied."""

    __tablename__ = "register_import_keys"

    import_id: Mapped[int] = mapped_column(ForeignKey("register_imports.id"), primary_key=True)
    row_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    token: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)


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
