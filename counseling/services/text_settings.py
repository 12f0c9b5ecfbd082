"""What an administrator says about all texts: their price, how long their words are kept, who reads strangers'."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.models.installation import Installation
from counseling.models.places import Site
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


def set_reader_of_strangers(session: AnySession, by: Viewer | None, site_id: int, now: datetime) -> None:
    """From the next text on this counseling point reads what numbers send that nobody is known to have.

    What has come in already stays where it is. Raises Refusal: not_administrator, no_such_point (none that is open).
    """
    with writing(session) as tx:
        ensure_administrator(tx, by)
        sites = tx.execute(select(Site.id, Site.counsels, Site.closed_on).order_by(Site.id).with_for_update()).all()
        if site_id not in {site.id for site in sites if site.counsels and site.closed_on is None}:
            raise Refusal("no_such_point")
        tx.execute(update(Site).values(answers_strangers=Site.id == site_id))
        facts = {"site": site_id}
        audit.append(tx, audit.HOUSE, actor_of(by), "texts.reader_of_strangers_set", "installation:1", facts, now)
