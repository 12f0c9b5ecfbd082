"""Test texts: through the channel that is chosen, also one that stands, to a number that nobody sees again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, bindparam, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from counseling.database import AnySession, vault_of, writing
from counseling.domain.channels import TEST_DIES_AFTER, UNANSWERED
from counseling.domain.message_states import FailureReason, MessageState
from counseling.domain.refusal import Refusal
from counseling.models.channels import SmsTest
from counseling.models.texts import PhoneLine
from counseling.permissions import Viewer
from counseling.refs import new_ref
from counseling.services import audit
from counseling.services.administration import ensure_administrator
from counseling.services.channel_failures import note_reaches
from counseling.services.phone_lines import ensure_line, open_line_number
from counseling.sms.gateway import SmsGateway, SmsMisconfigured, SmsOutcomeUnknown, SmsRejected, TextToSend
from counseling.sms.gateways import Gateways
from counseling.sms.trial_wording import TRIAL
from counseling.vault import CannotOpen

REPLY_WITHIN = timedelta(days=1)
MOST_AT_ONCE = 5
# Why a gateway did not take a text, beside its faults; and why it was handed to none.
REFUSED, REFUSED_AS_OURS, AWAY = "refused", "refused_as_ours", "away"
NO_SETTINGS, NO_NUMBER = "no_settings", "no_number"
DENIED, STOPPED = "line_denied", "line_stopped"

WAITS = SmsTest.attempt_started_at.is_(None), SmsTest.fault.is_(None)


def ask_test(session: AnySession, by: Viewer, gateway: str, number: str, *, request_key: str, now: datetime) -> str:
    """Queue one test text to a number (E.164); gives its reference. The same form again gives the first one's.

    Refuses with line_denied, line_stopped (NGUNG came from it).
    """
    with writing(session) as tx:
        ensure_administrator(tx, by)
        ref, line_id = new_ref(), ensure_line(tx, vault_of(tx), number)
        why_not = _why_not(_tested_line(tx, line_id))
        if why_not is not None:
            raise Refusal(why_not)
        values = {
            "ref": ref,
            "gateway": gateway,
            "line_id": line_id,
            "asked_by_id": by.staff_id,
            "asked_at": now,
            "request_key": request_key,
        }
        dialect = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
        kept = dialect.insert(SmsTest).values(**values).on_conflict_do_nothing(index_elements=["request_key"])
        if tx.execute(kept.returning(SmsTest.id)).first() is None:
            return tx.execute(select(SmsTest.ref).where(SmsTest.request_key == request_key)).scalar_one()
        audit.append(tx, audit.HOUSE, by.actor, "channel.tested", f"channel:{gateway}", {}, now)
        return ref


def send_tests(session: AnySession, gateways: Gateways, now: datetime) -> int:
    """Send the test texts that wait, each once at most, whatever comes of it; gives how many were taken."""
    taken = 0
    waiting = select(SmsTest.ref).where(*WAITS, SmsTest.asked_at > now - TEST_DIES_AFTER)
    refs = session.execute(waiting.order_by(SmsTest.id).limit(MOST_AT_ONCE)).scalars().all()
    for ref in refs:
        taken += _send(session, gateways, ref, now)
    return taken


def _send(session: AnySession, gateways: Gateways, ref: str, now: datetime) -> int:
    with writing(session) as tx:
        begun = _begin(tx, gateways, ref, now)
    if begun is None:
        return 0
    fault = _fault_of(*begun)
    with writing(session) as tx:
        values = {"fault": fault} if fault else {"taken_at": now}
        # Where a report was faster than the answer to the call, the gateway has it, and since then.
        tx.execute(update(SmsTest).where(SmsTest.ref == ref, SmsTest.taken_at.is_(None)).values(**values))
    return 0 if fault else 1


def _begin(tx: Session, gateways: Gateways, ref: str, now: datetime) -> tuple[SmsGateway, TextToSend] | None:
    """Claim a text; None: somebody else has it, or it goes nowhere, which is written down instead of an attempt."""
    own = update(SmsTest).where(SmsTest.ref == ref)
    claim = own.where(*WAITS).values(attempt_started_at=now)
    row = tx.execute(claim.returning(SmsTest.gateway, SmsTest.line_id)).first()
    if row is None:
        return None
    gateway, line = gateways.find(row.gateway), _tested_line(tx, row.line_id)
    number, why_not = _number_of(tx, line), _why_not(line)
    if gateway is not None and number is not None and why_not is None:
        return gateway, TextToSend(ref=ref, number=number, body=TRIAL, expires_at=now + TEST_DIES_AFTER)
    fault = why_not or (NO_SETTINGS if gateway is None else NO_NUMBER)
    tx.execute(own.values(attempt_started_at=None, fault=fault))
    return None


def _tested_line(tx: Session, line_id: int) -> Row[*tuple[Any, ...]]:
    columns = PhoneLine.ref, PhoneLine.number, PhoneLine.denied_at, PhoneLine.opted_out_at
    return tx.execute(select(*columns).where(PhoneLine.id == line_id)).one()


def _why_not(line: Row[*tuple[Any, ...]]) -> str | None:
    """Why a number gets no text, not even a test; asked again before it goes: NGUNG may have come meanwhile."""
    if line.denied_at is not None:
        return DENIED
    return STOPPED if line.opted_out_at is not None else None


def _number_of(tx: Session, line: Row[*tuple[Any, ...]]) -> str | None:
    try:
        return open_line_number(vault_of(tx), line.ref, line.number)
    except CannotOpen:
        return None


def _fault_of(gateway: SmsGateway, text: TextToSend) -> str | None:
    """Why a gateway did not take a text, as a code; None: it did."""
    try:
        gateway.send(text)
    except SmsRejected as rejection:
        return _word_of(rejection)
    except SmsMisconfigured as wrong:
        return wrong.fault.value
    except SmsOutcomeUnknown:
        return UNANSWERED
    return None


def _word_of(rejection: SmsRejected) -> str:
    if not rejection.permanent:
        return AWAY
    return REFUSED_AS_OURS if rejection.reason is FailureReason.OURS else REFUSED


def note_report(tx: Session, ref: str, state: MessageState, now: datetime) -> None:
    """A gateway's word on a test text: the first final one stands, and it had taken the text, whatever its answer
    to the call had been."""
    own = SmsTest.ref == ref
    gateway = tx.execute(select(SmsTest.gateway).where(own)).scalar()
    if gateway is None:
        return
    if state is not MessageState.FAILED:
        note_reaches(tx, gateway)
    taken = func.coalesce(SmsTest.taken_at, literal(now, SmsTest.taken_at.type))
    tx.execute(update(SmsTest).where(own).values(taken_at=taken, fault=None))
    if state in (MessageState.DELIVERED, MessageState.FAILED):
        first = update(SmsTest).where(own, SmsTest.reported.is_(None))
        tx.execute(first.values(reported=state.value, reported_at=now))


class Reply(NamedTuple):
    """A text that came in. `written_at`: when it was, where the gateway tells; else when it came."""

    line_id: int
    gateway: str
    written_at: datetime
    received_at: datetime


# Built once: it is asked of all texts that come in, together. Of a day there are few tests, mostly none.
_tests = SmsTest.__table__.c
FIND_SENT = (
    select(_tests.id, _tests.line_id, _tests.gateway, _tests.attempt_started_at)
    .where(
        _tests.attempt_started_at > bindparam("since"),
        or_(_tests.fault.is_(None), _tests.fault == UNANSWERED),
        _tests.replied_at.is_(None),
    )
    .order_by(_tests.id)
)


def note_replies(tx: Session, replies: Sequence[Reply]) -> None:
    """Texts came in, at least one: where a test had gone to the number within the day before it was written, its way
    back is there, too. A text that came by another gateway says nothing of this one."""
    sent = tx.connection().execute(FIND_SENT, {"since": min(one.written_at for one in replies) - REPLY_WITHIN})
    newest = {}
    for test in sent:
        came = next((one.received_at for one in replies if _answers(one, test)), None)
        if came is not None:
            newest[test.line_id, test.gateway] = (test.id, came)
    for test_id, came in newest.values():
        tx.execute(update(SmsTest).where(SmsTest.id == test_id).values(replied_at=came))


def _answers(reply: Reply, test: Row[*tuple[Any, ...]]) -> bool:
    after = reply.written_at - test.attempt_started_at
    return (reply.line_id, reply.gateway) == (test.line_id, test.gateway) and timedelta() <= after < REPLY_WITHIN
