"""What a rule will send on a day: to how many, and who is left without a text, and why. Counts; nobody is named.

It asks what planning asks, of a day that has not come; nothing is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select

from counseling.database import AnySession
from counseling.domain.reminder_kinds import (
    APPOINTMENT,
    APPOINTMENT_TODAY,
    CHECK_IN,
    DOSE_TODAY,
    KINDS_OF,
    LOOKED_AT_IN_BULK,
    ORDER_ENDING,
    SECOND_TEXT,
    WEEKLY,
)
from counseling.domain.reminders import SHUT, last_call
from counseling.domain.sending_hours import instant, minutes_left
from counseling.domain.text_choices import minutes_for
from counseling.models.patients import SupportFile, TreatmentFile
from counseling.models.texts import Reminder
from counseling.queries.left_without import WHY_NOT, why_not_texted
from counseling.queries.opening_hours import hours_on
from counseling.queries.reminder_audiences import AUDIENCES, in_aftercare
from counseling.queries.silence import list_unseen, wants_second_text
from counseling.queries.text_choices import own_hours_of
from counseling.services.asking_reminders import asking_of
from counseling.services.reminder_rows import Moment
from counseling.services.reminder_rules import Rule, find_rule
from counseling.services.station_reminders import Ground, ground_of
from counseling.services.support_reminders import (
    appointments_ahead,
    appointments_of_today,
    check_ins_ahead,
    day_of_appointment,
    day_of_check_in,
    minutes_before,
    open_days,
)
from counseling.treatment_rows import TREATMENT

NO_TIME = "no_time"  # the rule's hours and those in which its words are true have no minute in common
SAID_ONCE = (ORDER_ENDING, SECOND_TEXT)  # who is told today is not told tomorrow
PLANNED_DAYS_AHEAD = (APPOINTMENT, CHECK_IN)  # they stand in the queue long before; all others on their own day
# Whom a kind is for, each with the minutes that are left for them; two appointments of a day are two.
People = list[tuple[int, range]]


@dataclass(frozen=True)
class Preview:
    """`texted`: how many people would get it. `at_most`: those whom it may be for; who comes in time gets none.

    `why_not`: None, or why nobody is told anything that day ("shut", "no_time"), or before somebody has said more.
    `waiting`: of the second text, how many wait for somebody to look after them.
    """

    on_date: date
    texted: int = 0
    without: Mapping[str, int] = field(default_factory=dict)
    at_most: bool = False
    why_not: str | None = None
    waiting: int = 0


def preview(session: AnySession, rule: Rule, on_date: date, now: datetime, zone: ZoneInfo) -> Preview:
    """As a day looks from now under a rule; whether it is on is not asked."""
    ground = _ground(session, rule, on_date, now, zone)
    if ground.why == SHUT or not ground.minutes:
        return Preview(on_date, why_not=SHUT if ground.why == SHUT else NO_TIME)
    reasons = _reasons(session, rule, ground, on_date, Moment(now, zone))
    counts = Counter(reasons.values())
    unseen = list_unseen(session, asking_of(rule), on_date, zone) if rule.kind == SECOND_TEXT else ()
    return Preview(
        on_date,
        texted=counts[None],
        without={why: counts[why] for why in WHY_NOT if counts[why]},
        at_most=rule.kind in LOOKED_AT_IN_BULK,
        why_not=ground.why,
        waiting=len(unseen),
    )


def expected_on(
    session: AnySession, site_id: int, side: str, on_date: date, now: datetime, zone: ZoneInfo
) -> list[tuple[str, Preview]]:
    """Of a site's kinds that are on and are planned on the day itself: what that day will bring, kind by kind."""
    kinds = [kind for kind in KINDS_OF[side] if kind not in PLANNED_DAYS_AHEAD]
    rules = [find_rule(session, site_id, side, kind) for kind in kinds]
    return [(rule.kind, preview(session, rule, on_date, now, zone)) for rule in rules if rule is not None]


