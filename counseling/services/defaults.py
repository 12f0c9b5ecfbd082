"""Rows that every installation starts with: facts that somebody may change, so not constants in the code."""

from __future__ import annotations

import secrets
from datetime import date, datetime

from sqlalchemy import insert, select

from counseling.database import AnySession, writing
from counseling.domain.missed_doses import SHIPPED_BANDS, GapBand
from counseling.domain.order_limits import SHIPPED_LIMITS
from counseling.models.installation import Installation
from counseling.models.orders import Drug, GapBandRow, OrderLimitRow
from counseling.services.help_numbers import ship_numbers

SHIPPED_SINCE = date(2024, 12, 31)  # Decision 4066/QĐ-BYT, the national guide in force
METHADONE = {
    "code": "methadone-10",
    "name": "Methadone",
    "form": "dung dịch uống 10 mg/ml",
    "strength": 100,  # tenths of a mg in one ml
}


def ship_defaults(session: AnySession, *, is_demo: bool, now: datetime) -> None:
    """Add what is missing; nothing that stands there is changed."""
    with writing(session) as tx:
        ship_numbers(tx, now)  # of installations older than these numbers too
        if tx.execute(select(Installation.id)).first() is not None:
            return
        tx.execute(
            insert(Installation).values(id=1, is_demo=is_demo, digest_salt=secrets.token_bytes(16), created_at=now)
        )
        tx.execute(insert(Drug).values(**METHADONE))
        limits = [{"name": limit.name.value, "value": limit.value, "source": limit.source} for limit in SHIPPED_LIMITS]
        tx.execute(insert(OrderLimitRow), [{**limit, "effective_from": SHIPPED_SINCE} for limit in limits])
        tx.execute(insert(GapBandRow), [_row(band) for band in SHIPPED_BANDS])


def _row(band: GapBand) -> dict[str, object]:
    return {
        "from_days": band.from_days,
        "to_days": band.to_days,
        "response": band.response.value,
        "source": band.source,
        "effective_from": SHIPPED_SINCE,
    }
