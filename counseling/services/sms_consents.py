"""Agreement to be texted about one file: given and taken back at the desk; a number stopped or started by a text.

The two are apart on purpose. Who has texted NGUNG gets nothing from that moment on, whatever they had agreed to; their
agreement stays on record. Who takes the agreement back at the desk may be texted only after giving it anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, insert, select, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.models.patients import PhoneNumber, SupportFile, TreatmentFile
from counseling.models.texts import PhoneLine, SmsConsent
from counseling.services import audit
from counseling.services.either_file import hold_file, note_done
from counseling.services.text_cancelling import cancel_texts_of_file, cancel_texts_of_line
from counseling.services.treatment_files import By
from counseling.treatment_rows import SUPPORT, TREATMENT

BY_TEXT = "rule:texted"
# How a text may address somebody: without marks, and short enough that it stays one segment.
PRONOUNS = ("anh/chi", "anh", "chi", "co", "chu", "bac", "em", "ban")


@dataclass(frozen=True)
class Asked:
    """How somebody was asked: which words were read aloud, in which language, and how texts shall address them."""

    version: str
    language: str
    pronoun: str = PRONOUNS[0]


def give_consent(
    session: AnySession, patient_id: int, side: str, asked: Asked, *, by: By, request_key: str, now: datetime
) -> None:
    """Somebody agrees to be texted about this file. Who has agreed already stays with the first words.

    Raises Refusal: consent_key_used (the same key with another person's page).
    """
    with writing(session) as tx:
        file = hold_file(tx, patient_id, side)
        if _is_given(tx, patient_id, side, request_key) or find_consent(tx, patient_id, side) is not None:
            return
        row = insert(SmsConsent).values(
            patient_id=patient_id,
            side=side,
            version=asked.version,
            language=asked.language,
            pronoun=asked.pronoun,
            given_at=now,
            asked_by_id=by.staff_id,
            request_key=request_key,
        )
        consent_id = tx.execute(row.returning(SmsConsent.id)).scalar_one()
        note_done(tx, file, by, "texts_agreed", {"consent": consent_id, "version": asked.version}, now)


def withdraw_consent(session: AnySession, patient_id: int, side: str, *, by: By, now: datetime) -> None:
    """Somebody takes it back at the desk: at once, with everything that waits. Who has not agreed stays as they are."""
    with writing(session) as tx:
        file = hold_file(tx, patient_id, side)
        standing = find_consent(tx, patient_id, side)
        if standing is None:
            return
        ended = {"withdrawn_at": now, "withdrawn_how": "desk", "withdrawn_by_id": by.staff_id}
        tx.execute(update(SmsConsent).where(SmsConsent.id == standing).values(**ended))
        cancel_texts_of_file(tx, patient_id, side, "consent_withdrawn", now)
        note_done(tx, file, by, "texts_withdrawn", {"consent": standing}, now)


def stop_texts_of_line(tx: Session, line_id: int, now: datetime) -> bool:
    """Somebody texts from this number that they want no more: number-wide, on both sides, within this transaction.

    What waits for the number is cancelled; queue the confirmation afterwards. False: it was stopped before.
    """
    stopped = update(PhoneLine).where(PhoneLine.id == line_id, PhoneLine.opted_out_at.is_(None))
    if tx.execute(stopped.values(opted_out_at=now).returning(PhoneLine.id)).first() is None:
        return False
    cancel_texts_of_line(tx, line_id, "opted_out", now)
    _note_line(tx, line_id, "line.stopped", now)
    return True


def start_texts_of_line(tx: Session, line_id: int, now: datetime) -> bool:
    """Somebody texts that they want them again. What was cancelled stays cancelled. False: it was not stopped."""
    stopped = update(PhoneLine).where(PhoneLine.id == line_id, PhoneLine.opted_out_at.is_not(None))
    if tx.execute(stopped.values(opted_out_at=None).returning(PhoneLine.id)).first() is None:
        return False
    _note_line(tx, line_id, "line.started", now)
    return True


def find_consent(session: AnySession, patient_id: int, side: str) -> int | None:
    """The standing agreement about a file."""
    own = SmsConsent.patient_id == patient_id, SmsConsent.side == side, SmsConsent.withdrawn_at.is_(None)
    return session.execute(select(SmsConsent.id).where(*own)).scalar_one_or_none()


def _is_given(tx: Session, patient_id: int, side: str, request_key: str) -> bool:
    first = select(SmsConsent.patient_id, SmsConsent.side).where(SmsConsent.request_key == request_key)
    row = tx.execute(first).first()
    if row is not None and (row.patient_id, row.side) != (patient_id, side):
        raise Refusal("consent_key_used")
    return row is not None


def _note_line(tx: Session, line_id: int, action: str, now: datetime) -> None:
    """One entry at each site that has this number in a file; the house's chain where none has."""
    treated = _people_of(line_id, TREATMENT).join(TreatmentFile, TreatmentFile.patient_id == PhoneNumber.patient_id)
    supported = _people_of(line_id, SUPPORT).join(SupportFile, SupportFile.patient_id == PhoneNumber.patient_id)
    stations = tx.execute(treated.with_only_columns(TreatmentFile.station_id)).scalars()
    points = tx.execute(supported.with_only_columns(SupportFile.site_id)).scalars()
    chains = {audit.site_chain(site_id) for site_id in (*stations, *points)} or {audit.HOUSE}
    for chain in sorted(chains):
        audit.append(tx, chain, BY_TEXT, action, f"line:{line_id}", {}, now)


def _people_of(line_id: int, side: str) -> Select[int]:
    own = PhoneNumber.line_id == line_id, PhoneNumber.side == side, PhoneNumber.removed_at.is_(None)
    return select(PhoneNumber.patient_id).where(*own)
