"""Words of danger: the alert that stands until somebody takes it on, and what is answered by itself meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from counseling.database import AnySession, vault_of, writing
from counseling.domain.crisis_words import says_danger
from counseling.domain.duty import next_start, on_duty
from counseling.domain.names import fold
from counseling.domain.refusal import Refusal
from counseling.models.duty import CrisisAlert
from counseling.models.texts import InboundMessage, OutboundMessage
from counseling.queries.duty import list_read, list_shifts
from counseling.refs import new_ref
from counseling.services import audit
from counseling.services.treatment_files import By
from counseling.sms.spoken_times import day_of, hour_of

ACTOR = "rule:read_text"
# Whoever has just taken a crisis of this number on is with them: others are called only when it stands again so long.
IN_HANDS = timedelta(hours=1)
FIRST_TO_WHO_IS_WITH_THEM = timedelta(minutes=10)
LATEST_OF_OURS = 3


def raise_alert(tx: Session, inbound_id: int, line_id: int, side: str, site_id: int, now: datetime) -> None:
    """Open an alert inside the caller's transaction; one that stands for this number and site already stays the one."""
    taken = select(CrisisAlert.id).where(
        CrisisAlert.line_id == line_id, CrisisAlert.side == side, CrisisAlert.site_id == site_id,
        CrisisAlert.taken_at > now - IN_HANDS,
    )  # fmt: skip
    in_hands = tx.execute(taken.limit(1)).first() is not None
    origin = {"inbound_id": inbound_id, "line_id": line_id}
    next_call_at = now + FIRST_TO_WHO_IS_WITH_THEM if in_hands else now
    alert = {"side": side, "site_id": site_id, "next_call_at": next_call_at, **origin}
    add_alert(tx, alert, f"text:{inbound_id}", ACTOR, now)


def add_alert(tx: Session, alert: dict[str, Any], subject: str, actor: str, now: datetime) -> None:
    """The row itself and its line in the site's chain; nothing where the database says that one stands already."""
    dialect = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
    row = dialect.insert(CrisisAlert).values(ref=new_ref(), raised_at=now, calls=0, **alert)
    alert_id = tx.execute(row.on_conflict_do_nothing().returning(CrisisAlert.id)).scalar()
    if alert_id is not None:
        chain, details = audit.site_chain(alert["site_id"]), {"alert": alert_id}
        audit.append(tx, chain, actor, "crisis.raised", subject, details, now)


def take_on(session: AnySession, alert_id: int, *, by: By, now: datetime) -> bool:
    """Somebody takes a crisis on, and nobody else is called any more; False where another was first.

    The caller has checked that the alert stands within the person's scope.
    """
    with writing(session) as tx:
        return take_alerts(tx, CrisisAlert.id == alert_id, by, now)


def take_on_conversation(tx: Session, read_to: Row[*tuple[Any, ...]], by: By, now: datetime) -> None:
    """Whoever answers somebody, or says that nothing more is needed, has taken on what they have read; in the caller's
    transaction. `read_to`: the last text of the conversation that the page showed.

    Not what came in while they wrote, nor what somebody else has written from the same number: that calls anew.
    """
    text = InboundMessage
    own = text.line_id == read_to.line_id, text.side == read_to.side, text.site_id == read_to.site_id
    read = *own, text.patient_id.is_not_distinct_from(read_to.patient_id), text.id <= read_to.id
    if not take_alerts(tx, CrisisAlert.inbound_id.in_(select(text.id).where(*read)), by, now):
        return
    waits = text.meaning == "crisis", text.handled_at.is_(None)
    without_alert = ~exists().where(CrisisAlert.inbound_id == text.id)
    first = tx.execute(select(func.min(text.id)).where(*own, *waits, without_alert)).scalar()
    if first is not None:
        raise_alert(tx, first, read_to.line_id, read_to.side, read_to.site_id, now)


def words_for_crisis(
    tx: AnySession, side: str, site_id: int, now: datetime, zone: ZoneInfo, *, has_marks: bool
) -> tuple[str, dict[str, str]]:
    """The automatic answer of this moment, and its values: outside the hours of the roster it says from when on."""
    since = nobody_before(tx, side, site_id, now, zone, has_marks=has_marks)
    return ("crisis", {}) if since is None else ("crisis_shut", {"since": since})


def nobody_before(
    tx: AnySession, side: str, site_id: int, now: datetime, zone: ZoneInfo, *, has_marks: bool
) -> str | None:
    """When the next shift begins, as texts say it; None while somebody is on duty, and where there is no roster."""
    local, shifts = now.astimezone(zone), list_shifts(tx, side, site_id)
    since = None if on_duty(shifts, local) else next_start(shifts, local)
    if since is None:
        return None
    return f"{hour_of(since.time())} {day_of(since.date(), has_marks=has_marks)}"


def echoes_us(tx: AnySession, line_id: int, body: str) -> bool:
    """Whether what sounds like danger is only our own words coming back, quoted by a machine."""
    query = (
        select(OutboundMessage.ref, OutboundMessage.body)
        .where(OutboundMessage.line_id == line_id, OutboundMessage.body.is_not(None))
        .order_by(OutboundMessage.id.desc())
        .limit(LATEST_OF_OURS)
    )
    rest, vault = fold(body), vault_of(tx)
    for row in tx.execute(query):
        rest = rest.replace(fold(vault.open("outbound_messages.body", row.ref, row.body) or "") or "\n", " ")
    return rest != fold(body) and says_danger(rest) is None


def take_alerts(tx: Session, which: ColumnElement[bool], by: By, now: datetime) -> bool:
    """Take on those of these that nobody has; whether there was one. In the caller's transaction."""
    taken = update(CrisisAlert).where(which, CrisisAlert.taken_at.is_(None))
    values = taken.values(taken_at=now, taken_by_id=by.staff_id)
    rows = tx.execute(values.returning(CrisisAlert.id, CrisisAlert.site_id)).all()
    for row in rows:
        audit.append(tx, audit.site_chain(row.site_id), by.actor, "crisis.taken", f"alert:{row.id}", {}, now)
    return bool(rows)


@contextmanager
def leaving_nobody_in_danger(tx: Session) -> Iterator[None]:
    """Around a change of who reads what: where danger stands that nobody has taken on, somebody reads afterwards too.

    Raises Refusal danger_waits. Where nobody has read before the change hides nothing.
    """
    before = set(list_read(tx))
    yield
    shut = before.difference(list_read(tx))
    stands = select(CrisisAlert.side, CrisisAlert.site_id).where(CrisisAlert.taken_at.is_(None))
    if shut and shut.intersection((row.side, row.site_id) for row in tx.execute(stands)):
        raise Refusal("danger_waits")
