"""Before the first text a number is confirmed at the desk, with its owner there.

Either a text brings two digits to the phone, which are compared with the screen, or the person rings us once. Nothing
is read out: everybody is warned of swindlers who ask for codes. It is good for a time (domain/number_confirmation.py),
and ends at once where a number fails or is somebody else's: then nothing but these digits goes out.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, vault_of, writing
from counseling.domain.number_confirmation import is_due
from counseling.domain.refusal import Refusal
from counseling.domain.unsent import Unsent
from counseling.models.patients import PhoneNumber
from counseling.models.texts import OutboundMessage, PhoneLine
from counseling.queries.reachable import MOST_PERMANENT_FAILURES, UNREACHED_AFTER
from counseling.queries.wordings import wordings_of
from counseling.services.either_file import HeldFile, hold_file, note_done
from counseling.services.first_texts import say_how_to_stop
from counseling.services.outbox import NewMessage, enqueue
from counseling.services.phone_lines import ensure_line
from counseling.services.text_cancelling import cancel_texts_to_number
from counseling.services.treatment_files import By
from counseling.sms.wording import text_of
from counseling.treatment_rows import open_phone

WORDING = "number"
MOST_A_DAY = 3  # of one line, whoever asks: a number that is typed wrong belongs to a stranger
GOOD_FOR = timedelta(minutes=30)  # the person stands at the desk


@dataclass(frozen=True)
class Numbered:
    """One number of one file, as an address names it."""

    patient_id: int
    side: str
    phone_ref: str


def send_digits(
    session: AnySession, phone: Numbered, *, by: By, request_key: str, today: date, now: datetime, zone: ZoneInfo
) -> None:
    """Send two digits to this number, to be compared with the page. The same `request_key` again sends nothing more.

    What is still good stays so until the comparison; a number that fails is not, from now on.
    Raises Refusal: phone_unknown, phone_is_confirmed, enough_digits_today.
    """
    vault, digits = vault_of(session), f"{secrets.randbelow(100):02d}"
    with writing(session) as tx:
        file, row = hold_file(tx, phone.patient_id, phone.side), _lock_phone(tx, phone)
        if _is_asked(tx, request_key):
            return
        line_id = ensure_line(tx, vault, open_phone(vault, row.ref, row.number))
        fails = _fails(tx, line_id)
        if not fails and not _is_open(tx, row, now):
            raise Refusal("phone_is_confirmed")
        if fails and row.confirmed_at is not None:
            _change(tx, row.id, confirmed_at=None, confirmed_by_id=None)
        _look_at_line(tx, line_id)
        _ensure_not_too_often(tx, line_id, datetime.combine(today, time.min, zone))
        enqueue(tx, _message(tx, file, line_id, digits, request_key, now), now)
        _change(tx, row.id, line_id=line_id, check_digits=digits, asked_at=now)
        note_done(tx, file, by, "phone_asked", {"phone": row.id}, now)


def confirm_by_digits(session: AnySession, phone: Numbered, digits: str, *, by: By, now: datetime) -> None:
    """The two who stand at the desk have seen the same digits on the phone and on the page.

    `digits` are those of the page: with newer ones sent meanwhile nothing was compared.
    Raises Refusal: phone_unknown, digits_are_older.
    """
    with writing(session) as tx:
        file, row = hold_file(tx, phone.patient_id, phone.side), _lock_phone(tx, phone)
        if _is_open(tx, row, now):
            if row.check_digits is None or row.check_digits != digits:
                raise Refusal("digits_are_older")
            _confirm(tx, file, row, row.line_id, "digits", by, now)


def confirm_by_call(session: AnySession, phone: Numbered, *, by: By, now: datetime) -> None:
    """The person has rung the site's number once from this phone. Raises Refusal: phone_unknown."""
    vault = vault_of(session)
    with writing(session) as tx:
        file, row = hold_file(tx, phone.patient_id, phone.side), _lock_phone(tx, phone)
        if _is_open(tx, row, now):
            line_id = ensure_line(tx, vault, open_phone(vault, row.ref, row.number))
            _confirm(tx, file, row, line_id, "missed_call", by, now)
            say_how_to_stop(tx, file, now)


def note_readers(
    session: AnySession, phone: Numbered, *, is_shared: bool, calls_only: bool, by: By, now: datetime
) -> None:
    """Whether somebody else reads this phone, and whether it is only to be called. Raises Refusal: phone_unknown."""
    with writing(session) as tx:
        file, row = hold_file(tx, phone.patient_id, phone.side), _lock_phone(tx, phone)
        if (row.is_shared, row.calls_only) == (is_shared, calls_only):
            return
        _change(tx, row.id, is_shared=is_shared, calls_only=calls_only)
        if row.calls_only:
            say_how_to_stop(tx, file, now)
        details = {"phone": row.id, "is_shared": is_shared, "calls_only": calls_only}
        note_done(tx, file, by, "phone_readers_noted", details, now)


