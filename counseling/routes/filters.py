"""How amounts, days and moments are written on pages: `{{ 605|mg }}`, `{{ day|day }}`, `{{ at|moment }}`."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache

from flask import Flask, current_app
from flask_babel import gettext

from counseling.clock import station_day, utc_now
from counseling.domain.amounts import format_mg, format_ml, ml_hundredths
from counseling.languages import current_locale

STRENGTH = 100  # tenths of a mg in one ml of the only solution that is shipped


def init_app(app: Flask) -> None:
    app.jinja_env.filters.update(mg=mg, ml=ml, day=day, moment=moment, local_day=local_day)


def mg(tenths: int) -> str:
    """600 → "60 mg", 605 → "60,5 mg" (in English "60.5 mg")."""
    return _written_mg(tenths, _mark())


@lru_cache(maxsize=4_000)  # a list of 300 people knows thirty amounts
def _written_mg(tenths: int, mark: str) -> str:
    return f"{format_mg(tenths, decimal_mark=mark)} mg"


def ml(mg_tenths: int, strength: int = STRENGTH) -> str:
    """The exact volume of a dose: 605 tenths of a mg at 10 mg/ml → "6,05 ml"."""
    return f"{format_ml(ml_hundredths(mg_tenths, strength), decimal_mark=_mark())} ml"


def day(value: date | None) -> str:
    """dd/mm/yyyy; empty for None."""
    return value.strftime("%d/%m/%Y") if value else ""


def local_day(value: datetime) -> date:
    """The day at the station on which an instant lies."""
    return station_day(value, current_app.extensions["diem_tua_config"].timezone)


def moment(value: datetime) -> str:
    """As people say it: "8h05", "8h05 hôm qua", "8h05 ngày 03/11/2026"."""
    zone = current_app.extensions["diem_tua_config"].timezone
    local = value.astimezone(zone)
    clock = f"{local.hour}h{local.minute:02d}" if current_locale() == "vi" else local.strftime("%H:%M")
    today = station_day(utc_now(), zone)
    if local.date() == today:
        return clock
    if local.date() == today - timedelta(days=1):
        return str(gettext("%(clock)s hôm qua", clock=clock))
    return str(gettext("%(clock)s ngày %(day)s", clock=clock, day=day(local.date())))


def _mark() -> str:
    return "," if current_locale() == "vi" else "."
