"""People who work here: accounts, roles, signed-in sessions, devices, and the brake on guessing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base, one_of

ROLE_KINDS = ("dispenser", "doctor", "counselor", "volunteer", "supervisor", "administrator")
END_REASONS = (
    *("signed_out", "idle", "too_old", "ended_by_administrator", "password_changed"),
    *("handed_over", "device_revoked"),
)
SIDES = ("treatment", "support", "house")  # "house" belongs to no compartment: administrators see no patient


class Staff(Base):
    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(40), unique=True)  # casefolded
    display_name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str] = mapped_column(String(200))
    must_change_password: Mapped[bool] = mapped_column(default=False)
    locale: Mapped[str] = mapped_column(String(5), default="vi")
    languages: Mapped[str] = mapped_column(String(40), default="vi")  # spoken with people: domain/spoken_languages.py
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class StaffRole(Base):
    """A desk: what somebody does, on which side, at which place. One person may hold several."""

    __tablename__ = "staff_roles"
    __table_args__ = (
        CheckConstraint(one_of("kind", ROLE_KINDS), name="kind"),
        CheckConstraint(one_of("side", SIDES), name="side"),
        CheckConstraint(
            "(kind IN ('dispenser', 'doctor') AND side = 'treatment' AND site_id IS NOT NULL"
            " AND team_id IS NULL AND area_id IS NULL)"
            " OR (kind = 'counselor' AND side = 'support' AND site_id IS NOT NULL AND team_id IS NULL"
            " AND area_id IS NULL)"
            " OR (kind = 'volunteer' AND side = 'support' AND team_id IS NOT NULL AND site_id IS NULL"
            " AND area_id IS NULL)"
            " OR (kind = 'supervisor' AND side IN ('treatment', 'support') AND area_id IS NOT NULL"
            " AND site_id IS NULL AND team_id IS NULL)"
            " OR (kind = 'administrator' AND side = 'house' AND site_id IS NULL AND team_id IS NULL"
            " AND area_id IS NULL)",
            name="place_fits_kind",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    side: Mapped[str] = mapped_column(String(12))
    site_id: Mapped[int | None] = mapped_column(ForeignKey("sites.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("outreach_teams.id"))
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"))
    given_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    given_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Device(Base):
    """A browser that has been here before: its own bucket against guessing, and whose it is.

    Enrolled it belongs to one site, until somebody revokes that; `site_id` then still says where it was.
    """

    __tablename__ = "devices"
    __table_args__ = (
        CheckConstraint(
            "(site_id IS NULL) = (enrolled_at IS NULL) AND (site_id IS NULL) = (enrolled_by_id IS NULL)",
            name="enrolled_whole",
        ),
        CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by_id IS NULL) AND (revoked_at IS NULL OR site_id IS NOT NULL)",
            name="revoked_whole",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    label: Mapped[str] = mapped_column(String(80))
    first_seen_at: Mapped[datetime]
    site_id: Mapped[int | None] = mapped_column(ForeignKey("sites.id"), index=True)
    enrolled_at: Mapped[datetime | None]
    enrolled_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class StaffSession(Base):
    """One signed-in browser. `role_id` is the desk it sits at; None until somebody with several has chosen.

    While `locked_at` stands nothing is served to it but the way back in.
    """

    __tablename__ = "staff_sessions"
    __table_args__ = (
        CheckConstraint(
            one_of("end_reason", END_REASONS),
            name="end_reason",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"), index=True)
    role_id: Mapped[int | None] = mapped_column(ForeignKey("staff_roles.id"))
    started_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    end_reason: Mapped[str | None] = mapped_column(String(24))
    locked_at: Mapped[datetime | None]


class SignInBrake(Base):
    """Failed sign-ins of one bucket (account, account on a known device, or device); see domain/throttle.py."""

    __tablename__ = "sign_in_brakes"

    bucket: Mapped[str] = mapped_column(String(80), primary_key=True)  # a digest, never the name that was typed
    failures: Mapped[int]
    window_started_at: Mapped[datetime]
    last_failure_at: Mapped[datetime]
    blocked_until: Mapped[datetime | None]
