"""The memory of the simulator: what it has taken, and which of the demo's phones are switched off.

It is a provider that happens to live in our database, so it takes a text in a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from counseling.database import AnySession, vault_of, writing
from counseling.domain.message_states import FailureReason, MessageState
from counseling.models.texts import DeliveryReceipt, OutboundMessage, SimulatedPhone, SimulatedText
from counseling.services.phone_lines import find_line
from counseling.services.receipts import note_receipt
from counseling.sms.gateway import SmsRejected, TextToSend

DIED = select(DeliveryReceipt.id).where(
    DeliveryReceipt.message_id == OutboundMessage.id, DeliveryReceipt.reported == MessageState.FAILED.value
)
WAITING = (
    select(SimulatedText.message_ref, func.coalesce(SimulatedText.dies_at, OutboundMessage.expires_at))
    .join(OutboundMessage, OutboundMessage.ref == SimulatedText.message_ref)
    .where(SimulatedText.line_id == bindparam("of_line"), SimulatedText.shown_at.is_(None), ~DIED.exists())
    .order_by(SimulatedText.id)
    .limit(1)
)


class SimulatedPhones:
    """What `sms.simulator.Simulator` asks for. `clock`: utc_now, or the moment of a `tick --now`."""

    def __init__(self, open_session: Callable[[], Session], clock: Callable[[], datetime]) -> None:
        self._open_session = open_session
        self._clock = clock

    def take(self, message: TextToSend) -> bool:
        """Keep one text; where the phone is on it is shown, and its receipt goes out with it.

        False for a reference that it has already. Raises SmsRejected for a number that nobody has.
        """
        with self._open_session() as session, writing(session) as tx:
            return _take(tx, message, self._clock())

    def has(self, message_ref: str) -> bool:
        with self._open_session() as session:
            found = select(SimulatedText.id).where(SimulatedText.message_ref == message_ref)
            return session.execute(found).first() is not None


def switch_phone(session: AnySession, line_id: int, *, is_off: bool, now: datetime) -> None:
    """Switch a phone off or on; one that comes back shows what waited for it, except what has died meanwhile."""
    _set_phone(session, line_id, is_off=is_off)
    while not is_off and _show_next(session, line_id, now):
        pass


def hand_phone(session: AnySession, line_id: int, *, held_by_other: bool) -> None:
    """Put a phone into somebody else's hands, or back."""
    _set_phone(session, line_id, held_by_other=held_by_other)


def _take(tx: Session, message: TextToSend, now: datetime) -> bool:
    vault = vault_of(tx)
    line_id = find_line(tx, vault, message.number)
    if line_id is None:
        raise SmsRejected(FailureReason.PERMANENT, permanent=True)
    # Locked, so that a phone that is being switched on at this moment finds the text that waits for it.
    phone = select(SimulatedPhone.is_off).where(SimulatedPhone.line_id == line_id).with_for_update()
    is_off = tx.execute(phone).scalar() or False
    values = {
        "message_ref": message.ref,
        "line_id": line_id,
        "body": vault.seal("simulated_texts.body", message.ref, message.body),
        "taken_at": now,
        "shown_at": None if is_off else now,
        "dies_at": message.expires_at,
    }
    kept = _dialect(tx).insert(SimulatedText).values(**values).on_conflict_do_nothing(index_elements=["message_ref"])
    if tx.execute(kept.returning(SimulatedText.id)).first() is None:
        return False
    if not is_off:
        _report(tx, message.ref, MessageState.DELIVERED, None, now)
    return True


def _show_next(session: AnySession, line_id: int, now: datetime) -> bool:
    """Deal with the oldest text that waits for this phone; False when none does."""
    with writing(session) as tx:
        found = tx.execute(WAITING, {"of_line": line_id}).first()
        if found is None:
            return False
        ref, dies_at = found
        if dies_at <= now:
            _report(tx, ref, MessageState.FAILED, FailureReason.TEMPORARY, now)
            return True
        tx.execute(update(SimulatedText).where(SimulatedText.message_ref == ref).values(shown_at=now))
        _report(tx, ref, MessageState.DELIVERED, None, now)
        return True


def _report(tx: Session, ref: str, state: MessageState, reason: FailureReason | None, now: datetime) -> None:
    note_receipt(tx, f"simulator:{ref}:{state.value}", ref, state.value, reason.value if reason else None, now)


def _set_phone(session: AnySession, line_id: int, **columns: bool) -> None:
    with writing(session) as tx:
        row = {"line_id": line_id, "is_off": False, "held_by_other": False, **columns}
        phone = _dialect(tx).insert(SimulatedPhone).values(**row)
        tx.execute(phone.on_conflict_do_update(index_elements=["line_id"], set_=columns))


def _dialect(tx: Session) -> Any:
    return postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
