"""Test texts: through the channel that is chosen, also one that stands, to a number that nobody sees again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from counseling.database import AnySession, vault_of, writing
from counseling.domain.message_states import MessageState
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

DIES_AFTER = timedelta(minutes=10)
REPLY_WITHIN = timedelta(days=1)
MOST_AT_ONCE = 5
UNANSWERED, REFUSED, AWAY = "unanswered", "refused", "away"


def ask_test(session: AnySession, by: Viewer, gateway: str, number: str, *, request_key: str, now: datetime) -> str:
    """Queue one test text to a number (E.164); gives its reference. The same form again gives the first one's.

    Refuses with line_denied.
    """
    with writing(session) as tx:
        ensure_administrator(tx, by)
        ref, line_id = new_ref(), ensure_line(tx, vault_of(tx), number)
        if tx.execute(select(PhoneLine.denied_at).where(PhoneLine.id == line_id)).scalar() is not None:
            raise Refusal("line_denied")
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
    waiting = select(SmsTest.ref).where(SmsTest.attempt_started_at.is_(None), SmsTest.asked_at > now - DIES_AFTER)
    refs = session.execute(waiting.order_by(SmsTest.id).limit(MOST_AT_ONCE)).scalars().all()
    for ref in refs:
        taken += _send(session, gateways, ref, now)
    return taken


def _send(session: AnySession, gateways: Gateways, ref: str, now: datetime) -> int:
    with writing(session) as tx:
        mine = update(SmsTest).where(SmsTest.ref == ref, SmsTest.attempt_started_at.is_(None))
        row = tx.execute(mine.values(attempt_started_at=now).returning(SmsTest.gateway, SmsTest.line_id)).first()
        number = None if row is None else _number_of(tx, row.line_id)
    gateway = None if row is None else gateways.find(row.gateway)
    if gateway is None or number is None:
        return 0
    fault = _fault_of(gateway, TextToSend(ref=ref, number=number, body=TRIAL, expires_at=now + DIES_AFTER))
    with writing(session) as tx:
        values = {"fault": fault} if fault else {"taken_at": now}
        tx.execute(update(SmsTest).where(SmsTest.ref == ref).values(**values))
    return 0 if fault else 1


def _number_of(tx: Session, line_id: int) -> str | None:
    line = tx.execute(select(PhoneLine.ref, PhoneLine.number).where(PhoneLine.id == line_id)).one()
    try:
        return open_line_number(vault_of(tx), line.ref, line.number)
    except CannotOpen:
        return None


def _fault_of(gateway: SmsGateway, text: TextToSend) -> str | None:
    """Why a gateway did not take a text, as a code; None: it did."""
    try:
        gateway.send(text)
    except SmsRejected as rejection:
        return REFUSED if rejection.permanent else AWAY
    except SmsMisconfigured as wrong:
        return wrong.fault.value
    except SmsOutcomeUnknown:
        return UNANSWERED
    return None


def note_report(tx: Session, ref: str, state: MessageState, now: datetime) -> None:
    """A gateway's word on a test text: the first final one stands, and it had taken the text."""
    own = SmsTest.ref == ref
    gateway = tx.execute(select(SmsTest.gateway).where(own)).scalar()
    if gateway is None:
        return
    if state is not MessageState.FAILED:
        note_reaches(tx, gateway)
    tx.execute(update(SmsTest).where(own, SmsTest.taken_at.is_(None)).values(taken_at=now))
    if state in (MessageState.DELIVERED, MessageState.FAILED):
        first = update(SmsTest).where(own, SmsTest.reported.is_(None))
        tx.execute(first.values(reported=state.value, reported_at=now))


# Built once: it is asked of all texts that come in, together. Of a day there are few tests, mostly none.
_tests = SmsTest.__table__.c
FIND_ASKED = (
    select(_tests.id, _tests.line_id, _tests.asked_at)
    .where(_tests.asked_at > bindparam("since"), _tests.replied_at.is_(None))
    .order_by(_tests.id)
)


def note_replies(tx: Session, came: Mapping[int, datetime]) -> None:
    """Texts came in from these lines at these times: where a test went to one within the day before, its way back is
    there, too."""
    asked = tx.connection().execute(FIND_ASKED, {"since": min(came.values()) - REPLY_WITHIN})
    newest = {
        test.line_id: test.id
        for test in asked
        if test.line_id in came and test.asked_at > came[test.line_id] - REPLY_WITHIN
    }
    for line_id, test_id in newest.items():
        tx.execute(update(SmsTest).where(SmsTest.id == test_id).values(replied_at=came[line_id]))
