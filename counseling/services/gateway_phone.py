"""Somebody has looked at the gateway's phone and says what they found, item by item."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import insert, select

from counseling.database import AnySession, writing
from counseling.domain.gateway_phone import ITEMS
from counseling.domain.refusal import Refusal
from counseling.models.text_keeping import GatewayPhoneCheck
from counseling.permissions import Viewer
from counseling.services import audit
from counseling.services.administration import actor_of, ensure_administrator


def record_checks(session: AnySession, by: Viewer, found: Collection[str], *, request_key: str, now: datetime) -> None:
    """Every item of the list, so or not so: what is not among `found` was looked at and is not so.

    Raises Refusal: not_administrator, item_unknown.
    """
    if not set(found) <= set(ITEMS):
        raise Refusal("item_unknown")
    with writing(session) as tx:
        ensure_administrator(tx, by)
        done = select(GatewayPhoneCheck.id).where(GatewayPhoneCheck.request_key == request_key)
        if tx.execute(done).first() is not None:
            return
        row = {"checked_at": now, "checked_by_id": by.staff_id, "request_key": request_key}
        tx.execute(insert(GatewayPhoneCheck), [{**row, "item": item, "is_so": item in found} for item in ITEMS])
        facts = {"missing": [item for item in ITEMS if item not in found]}
        audit.append(tx, audit.HOUSE, actor_of(by), "gateway_phone.checked", "installation:1", facts, now)
