"""Agreement to be texted about one file: given and taken back at the desk; a number stopped or started by a text.

The two are apart on purpose. Who has texted NGUNG gets nothing from that moment on, whatever they had agreed to; their
agreement stays on record. Who takes the agreement back at the desk may be texted only after giving it anew.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, insert, select, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.domain.text_purposes import HOWS, PURPOSE_OF, PURPOSES
from counseling.domain.unsent import Unsent
from counseling.models.patients import PhoneNumber, SupportFile, TreatmentFile
from counseling.models.text_keeping import SmsConsentPurpose
from counseling.models.texts import PhoneLine, SmsConsent
from counseling.queries.agreements import list_purposes
from counseling.services import audit
from counseling.services.either_file import HeldFile, hold_file, note_done
from counseling.services.first_texts import say_how_to_stop
from counseling.services.text_cancelling import cancel_texts_of_file, cancel_texts_of_kinds, cancel_texts_of_line
from counseling.services.treatment_files import By
from counseling.treatment_rows import SUPPORT, TREATMENT

BY_TEXT = "rule:texted"
# How a text may address somebody: without marks, and short enough that it stays one segment.
PRONOUNS = ("anh/chi", "anh", "chi", "co", "chu", "bac", "em", "ban")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How somebody was asked: which words, in which language, how; to which purposes they said yes, each for itself.

    `purposes` of the other side count for nothing here. `pronoun`: how texts shall address them.
    """

    version: str
    language: str
    purposes: frozenset[str]
    how: str = HOWS[0]
    pronoun: str = PRONOUNS[0]


def give_consent(
    session: AnySession, patient_id: int, side: str, asked: Asked, *, by: By, request_key: str, now: datetime
) -> None:
    """Somebody agrees to be texted about this file. Who has agreed already stays with the first words.

    Raises Refusal: no_purpose, consent_key_used (the same key with another person's page).
    """
    with writing(session) as tx:
        file = hold_file(tx, patient_id, side)
        if _is_given(tx, patient_id, side, request_key) or find_consent(tx, patient_id, side) is not None:
            return
        consent_id = _add_consent(tx, file, asked, by, request_key, now)
        details = {"consent": consent_id, "version": asked.version, "purposes": _of_side(asked, side)}
        say_how_to_stop(tx, file, now)
        note_done(tx, file, by, "texts_agreed", details, now)


def choose_purposes(
    session: AnySession, patient_id: int, side: str, asked: Asked, *, by: By, request_key: str, now: datetime
) -> None:
    """Somebody who has agreed chooses anew what for: the earlier agreement ends, another one stands in its place.

    What waits for a purpose that is left out is cancelled. Asked and answered as before: nothing changes.
    Raises Refusal: not_agreed, no_purpose, consent_key_used.
    """
    with writing(session) as tx:
        file = hold_file(tx, patient_id, side)
        if _is_given(tx, patient_id, side, request_key):
            return
        standing = find_consent(tx, patient_id, side)
        if standing is None:
            raise Refusal("not_agreed")
        before, wanted = list_purposes(tx, standing), _of_side(asked, side)
        row = SmsConsent.version, SmsConsent.language, SmsConsent.asked_how, SmsConsent.pronoun
        as_before = tx.execute(select(*row).where(SmsConsent.id == standing)).one()
        if before == wanted and tuple(as_before) == (asked.version, asked.language, asked.how, asked.pronoun):
            return
        _end_consent(tx, standing, by, now)
        consent_id = _add_consent(tx, file, asked, by, request_key, now)
        cancel_texts_of_kinds(tx, patient_id, side, _kinds_of(set(before) - set(wanted)), Unsent.CONSENT_WITHDRAWN, now)
        details = {"consent": consent_id, "instead_of": standing, "version": asked.version, "purposes": wanted}
        note_done(tx, file, by, "texts_chosen_anew", details, now)


def withdraw_consent(session: AnySession, patient_id: int, side: str, *, by: By, now: datetime) -> None:
    """Somebody takes it back at the desk: at once, with everything that waits. Who has not agreed stays as they are."""
    with writing(session) as tx:
        file = hold_file(tx, patient_id, side)
        standing = find_consent(tx, patient_id, side)
        if standing is None:
            return
        _end_consent(tx, standing, by, now)
        cancel_texts_of_file(tx, patient_id, side, Unsent.CONSENT_WITHDRAWN, now)
        note_done(tx, file, by, "texts_withdrawn", {"consent": standing}, now)


def stop_texts_of_line(tx: Session, line_id: int, now: datetime) -> bool:
    """Somebody texts from this number that they want no more: number-wide, on both sides, within this transaction.

    What waits for the number is cancelled; queue the confirmation afterwards. False: it was stopped before.
    """
    stopped = update(PhoneLine).where(PhoneLine.id == line_id, PhoneLine.opted_out_at.is_(None))
    if tx.execute(stopped.values(opted_out_at=now).returning(PhoneLine.id)).first() is None:
        return False
    cancel_texts_of_line(tx, line_id, Unsent.OPTED_OUT, now)
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


def _of_side(asked: Asked, side: str) -> list[str]:
    wanted = sorted(asked.purposes.intersection(PURPOSES[side]))
    if not wanted:
        raise Refusal("no_purpose")
    return wanted


def _kinds_of(purposes: Collection[str]) -> list[str]:
    return [kind for kind, purpose in PURPOSE_OF.items() if purpose in purposes]


def _add_consent(tx: Session, file: HeldFile, asked: Asked, by: By, request_key: str, now: datetime) -> int:
    purposes = _of_side(asked, file.side)
    row = insert(SmsConsent).values(
        patient_id=file.patient_id,
        side=file.side,
        version=asked.version,
        language=asked.language,
        asked_how=asked.how,
        pronoun=asked.pronoun,
        given_at=now,
        asked_by_id=by.staff_id,
        request_key=request_key,
    )
    consent_id: int = tx.execute(row.returning(SmsConsent.id)).scalar_one()
    tx.execute(insert(SmsConsentPurpose), [{"consent_id": consent_id, "purpose": purpose} for purpose in purposes])
    return consent_id


def _end_consent(tx: Session, consent_id: int, by: By, now: datetime) -> None:
    ended = {"withdrawn_at": now, "withdrawn_how": "desk", "withdrawn_by_id": by.staff_id}
    tx.execute(update(SmsConsent).where(SmsConsent.id == consent_id).values(**ended))


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
