"""People who are helped. One inner row; one file per compartment, each with its own random reference.

Nothing that leaves the database joins the two files: not a shared reference, not a shared alias.
Sealed columns hold what `vault.Vault.seal` gives, bound to "table:column" and the file's own `ref`.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base, one_of

STATUSES = ("active", "discharged", "moved", "died")
SEXES = ("male", "female", "unknown")
FILE_SIDES = ("treatment", "support")
SEARCH_KINDS = ("name", "word", "phone", "identity", "national_code", "alias")


class Patient(Base):
    __tablename__ = "patients"

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]


class TreatmentFile(Base):
    """What the treatment team knows of a person. `station_id` gives the daily dose, `facility_id` prescribes."""

    __tablename__ = "treatment_files"
    __table_args__ = (
        UniqueConstraint("station_id", "register_code"),
        CheckConstraint(one_of("status", STATUSES), name="status"),
        CheckConstraint(one_of("sex", SEXES), name="sex"),
        Index("ix_treatment_files_station_id_status", "station_id", "status"),
        Index("ix_treatment_files_facility_id_status", "facility_id", "status"),
    )

    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"), primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True)
    station_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    facility_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    register_code: Mapped[str] = mapped_column(String(40))
    national_code: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    full_name: Mapped[bytes] = mapped_column(LargeBinary)  # sealed
    alias: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed; the treatment alias
    birth_year: Mapped[int]
    birth_on: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed ISO date
    sex: Mapped[str] = mapped_column(String(8))
    identity_number: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"))
    address: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    language: Mapped[str] = mapped_column(String(12), default="vi")
    can_read: Mapped[bool | None]
    hiv_status: Mapped[bytes] = mapped_column(LargeBinary)  # sealed; one letter, so that all lengths are equal
    notes: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    treatment_began_on: Mapped[date | None]
    status: Mapped[str] = mapped_column(String(12), default="active")
    status_since: Mapped[date]
    registered_at: Mapped[datetime]
    registered_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    import_id: Mapped[int | None] = mapped_column(ForeignKey("register_imports.id"))
    request_key: Mapped[str | None] = mapped_column(String(32), unique=True)


class SupportFile(Base):
    """What the counseling point and the volunteers know: a name that the person chose, and no treatment."""

    __tablename__ = "support_files"
    __table_args__ = (
        CheckConstraint(one_of("status", STATUSES), name="status"),
        CheckConstraint(one_of("sex", SEXES), name="sex"),
        Index("ix_support_files_site_id_status", "site_id", "status"),
        Index("ix_support_files_team_id_status", "team_id", "status"),
        Index("ix_support_files_status_silent_since", "status", "silent_since"),
    )

    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"), primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("outreach_teams.id"))
    community_name: Mapped[bytes] = mapped_column(LargeBinary)  # sealed
    birth_year: Mapped[int | None]
    sex: Mapped[str] = mapped_column(String(8), default="unknown")
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"))
    hamlet: Mapped[str | None] = mapped_column(String(120))
    language: Mapped[str] = mapped_column(String(12), default="vi")
    can_read: Mapped[bool | None]
    notes: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    status: Mapped[str] = mapped_column(String(12), default="active")
    status_since: Mapped[date]
    registered_at: Mapped[datetime]
    registered_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    request_key: Mapped[str | None] = mapped_column(String(32), unique=True)
    # Kept by every contact that is logged or undone: the list of an area is ranked by silence.
    last_contact_on: Mapped[date | None]
    last_outcome: Mapped[str | None] = mapped_column(String(16))
    # Without any contact the day from which the person is supported.
    silent_since: Mapped[date] = mapped_column(Computed("coalesce(last_contact_on, status_since)", persisted=True))


class FileStatusChange(Base):
    """Each change of a file's status, kept; the file itself shows the latest."""

    __tablename__ = "file_status_changes"
    __table_args__ = (
        CheckConstraint(one_of("side", FILE_SIDES), name="side"),
        CheckConstraint(one_of("status", STATUSES), name="status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"), index=True)
    side: Mapped[str] = mapped_column(String(12))
    status: Mapped[str] = mapped_column(String(12))
    since_on: Mapped[date]
    reason: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed under the file's ref
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    recorded_at: Mapped[datetime]


class PhoneNumber(Base):
    """A number of one file, in E.164. A number may belong to several people; only a confirmed one is texted."""

    __tablename__ = "phone_numbers"
    __table_args__ = (
        CheckConstraint(one_of("side", FILE_SIDES), name="side"),
        CheckConstraint("confirmed_at IS NULL OR line_id IS NOT NULL", name="confirmed_has_a_line"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"), index=True)
    side: Mapped[str] = mapped_column(String(12))
    number: Mapped[bytes] = mapped_column(LargeBinary)  # sealed under this row's ref
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    line_id: Mapped[int | None] = mapped_column(ForeignKey("phone_lines.id"), index=True)  # once it is to be confirmed
    check_digits: Mapped[str | None] = mapped_column(String(2))  # sent in text 7, compared with the screen
    asked_at: Mapped[datetime | None]
    compared_at: Mapped[datetime | None]  # its owner saw such a text on it, last
    confirmed_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    wrong_at: Mapped[datetime | None]  # somebody else answered there; not texted until it is confirmed anew
    is_shared: Mapped[bool] = mapped_column(default=False)  # somebody else reads this phone
    calls_only: Mapped[bool] = mapped_column(default=False)


class SearchKey(Base):
    """Blind index: what can be searched of a file, as keyed digests that tell nothing without the key."""

    __tablename__ = "search_keys"
    __table_args__ = (
        CheckConstraint(one_of("side", FILE_SIDES), name="side"),
        CheckConstraint(one_of("kind", SEARCH_KINDS), name="kind"),
        Index("ix_search_keys_patient_id_side", "patient_id", "side"),
    )

    token: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    side: Mapped[str] = mapped_column(String(12), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"), primary_key=True)
    key_id: Mapped[bytes] = mapped_column(LargeBinary(4))


class Card(Base):
    """A card that finds a treatment file at the window. Several per person; a lost one is revoked, never deleted."""

    __tablename__ = "cards"

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"), index=True)
    code: Mapped[bytes] = mapped_column(LargeBinary)  # sealed under this row's ref
    token: Mapped[bytes] = mapped_column(LargeBinary(16), unique=True)  # blind index of the code
    key_id: Mapped[bytes] = mapped_column(LargeBinary(4))
    issued_at: Mapped[datetime]
    issued_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    revoke_reason: Mapped[str | None] = mapped_column(String(16))
