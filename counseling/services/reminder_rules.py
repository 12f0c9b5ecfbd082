"""What each site reminds of: the rules that ship, for every site that has none yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import exists, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.reminder_kinds import (
    MOST_OPEN_TASKS,
    SECOND_TEXT,
    SHIPPED_RULES,
    SILENCE_DAYS,
    UNSEEN_DAYS,
    ShippedRule,
)
from counseling.models.places import Site
from counseling.models.texts import ReminderRule

RULES = select(
    ReminderRule.site_id,
    ReminderRule.side,
    ReminderRule.kind,
    ReminderRule.version,
    ReminderRule.not_before,
    ReminderRule.not_after,
    ReminderRule.silence_days,
    ReminderRule.unseen_days,
    ReminderRule.most_open_tasks,
)


@dataclass(frozen=True)
class Rule:
    """A rule that is on; local times of the station."""

    site_id: int
    side: str
    kind: str
    version: int
    not_before: time
    not_after: time
    silence_days: int | None = None
    unseen_days: int | None = None
    most_open_tasks: int | None = None


def ship_rules(session: AnySession, now: datetime) -> None:
    """Give every site the rules of its functions that it lacks; nothing that stands there is changed.

    Also names the one site whose counselors read texts from strangers, where none is named. Reads first: most of the
    time there is nothing to write.
    """
    if not _missing(session) and not _lacks_reader_of_strangers(session):
        return
    with writing(session) as tx:
        rows = [_values(site_id, rule, now) for site_id, rule in _missing(tx)]
        if rows:
            dialect = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
            tx.execute(dialect.insert(ReminderRule).on_conflict_do_nothing(), rows)
        if _lacks_reader_of_strangers(tx):
            _name_reader_of_strangers(tx)


def list_rules(session: AnySession, today: date) -> list[Rule]:
    """The rules that are on, of sites that are open at all, site by site."""
    is_open = Site.closed_on.is_(None) | (Site.closed_on > today)
    query = RULES.join(Site, Site.id == ReminderRule.site_id).where(ReminderRule.is_on, is_open)
    return [Rule(*row) for row in session.execute(query.order_by(ReminderRule.site_id, ReminderRule.id))]


def find_rule(session: AnySession, site_id: int, side: str, kind: str) -> Rule | None:
    """A site's rule where it has one that is on."""
    own = (ReminderRule.site_id == site_id, ReminderRule.side == side, ReminderRule.kind == kind)
    row = session.execute(RULES.where(*own, ReminderRule.is_on)).first()
    return None if row is None else Rule(*row)


def is_current(tx: Session, rule: Rule) -> bool:
    """Whether the rule still stands as the planner has read it; locked, so that nobody changes it before the end.

    A changed rule takes back what the old one had planned: nothing of the old one may be added behind its back.
    """
    own = (ReminderRule.site_id == rule.site_id, ReminderRule.side == rule.side, ReminderRule.kind == rule.kind)
    query = select(ReminderRule.version).where(*own, ReminderRule.is_on).with_for_update(read=True)
    return tx.execute(query).scalar_one_or_none() == rule.version


def _missing(session: AnySession) -> list[tuple[int, ShippedRule]]:
    found = session.execute(select(ReminderRule.site_id, ReminderRule.side, ReminderRule.kind))
    known = {tuple(row) for row in found}
    sites = session.execute(select(Site.id, Site.dispenses, Site.counsels).order_by(Site.id)).all()
    return [
        (site.id, rule)
        for site in sites
        for rule in SHIPPED_RULES
        if getattr(site, rule.function) and (site.id, rule.side, rule.kind) not in known
    ]


def _values(site_id: int, rule: ShippedRule, now: datetime) -> dict[str, object]:
    asks_again = rule.kind == SECOND_TEXT
    return {
        "site_id": site_id,
        "side": rule.side,
        "kind": rule.kind,
        "version": 1,
        "is_on": rule.is_on,
        "not_before": rule.not_before,
        "not_after": rule.not_after,
        "silence_days": SILENCE_DAYS if asks_again else None,
        "unseen_days": UNSEEN_DAYS if asks_again else None,
        "most_open_tasks": MOST_OPEN_TASKS if asks_again else None,
        "changed_at": now,
    }


def _lacks_reader_of_strangers(session: AnySession) -> bool:
    """Whether no site is named although there is one that could be."""
    named = exists().where(Site.answers_strangers)
    could = select(Site.id).where(Site.counsels, Site.closed_on.is_(None), ~named).limit(1)
    return session.execute(could).first() is not None


def _name_reader_of_strangers(tx: Session) -> None:
    first = select(Site.id).where(Site.counsels, Site.closed_on.is_(None)).order_by(Site.id).limit(1)
    tx.execute(update(Site).where(Site.id == first.scalar_subquery()).values(answers_strangers=True))