def _ground(session: AnySession, rule: Rule, on_date: date, now: datetime, zone: ZoneInfo) -> Ground:
    """What the books will say of the day before nobody knows: of these kinds only whether there is a day at all."""
    begins = max(now, instant(on_date, time.min, zone))
    if rule.kind == DOSE_TODAY:
        call = last_call(list(hours_on(session, rule.site_id, [on_date])[on_date] or ()))
        begins = instant(on_date, call[0], zone) if call else begins
    if rule.kind == APPOINTMENT_TODAY:  # whoever has an appointment comes, on a day without usual hours as well
        return Ground(minutes_left(on_date, rule.not_before, rule.not_after, earliest=begins, zone=zone), None)
    ground = ground_of(session, rule, Moment(begins, zone))
    return replace(ground, why=None) if rule.kind in LOOKED_AT_IN_BULK and ground.why != SHUT else ground


def _reasons(session: AnySession, rule: Rule, ground: Ground, on_date: date, at: Moment) -> dict[int, str | None]:
    """Of everybody whom the kind is for that day: None, they get it; else why they do not."""
    people = _people(session, rule, ground.minutes, on_date, at)
    ids = {patient_id for patient_id, _ in people} - _told_today(session, rule, on_date, at)
    reasons: dict[int, str | None] = dict(why_not_texted(session, ids, rule.side, rule.kind, on_date))
    own = own_hours_of(session, rule.side, ids)
    fit = {who for who, minutes in people if who not in own or minutes_for(minutes, own[who])}
    return {who: reasons.get(who) or (None if who in fit else "own_hours") for who in ids}


def _told_today(session: AnySession, rule: Rule, on_date: date, at: Moment) -> set[int]:
    """Those whom planning reaches today still, of a kind that is not said again tomorrow."""
    if rule.kind not in SAID_ONCE or on_date <= at.today:
        return set()
    ground = ground_of(session, rule, at)
    if ground.why == SHUT or not ground.minutes:
        return set()
    return {who for who, why in _reasons(session, rule, ground, at.today, at).items() if why is None}


def _people(session: AnySession, rule: Rule, minutes: range, on_date: date, at: Moment) -> People:
    planned = select(Reminder.patient_id).where(
        Reminder.site_id == rule.site_id,
        Reminder.side == rule.side,
        Reminder.kind == rule.kind,
        Reminder.on_date == on_date,
        Reminder.state.in_(("planned", "held")),
    )
    found = [(who, minutes) for who in session.execute(planned).scalars()]
    if rule.kind == APPOINTMENT_TODAY:
        return found + _of_the_day(session, rule, Moment(max(at.now, instant(on_date, time.min, at.zone)), at.zone))
    if rule.kind in PLANNED_DAYS_AHEAD:
        return found + [(who, minutes) for who in _ahead(session, rule, on_date, at)]
    file = TreatmentFile if rule.side == TREATMENT else SupportFile
    rows = session.execute(select(file.patient_id).where(_who(rule, on_date)))
    return found + [(who, minutes) for who in rows.scalars()]


def _who(rule: Rule, on_date: date) -> ColumnElement[bool]:
    if rule.kind == SECOND_TEXT:
        return wants_second_text(asking_of(rule), on_date)
    if rule.kind == WEEKLY and rule.side != TREATMENT:
        return in_aftercare(rule.site_id, on_date)
    return AUDIENCES[rule.kind](rule.site_id, on_date)


def _ahead(session: AnySession, rule: Rule, on_date: date, at: Moment) -> Iterable[int]:
    """Of what is planned some days ahead, that of the day."""
    is_open = open_days(session, rule.site_id, at.today)
    if rule.kind == APPOINTMENT:
        rows = session.execute(appointments_ahead(rule, at))
        return [row.patient_id for row in rows if day_of_appointment(row, at, is_open) == on_date]
    rows = session.execute(check_ins_ahead(rule, at))
    return [row.patient_id for row in rows if day_of_check_in(row, rule, at, is_open) == on_date]


def _of_the_day(session: AnySession, rule: Rule, at: Moment) -> People:
    """Those whom there is a minute left to remind before they set out."""
    rows = session.execute(appointments_of_today(rule, at))
    found = [(row.patient_id, minutes_before(row.starts_at, rule, at)) for row in rows]
    return [(who, minutes) for who, minutes in found if minutes]
