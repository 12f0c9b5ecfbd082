"""What holds for texts of the whole installation, what was blanked, and what is known of the gateway's phone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from counseling.database import AnySession
from counseling.domain.gateway_phone import ITEMS, is_due
from counseling.models.installation import DEFAULT_KEPT_DAYS, Installation
from counseling.models.people import Staff
from counseling.models.text_keeping import GatewayPhoneCheck, TextBlanking

LOOKED_BACK = timedelta(days=30)


@dataclass(frozen=True)
class TextSettings:
    """`price`: whole đồng for one part of a text; None: nobody has said."""

    price: int | None
    kept_days: int


@dataclass(frozen=True)
class Blanked:
    """What was blanked on one day; `last_at` the last batch."""

    on: date
    last_at: datetime
    texts_out: int
    texts_in: int
    kept_days: int


@dataclass(frozen=True)
class Check:
    """An item of the list. `is_so` None: nobody has looked."""

    item: str
    is_so: bool | None
    checked_at: datetime | None
    checked_by: str | None
    is_due: bool


def find_text_settings(session: AnySession) -> TextSettings:
    row = session.execute(select(Installation.price_per_segment, Installation.bodies_kept_days)).first()
    return TextSettings(None, DEFAULT_KEPT_DAYS) if row is None else TextSettings(*row)


def list_blanked(session: AnySession, now: datetime, day_of: Callable[[datetime], date]) -> list[Blanked]:
    """The last month, day by day, the latest first."""
    rows = session.execute(
        select(TextBlanking).where(TextBlanking.done_at > now - LOOKED_BACK).order_by(TextBlanking.id.desc())
    ).scalars()
    days: dict[date, Blanked] = {}
    for row in rows:
        on = day_of(row.done_at)
        had = days.get(on) or Blanked(on, row.done_at, 0, 0, row.kept_days)
        sums = had.texts_out + row.texts_out, had.texts_in + row.texts_in
        days[on] = Blanked(on, had.last_at, *sums, had.kept_days)
    return list(days.values())


def list_checks(session: AnySession, now: datetime) -> list[Check]:
    """Every item in the order of the list, as it was found last."""
    newest = select(func.max(GatewayPhoneCheck.id)).group_by(GatewayPhoneCheck.item)
    rows = session.execute(
        select(GatewayPhoneCheck.item, GatewayPhoneCheck.is_so, GatewayPhoneCheck.checked_at, Staff.display_name)
        .join(Staff, Staff.id == GatewayPhoneCheck.checked_by_id)
        .where(GatewayPhoneCheck.id.in_(newest))
    )
    found = {row.item: Check(*row, is_due(row.checked_at, now)) for row in rows}
    return [found.get(item) or Check(item, None, None, None, is_due=True) for item in ITEMS]
