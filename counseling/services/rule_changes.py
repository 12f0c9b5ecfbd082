"""A site changes what it reminds of: another version of the rule, and what the old one had planned goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import Row, and_, select, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.domain.reminder_kinds import SECOND_TEXT
from counseling.domain.reminder_limits import ensure_rule
from counseling.domain.unsent import Unsent
from counseling.models.texts import Reminder, ReminderRule
from counseling.services import audit
from counseling.services.reminder_rules import ship_rules
from counseling.services.text_cancelling import cancel_unsent
from counseling.services.treatment_files import By


@dataclass(frozen=True, kw_only=True)
class NewRule:
    """What a page asks for; local times of the station. The three figures belong to the second text alone."""

    is_on: bool
    not_before: time
    not_after: time
    silence_days: int | None = None
    unseen_days: int | None = None
    most_open_tasks: int | None = None

    def values(self) -> dict[str, Any]:
        return {
            "is_on": self.is_on,
            "not_before": self.not_before,
            "not_after": self.not_after,
            "silence_days": self.silence_days,
            "unseen_days": self.unseen_days,
            "most_open_tasks": self.most_open_tasks,
        }


def change_rule(
    session: AnySession, site_id: int, side: str, kind: str, new: NewRule, *, seen: int, by: By, now: datetime
) -> bool:
    """Put a rule in force from now on; False where it stands so already (a form sent twice).

    `seen`: the version that was on the page. Refuses rule_unknown, rule_changed_meanwhile, and what
    domain/reminder_limits names.
    """
    ensure_rule(kind, new.not_before, new.not_after, new.silence_days, new.unseen_days, new.most_open_tasks)
    ship_rules(session, now)  # of a site that the clock has not looked at yet
    with writing(session) as tx:
        rule = _lock_rule(tx, site_id, side, kind)
        values = new.values()
        if all(getattr(rule, name) == value for name, value in values.items()):
            return False
        if rule.version != seen:
            raise Refusal("rule_changed_meanwhile")
        changed = {**values, "version": rule.version + 1, "changed_at": now, "changed_by_id": by.staff_id}
        tx.execute(update(ReminderRule).where(ReminderRule.id == rule.id).values(**changed))
        planned = and_(
            Reminder.site_id == site_id,
            Reminder.side == side,
            Reminder.kind == kind,
            Reminder.rule_version <= rule.version,
        )
        cancel_unsent(tx, planned, Unsent.RULE_CHANGED, now)
        details: dict[str, object] = {"kind": kind, "version": rule.version + 1, "is_on": new.is_on}
        details |= {"hours": f"{new.not_before:%H:%M}-{new.not_after:%H:%M}"}
        if kind == SECOND_TEXT:
            details |= {"silence": new.silence_days, "unseen": new.unseen_days, "tasks": new.most_open_tasks}
        chain, subject = audit.site_chain(site_id), f"site:{site_id}"
        audit.append(tx, chain, by.actor, "reminder_rule.changed", subject, {**details, "side": side}, now)
        return True


def _lock_rule(tx: Session, site_id: int, side: str, kind: str) -> Row[Any]:
    own = ReminderRule.site_id == site_id, ReminderRule.side == side, ReminderRule.kind == kind
    row = tx.execute(select(ReminderRule.__table__).where(*own).with_for_update()).first()
    if row is None:
        raise Refusal("rule_unknown")
    return row
