"""The same form once more, by a slow line or by the way back: what it has made stands, unless it tells of more danger.

The first answer that was tapped holds. A sign of danger that was ticked meanwhile is no repeat: it puts what the form
says now in the place of what it said before, under a key of its own, so that this comes once as well.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from counseling.domain.contacts import WITHDRAWN
from counseling.domain.phone_entries import key_of
from counseling.domain.refusal import Refusal
from counseling.models.contacts import OutreachContact
from counseling.queries.contacts import COUNTS
from counseling.services.contact_details import danger_text, signs_of

_ENTRIES = select(OutreachContact.id, OutreachContact.ref, OutreachContact.outcome)


def find_recorded(tx: Session, patient_id: int, request_key: str) -> Row[*tuple[Any, ...]] | None:
    """The entry that this form has made about this person."""
    own = OutreachContact.request_key == request_key, OutreachContact.patient_id == patient_id
    return tx.execute(_ENTRIES.where(*own)).first()


def find_repeat(tx: Session, patient_id: int, request_key: str, signs: Collection[str]) -> tuple[str | None, str]:
    """The reference of what this form has made already, signs and all; else None. And the key for what is to be made.

    Another key than the form's own: it has made an entry, which tells of less.
    """
    while (found := find_recorded(tx, patient_id, request_key)) is not None:
        if set(signs) <= set(signs_of(tx, found.id)):
            return str(found.ref), request_key
        request_key = key_of(f"{request_key} {danger_text(signs)}", 1)
    return None, request_key


def ensure_counts(tx: Session, ref: str) -> str:
    """What is sent again holds only while its word does; refuses entry_replaced."""
    if tx.execute(select(OutreachContact.id).where(OutreachContact.ref == ref, COUNTS)).first() is None:
        raise Refusal("entry_replaced")
    return ref


def last_word(tx: Session, patient_id: int, request_key: str) -> str | None:
    """What stands in the place of this form's entry by now; None where it was taken back."""
    last = find_recorded(tx, patient_id, request_key)
    while last is not None:
        later = tx.execute(_ENTRIES.where(OutreachContact.corrects_id == last.id)).first()
        if later is None:
            return None if last.outcome == WITHDRAWN else str(last.ref)
        last = later
    return None
