"""Nháy máy noted by hand: somebody rang the site's phone and hung up, which means "call me back"."""

from __future__ import annotations

import random
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select

from counseling.clock import station_day
from counseling.database import AnySession, vault_of, writing
from counseling.domain.refusal import Refusal
from counseling.models.texts import InboundMessage
from counseling.refs import new_ref
from counseling.services import audit
from counseling.services.crossing import ask_to_call_back
from counseling.services.either_file import hold_file
from counseling.services.phone_lines import ensure_line
from counseling.services.treatment_files import By

BY_HAND = "hand"
MEANING = "missed_call"


def note_missed_call(
    session: AnySession,
    patient_id: int,
    side: str,
    site_id: int,
    number: str,
    *,
    by: By,
    request_key: str,
    now: datetime,
    zone: ZoneInfo,
    dice: random.Random,
) -> None:
    """Keep that this person rang, and open the task to call back; the same `request_key` again changes nothing.

    The caller has checked that the person stands within the reader's scope and has this number. Raises Refusal:
    missed_call_key_used.
    """
    ref = new_ref()
    with writing(session) as tx:
        hold_file(tx, patient_id, side)
        key = f"{BY_HAND}:{request_key}"
        known = tx.execute(select(InboundMessage.patient_id).where(InboundMessage.event_key == key)).first()
        if known is not None:
            if known.patient_id != patient_id:
                raise Refusal("missed_call_key_used")
            return
        row = insert(InboundMessage).values(
            ref=ref, event_key=key, gateway=BY_HAND, kind=MEANING, line_id=ensure_line(tx, vault_of(tx), number),
            received_at=now, read_at=now, meaning=MEANING, patient_id=patient_id, side=side, site_id=site_id,
            handled_at=now, handled_by_id=by.staff_id,
        )  # fmt: skip
        text_id = tx.execute(row.returning(InboundMessage.id)).scalar_one()
        today = station_day(now, zone)
        ask_to_call_back(tx, patient_id, side, site_id, today=today, now=now, zone=zone, dice=dice)
        audit.append(tx, audit.site_chain(site_id), by.actor, "call.missed", f"text:{text_id}", {}, now)
