"""Writing occurrences: each exists once, whoever plans, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

from counseling.clock import station_day
from counseling.models.texts import Reminder
from counseling.queries.reminder_audiences import is_said_or_taken_back
from counseling.services.reminder_rules import Rule

BATCH = 500  # rows read, locked and written by one transaction
OCCURRENCE = ("patient_id", "side", "kind", "rule_version", "on_date", "slot")


@dataclass(frozen=True)
class Moment:
    """The present as planning sees it."""

    now: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        return station_day(self.now, self.zone)


def reminder_row(
    rule: Rule,
    patient_id: int,
    on_date: date,
    due_at: datetime,
    expires_at: datetime,
    now: datetime,
    *,
    held: str | None = None,
    slot: int = 1,
    appointment_id: int | None = None,
) -> dict[str, Any]:
    """One row of `reminders`; `held` is why it may not go out yet."""
    return {
        "patient_id": patient_id,
        "side": rule.side,
        "site_id": rule.site_id,
        "kind": rule.kind,
        "rule_version": rule.version,
        "on_date": on_date,
        "slot": slot,
        "appointment_id": appointment_id,
        "due_at": due_at,
        "expires_at": expires_at,
        "state": "held" if held else "planned",
        "reason": held,
        "planned_at": now,
    }


def add_reminders(tx: Session, rows: Sequence[dict[str, Any]]) -> int:
    """Add those that are not there yet; gives how many that were."""
    if not rows:
        return 0
    dialect = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
    table = Reminder.__table__
    made = dialect.insert(table).on_conflict_do_nothing(index_elements=OCCURRENCE)
    # Counted by the driver: with RETURNING, each batch would be one statement of thousands of parameters to be parsed.
    done = tx.connection().execute(made, list(rows), execution_options={"preserve_rowcount": True})
    return max(done.rowcount, 0)


def is_planned(patient_id: InstrumentedAttribute[int], side: str, kind: str, on_date: date) -> ColumnElement[bool]:
    """Whether a day's reminder of this kind is there, under whichever version of the rule: once a day is enough.

    One that was cancelled unsaid is none, and a changed rule plans the day anew; one that a person took out is.
    """
    return exists().where(
        Reminder.patient_id == patient_id,
        Reminder.side == side,
        Reminder.kind == kind,
        Reminder.on_date == on_date,
        is_said_or_taken_back(),
    )
