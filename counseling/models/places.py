"""Where care happens: the tree of areas, sites with functions and hours, volunteer teams."""

from __future__ import annotations

from datetime import date, time

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base, one_of

AREA_KINDS = ("province", "drawn", "commune", "ward", "special_zone")


class Area(Base):
    """A province, its communes, and between them areas that the province draws itself, to any depth."""

    __tablename__ = "areas"
    __table_args__ = (CheckConstraint(one_of("kind", AREA_KINDS), name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(120))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"), index=True)


class FormerCommune(Base):
    """A commune's name before July 2025 and the commune of today that it went into."""

    __tablename__ = "former_communes"
    __table_args__ = (UniqueConstraint("former_name", "former_district", "area_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    former_name: Mapped[str] = mapped_column(String(120))
    former_district: Mapped[str] = mapped_column(String(120))
    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"), index=True)


class Site(Base):
    """A place of care. One room may treat, dispense and counsel, so these are functions, not kinds."""

    __tablename__ = "sites"
    __table_args__ = (CheckConstraint("pour_step_hundredths > 0", name="pour_step"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(160))
    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"), index=True)
    treats: Mapped[bool] = mapped_column(default=False)
    dispenses: Mapped[bool] = mapped_column(default=False)
    counsels: Mapped[bool] = mapped_column(default=False)
    treated_by_id: Mapped[int | None] = mapped_column(ForeignKey("sites.id"), index=True)
    phone: Mapped[str | None] = mapped_column(String(20))
    pour_step_hundredths: Mapped[int | None]  # of a ml: the smallest step of the station's measure
    opened_on: Mapped[date | None]
    closed_on: Mapped[date | None]
    # Whose counselors read texts from numbers that nobody is known to have; one site of an installation.
    answers_strangers: Mapped[bool] = mapped_column(default=False)


class FormerSiteName(Base):
    __tablename__ = "former_site_names"

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), index=True)
    name: Mapped[str] = mapped_column(String(160))
    used_until: Mapped[date]


class SiteHours(Base):
    """Weekly opening hours; weekday 0 is Monday. A site may open twice a day."""

    __tablename__ = "site_hours"
    __table_args__ = (
        UniqueConstraint("site_id", "weekday", "opens_at"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("opens_at < closes_at", name="opens_before_it_closes"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    weekday: Mapped[int]
    opens_at: Mapped[time]
    closes_at: Mapped[time]


class SiteHoursException(Base):
    """One day that differs: shut, or other hours (Tết, a storm, a moved working day)."""

    __tablename__ = "site_hours_exceptions"
    __table_args__ = (
        UniqueConstraint("site_id", "on_date"),
        CheckConstraint("is_shut OR (opens_at IS NOT NULL AND opens_at < closes_at)", name="shut_or_hours"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    on_date: Mapped[date]
    is_shut: Mapped[bool] = mapped_column(default=True)
    opens_at: Mapped[time | None]
    closes_at: Mapped[time | None]
    reason: Mapped[str] = mapped_column(String(160))


class OutreachTeam(Base):
    """A commune's volunteer social-work team, and the counseling point that it works with."""

    __tablename__ = "outreach_teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(160))
    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"), index=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), index=True)
    closed_on: Mapped[date | None]
