"""What somebody must do next. A task says no more than its receiver may know."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, case
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base, one_of

DOCTOR_TASKS = (
    "order_review", "withheld_review", "vomited_review", "first_dose_review", "consider_ending", "renewal",
    "paper_dose_review",
)  # fmt: skip
GIVEN_TASKS = ("call_back", "see_soon")  # what a supervisor may ask of a station
# After a stop somebody of the station goes on with it until the person is dosed or reached.
FOLLOW_UP = "follow_up"
# Somebody wrote that they are not who we mean: the number is asked for again.
CHECK_NUMBER, ASK_NUMBER = "check_number", "ask_number"  # at a station; at a point
STATION_TASKS = (*GIVEN_TASKS, FOLLOW_UP, CHECK_NUMBER)
DANGER_SIGN = "danger_sign"
SUPPORT_TASKS = (DANGER_SIGN, "look_in", "call_by_phone", "check_in", ASK_NUMBER)  # no word of why
TASK_KINDS = (*DOCTOR_TASKS, *STATION_TASKS, *SUPPORT_TASKS)
TASK_OUTCOMES = ("met_well", "met_needs_help", "not_met", "done")


class Task(Base):
    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint(one_of("side", ("treatment", "support")), name="side"),
        CheckConstraint("(closed_at IS NULL) = (closed_by_id IS NULL)", name="closed_by_somebody"),
        Index("ix_tasks_site_id_closed_at", "site_id", "closed_at"),
        Index("ix_tasks_team_id_closed_at", "team_id", "closed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    side: Mapped[str] = mapped_column(String(12))
    kind: Mapped[str] = mapped_column(String(24))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"), index=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))  # whose list it stands on
    due_on: Mapped[date]
    dedupe_key: Mapped[str] = mapped_column(String(80), unique=True)  # order_review:17:2026-11-22
    opened_at: Mapped[datetime]
    opened_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    team_id: Mapped[int | None] = mapped_column(
        ForeignKey("outreach_teams.id")
    )  # whose volunteers see it; else the site's
    # A task that crossed from the treatment side appears at a random hour, so that its moment tells nothing.
    visible_from: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(16))
    # On the treatment side: the support-side task that asks a team to look in. Only its outcome comes back.
    handed_to_id: Mapped[int | None] = mapped_column(ForeignKey("tasks.id"), unique=True)


# A task that appears later counts from then: when it was written down is not for its readers.
SHOWS_SINCE = case((Task.visible_from > Task.opened_at, Task.visible_from), else_=Task.opened_at)
