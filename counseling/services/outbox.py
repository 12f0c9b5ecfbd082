"""The queue of texts: a row first and an SMS second. Whoever queues decides what; services/sending.py whether still."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from counseling.database import vault_of
from counseling.domain.message_states import MessageState
from counseling.models.texts import OutboundMessage
from counseling.refs import new_ref
from counseling.sms.segments import segments_of


@dataclass(frozen=True, kw_only=True)
class NewMessage:
    """`side` and `site_id` own the text; nobody of the other side reads it. `patient_id` None: nobody we know.

    `is_automatic` is false for what a person of ours has typed. `send_after` None: now.
    """

    line_id: int
    side: str
    site_id: int
    wording: str  # a key of sms/wording.py, or "typed"
    body: str = field(repr=False)
    is_automatic: bool
    expires_at: datetime
    send_after: datetime | None = None
    patient_id: int | None = None
    reminder_id: int | None = None
    question: str | None = None
    question_until: datetime | None = None
    written_by_id: int | None = None
    request_key: str | None = None
    answer_hour: str | None = None


def enqueue(tx: Session, message: NewMessage, now: datetime) -> int | None:
    """Queue one text inside the caller's transaction and give its id.

    None: its reminder, its form, or another answer to this number within the hour was there before. Appends nothing to
    the audit: whoever queues says what happened, and the sender says what became of it.
    """
    dialect = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
    ref = new_ref()
    values = {
        "ref": ref,
        "reminder_id": message.reminder_id,
        "patient_id": message.patient_id,
        "side": message.side,
        "site_id": message.site_id,
        "line_id": message.line_id,
        "wording": message.wording,
        "body": vault_of(tx).seal("outbound_messages.body", ref, message.body),
        "is_automatic": message.is_automatic,
        "state": MessageState.QUEUED.value,
        "queued_at": now,
        "send_after": message.send_after or now,
        "expires_at": message.expires_at,
        "attempts": 0,
        "segments": segments_of(message.body),
        "answer_hour": message.answer_hour,
        "question": message.question,
        "question_until": message.question_until,
        "written_by_id": message.written_by_id,
        "request_key": message.request_key,
    }
    # Without a name: each of the three unique keys means that this text was queued before.
    statement = dialect.insert(OutboundMessage).values(**values).on_conflict_do_nothing()
    return tx.execute(statement.returning(OutboundMessage.id)).scalar_one_or_none()
