"""Texts that come in: stored at once under the provider's key, then worked from the table, one transaction each."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from counseling.database import AnySession, vault_of, writing
from counseling.models.texts import InboundMessage
from counseling.refs import new_ref
from counseling.registers.bad_cell import BadCell
from counseling.registers.phones import parse_phone
from counseling.services.inbound_reading import work_on_next
from counseling.services.phone_lines import ensure_line
from counseling.services.test_texts import note_reply

LONGEST_BODY = 2_000  # characters; ten parts of the widest alphabet are 670
LONGEST_KEY = 120
LONGEST_SENDER = 20  # "VIETTEL", "9029": not everything that texts is a phone
MOST_LINES = 500  # of one call, so that the other work of a tick is not kept waiting


def store_inbound(
    session: AnySession,
    *,
    gateway: str,
    event_key: str,
    number: str,
    body: str,
    received_at: datetime,
    content: str | None = None,
    kind: str = "text",
) -> bool:
    """Keep one text as it came and think about it later; False when this key or this `content` was kept before.

    `kind` "missed_call": somebody rang and hung up, which asks to be called back. `number` may be anything that a
    provider calls a sender. What is longer than LONGEST_BODY is cut there. `content`: who, what and when by the
    provider, for those who report one text under two keys.
    """
    vault, ref = vault_of(session), new_ref()
    text = body.encode(errors="replace").decode()[:LONGEST_BODY]  # half a surrogate pair cannot be sealed
    with writing(session) as tx:
        line_id = ensure_line(tx, vault, _sender_of(number))
        values = {
            "ref": ref,
            "event_key": _key_of(gateway, event_key),
            "content_token": None if content is None else vault.token("inbound:content", content),
            "kind": kind,
            "gateway": gateway,
            "line_id": line_id,
            "body": vault.seal("inbound_messages.body", ref, text),
            "received_at": received_at,
        }
        dialect = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
        kept = dialect.insert(InboundMessage).values(**values).on_conflict_do_nothing()
        if tx.execute(kept.returning(InboundMessage.id)).first() is None:
            return False
        note_reply(tx, line_id, received_at)
        return True


def read_inbound(session: AnySession, now: datetime, zone: ZoneInfo, dice: random.Random) -> int:
    """Work on every text that nobody has worked on, number by number, each number's in order; gives how many.

    A number whose text cannot be worked on does not keep the others waiting: the first error is raised at the end.
    """
    read, failed = 0, None
    for line_id in _lines_that_wait(session):
        try:
            read += sum(1 for _ in _work_on(session, line_id, now, zone, dice))
        except Exception as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return read


def is_waiting(session: AnySession) -> bool:
    """Whether a text has come in that nobody has worked on."""
    found = session.execute(select(InboundMessage.id).where(InboundMessage.read_at.is_(None)).limit(1)).first()
    session.rollback()
    return found is not None


def _work_on(session: AnySession, line_id: int, now: datetime, zone: ZoneInfo, dice: random.Random) -> Iterator[int]:
    while True:
        with writing(session) as tx:
            worked_on = work_on_next(tx, line_id, now, zone, dice)
        if worked_on is None:
            return
        yield worked_on


def _lines_that_wait(session: AnySession) -> list[int]:
    waiting = (
        select(InboundMessage.line_id)
        .where(InboundMessage.read_at.is_(None))
        .group_by(InboundMessage.line_id)
        .order_by(func.min(InboundMessage.id))
        .limit(MOST_LINES)
    )
    return list(session.execute(waiting).scalars())


def _key_of(gateway: str, event_key: str) -> str:
    """One column for the keys of all providers; what does not fit or cannot be stored stands there as its digest."""
    key = f"{gateway}:{event_key}"
    if len(key) <= LONGEST_KEY and key.isprintable():
        return key
    return f"{gateway}:sha256:{hashlib.sha256(event_key.encode(errors='replace')).hexdigest()}"


def _sender_of(number: str) -> str:
    """E.164 where it is a phone's number; else what the provider calls the sender, cut to what can be shown."""
    if not any(char.isalpha() for char in number):
        try:
            return parse_phone(number[:LONGEST_BODY]).e164
        except BadCell:
            pass
    return "".join(char for char in number if char.isprintable())[:LONGEST_SENDER].strip() or "?"
