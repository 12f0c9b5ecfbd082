"""A site's rules as its page shows them, on or off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import select

from counseling.database import AnySession
from counseling.domain.reminder_kinds import (
    KINDS_OF,
    MOST_OPEN_TASKS,
    SECOND_TEXT,
    SHIPPED_RULES,
    SILENCE_DAYS,
    UNSEEN_DAYS,
    ShippedRule,
)
from counseling.models.people import Staff
from counseling.models.texts import ReminderRule


@dataclass(frozen=True)
class RuleRow:
    """`changed_by` None: as it shipped."""

    kind: str
    version: int
    is_on: bool
    not_before: time
    not_after: time
    silence_days: int | None
    unseen_days: int | None
    most_open_tasks: int | None
    changed_at: datetime | None
    changed_by: str | None


def list_site_rules(session: AnySession, site_id: int, side: str) -> list[RuleRow]:
    """In the order of the kinds; what the clock has not shipped to a new site yet stands as it will be shipped."""
    rule = ReminderRule
    rows = session.execute(
        select(
            rule.kind,
            rule.version,
            rule.is_on,
            rule.not_before,
            rule.not_after,
            rule.silence_days,
            rule.unseen_days,
            rule.most_open_tasks,
            rule.changed_at,
            Staff.display_name.label("changed_by"),
        )
        .outerjoin(Staff, Staff.id == rule.changed_by_id)
        .where(rule.site_id == site_id, rule.side == side)
    )
    found = {row.kind: RuleRow(**row._mapping) for row in rows}
    return [found.get(shipped.kind) or _as_shipped(shipped) for shipped in _in_order(side)]


def _in_order(side: str) -> list[ShippedRule]:
    order = KINDS_OF[side]
    return sorted((rule for rule in SHIPPED_RULES if rule.side == side), key=lambda rule: order.index(rule.kind))


def _as_shipped(rule: ShippedRule) -> RuleRow:
    asks_again = rule.kind == SECOND_TEXT
    return RuleRow(
        kind=rule.kind,
        version=1,
        is_on=rule.is_on,
        not_before=rule.not_before,
        not_after=rule.not_after,
        silence_days=SILENCE_DAYS if asks_again else None,
        unseen_days=UNSEEN_DAYS if asks_again else None,
        most_open_tasks=MOST_OPEN_TASKS if asks_again else None,
        changed_at=None,
        changed_by=None,
    )