def note_wrong(session: AnySession, phone: Numbered, *, by: By, now: datetime) -> None:
    """Somebody else answers at this number, as the desk has learnt: nothing more goes there about this file.

    The number stays in the file, to be compared anew or taken off. Raises Refusal: phone_unknown.
    """
    with writing(session) as tx:
        file, row = hold_file(tx, phone.patient_id, phone.side), _lock_phone(tx, phone)
        if row.wrong_at is not None:
            return
        if row.line_id is not None:
            cancel_texts_to_number(tx, phone.patient_id, phone.side, row.line_id, now, Unsent.NUMBER_WRONG)
        nothing = dict.fromkeys(("confirmed_at", "confirmed_by_id", "compared_at", "check_digits"))
        _change(tx, row.id, wrong_at=now, **nothing)
        note_done(tx, file, by, "phone_wrong", {"phone": row.id}, now)


def _is_open(tx: Session, row: Row[*tuple[Any, ...]], now: datetime) -> bool:
    """Whether there is something to confirm: what is good and works stays as it is."""
    if is_due(row.confirmed_at, now):
        return True
    if row.line_id is None:
        return False
    unreached = select(PhoneLine.temporary_failures).where(PhoneLine.id == row.line_id)
    return _fails(tx, row.line_id) or tx.execute(unreached).scalar_one() >= UNREACHED_AFTER


def _fails(tx: Session, line_id: int) -> bool:
    failures = select(PhoneLine.permanent_failures).where(PhoneLine.id == line_id)
    return tx.execute(failures).scalar_one() >= MOST_PERMANENT_FAILURES


def _lock_phone(tx: Session, phone: Numbered) -> Row[*tuple[Any, ...]]:
    own = PhoneNumber.patient_id == phone.patient_id, PhoneNumber.side == phone.side
    query = select(*PhoneNumber.__table__.columns).where(
        *own, PhoneNumber.ref == phone.phone_ref, PhoneNumber.removed_at.is_(None)
    )
    row = tx.execute(query.with_for_update()).first()
    if row is None:
        raise Refusal("phone_unknown")
    return row


def _is_asked(tx: Session, request_key: str) -> bool:
    first = select(OutboundMessage.id).where(OutboundMessage.request_key == request_key)
    return tx.execute(first).first() is not None


def _look_at_line(tx: Session, line_id: int) -> None:
    """Somebody of ours looks at this number, so what failed on it before is over. Locks it: two desks, one number."""
    tx.execute(update(PhoneLine).where(PhoneLine.id == line_id).values(permanent_failures=0))


def _ensure_not_too_often(tx: Session, line_id: int, since: datetime) -> None:
    asked = select(func.count(OutboundMessage.id)).where(
        OutboundMessage.line_id == line_id, OutboundMessage.wording == WORDING, OutboundMessage.queued_at >= since
    )
    if tx.execute(asked).scalar_one() >= MOST_A_DAY:
        raise Refusal("enough_digits_today", most=MOST_A_DAY)


def _message(tx: Session, file: HeldFile, line_id: int, digits: str, request_key: str, now: datetime) -> NewMessage:
    return NewMessage(
        line_id=line_id,
        side=file.side,
        site_id=file.site_id,
        wording=WORDING,
        body=text_of(WORDING, wordings_of(tx, [file.site_id])[file.site_id], digits=digits),
        is_automatic=True,  # nobody has typed it; as one of sms/wording.ANSWERS it waits for no hour and no cap
        expires_at=now + GOOD_FOR,
        patient_id=file.patient_id,
        request_key=request_key,
    )


def _confirm(
    tx: Session, file: HeldFile, row: Row[*tuple[Any, ...]], line_id: int, how: str, by: By, now: datetime
) -> None:
    confirmed = {"line_id": line_id, "check_digits": None, "confirmed_at": now, "confirmed_by_id": by.staff_id}
    seen = {"compared_at": now} if how == "digits" else {}
    _change(tx, row.id, **confirmed, **seen, wrong_at=None)
    _look_at_line(tx, line_id)
    tx.execute(update(PhoneLine).where(PhoneLine.id == line_id).values(temporary_failures=0))
    note_done(tx, file, by, "phone_confirmed", {"phone": row.id, "how": how}, now)


def _change(tx: Session, phone_id: int, **values: object) -> None:
    tx.execute(update(PhoneNumber).where(PhoneNumber.id == phone_id).values(**values))
