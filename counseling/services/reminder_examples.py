"""A reminder as a locked phone would show it, with a site's own hours: for whoever decides whether it goes out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time

from counseling.database import AnySession
from counseling.domain.days_off import shared_hours
from counseling.domain.reminder_kinds import (
    APPOINTMENT,
    APPOINTMENT_TODAY,
    DOSE_TODAY,
    EVENING_BEFORE,
    MISSED_YESTERDAY,
    WEEKEND,
)
from counseling.domain.reminders import A_DAY
from counseling.domain.station_days import Hours
from counseling.domain.text_choices import Choices
from counseling.queries.opening_hours import hours_on
from counseling.queries.station_tomorrows import find_days_off
from counseling.queries.wordings import wordings_of
from counseling.services.reminder_words import WORDING_OF
from counseling.sms.segments import segments_of
from counseling.sms.spoken_times import day_of, days_of, hour_and_part, hour_of
from counseling.sms.wording import PRONOUN, text_of

USUAL = Hours(time(7), time(10, 30))  # where a site has said no hours
AN_APPOINTMENT = time(8)


@dataclass(frozen=True)
class Example:
    body: str
    segments: int


def example_of(session: AnySession, site_id: int, kind: str, on_date: date, choices: Choices | None = None) -> Example:
    """The text of a kind as it would go out on a day, in the spelling that somebody chose."""
    choices = choices or Choices()
    wording, marks = WORDING_OF.get(kind, kind), choices.has_marks
    values = _values(session, site_id, kind, on_date, marks)
    pronoun = choices.pronoun or PRONOUN
    words = wordings_of(session, [site_id])[site_id]
    body = text_of(wording, words, has_marks=marks, pretext=choices.pretext, pronoun=pronoun, **values)
    return Example(body, segments_of(body))


def digits_shown(session: AnySession, site_id: int) -> str:
    """The text with the two digits before they are thrown: nobody may take an example for them."""
    return text_of("number", wordings_of(session, [site_id])[site_id], digits="??")


def _values(session: AnySession, site_id: int, kind: str, on_date: date, marks: bool) -> dict[str, str]:
    if kind in (APPOINTMENT, APPOINTMENT_TODAY):
        day = on_date + A_DAY if kind == APPOINTMENT else on_date
        hour = hour_and_part(AN_APPOINTMENT, has_marks=marks)
        return {"hour": hour, "day": day_of(day, has_marks=marks)}
    if kind in (MISSED_YESTERDAY, DOSE_TODAY):
        spans = hours_on(session, site_id, [on_date])[on_date] or [USUAL]
        return {"until": hour_of(spans[0 if kind == MISSED_YESTERDAY else -1].closes_at)}
    if kind == EVENING_BEFORE:
        day = on_date + A_DAY
        return _span((hours_on(session, site_id, [day])[day] or [USUAL])[0])
    if kind == WEEKEND:
        eve = find_days_off(session, site_id, on_date)
        days = eve.days or [
            date(2026, 11, 28),
            date(2026, 11, 29),
        ]  # any Saturday and Sunday: only their names are said
        return {"days": days_of(days, has_marks=marks), **_span(shared_hours(eve.days, eve.hours) or USUAL)}
    return {}


def _span(hours: Hours) -> dict[str, str]:
    return {"opens": hour_of(hours.opens_at), "closes": hour_of(hours.closes_at)}
