"""What an administrator says about texts of the whole installation: their price, and how long their words are kept."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.models.installation import Installation
from counseling.permissions import Viewer
from counseling.services import audit
from counseling.services.administration import actor_of, ensure_administrator

SHORTEST_KEPT, LONGEST_KEPT = 30, 365  # days
HIGHEST_PRICE = 100_000  # đồng for one part of a text: beyond it somebody has typed something else


def set_text_settings(session: AnySession, by: Viewer | None, price: int | None, kept_days: int, now: datetime) -> None:
    """`price` None: nobody knows. A shorter time is done with at the next tick and cannot be taken back.

    Raises Refusal: not_administrator, price_not_right (most), days_not_right (least, most).
    """
    if price is not None and not 0 <= price <= HIGHEST_PRICE:
        raise Refusal("price_not_right", most=HIGHEST_PRICE)
    if not SHORTEST_KEPT <= kept_days <= LONGEST_KEPT:
        raise Refusal("days_not_right", least=SHORTEST_KEPT, most=LONGEST_KEPT)
    with writing(session) as tx:
        ensure_administrator(tx, by)
        tx.execute(update(Installation).values(price_per_segment=price, bodies_kept_days=kept_days))
        facts = {"price_per_segment": price, "bodies_kept_days": kept_days}
        audit.append(tx, audit.HOUSE, actor_of(by), "texts.settings_set", "installation:1", facts, now)
