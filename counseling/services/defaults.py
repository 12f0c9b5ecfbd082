"""Rows that every installation starts with: facts that somebody may change, so not constants in the code."""

from __future__ import annotations

import secrets
from datetime import date, datetime

from sqlalchemy import insert, select

from counseling.database import AnySession, writing
from counseling.domain.missed_doses import SHIPPED_BANDS, GapBand
from counseling.models.installation import Installation
from counseling.models.orders import Drug, GapBandRow, PhaseLimit

SHIPPED_SINCE = date(2024, 12, 31)  # Decision 4066/QĐ-BYT, the national guide in force
METHADONE = {
    "code": "methadone-10",
    "name": "Methadone",
    "form": "dung dịch uống 10 mg/ml",
    "strength": 100,  # tenths of a mg in one ml
}
UNREAD = "chưa đối chiếu bản gốc; bác sĩ phụ trách duyệt trước khi dùng"
LIMITS = (
    ("maintenance", 30, "Thông tư 26/2023/TT-BYT, điều 5"),
    ("induction", None, UNREAD),
    ("adjustment", None, UNREAD),
    ("taper", None, UNREAD),
    ("one_time", 1, "một liều của một ngày"),
)


def ship_defaults(session: AnySession, *, is_demo: bool, now: datetime) -> None:
    """Add what is missing; nothing that stands there is changed."""
    with writing(session) as tx:
        if tx.execute(select(Installation.id)).first() is not None:
            return
        tx.execute(
            insert(Installation).values(id=1, is_demo=is_demo, digest_salt=secrets.token_bytes(16), created_at=now)
        )
        tx.execute(insert(Drug).values(**METHADONE))
        tx.execute(insert(PhaseLimit), [{"phase": p, "longest_days": d, "source": s} for p, d, s in LIMITS])
        tx.execute(insert(GapBandRow), [_row(band) for band in SHIPPED_BANDS])


def _row(band: GapBand) -> dict[str, object]:
    return {
        "from_days": band.from_days,
        "to_days": band.to_days,
        "response": band.response.value,
        "source": band.source,
        "effective_from": SHIPPED_SINCE,
    }
