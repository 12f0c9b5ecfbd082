"""Cards that find a file at the window. Several per person; a lost one is revoked, never deleted."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from counseling.database import AnySession, vault_of, writing
from counseling.domain.card_codes import new_card_code
from counseling.domain.refusal import Refusal
from counseling.models.patients import Card
from counseling.refs import new_request_key
from counseling.services.treatment_files import By, lock_file, note_change
from counseling.treatment_rows import TREATMENT, token_kind

REVOKE_REASONS = ("lost", "damaged", "returned", "misused")
REF_LENGTH = 16


def issue_card(session: AnySession, patient_id: int, *, by: By, request_key: str, now: datetime) -> str:
    """Issue a card and return its `ref`; a repeated `request_key` returns the first card's."""
    # The key is random and new with each page, so its beginning serves as the card's own reference.
    vault, ref, code = vault_of(session), request_key[:REF_LENGTH], new_card_code(secrets.token_bytes)
    card = {
        "ref": ref,
        "code": vault.seal("cards.code", ref, code),
        "token": vault.token(token_kind(TREATMENT, "card"), code),
        "key_id": vault.newest_id,
        "issued_at": now,
        "issued_by_id": by.staff_id,
    }
    try:
        with writing(session) as tx:
            file = lock_file(tx, patient_id)
            if _is_issued(tx, patient_id, ref):
                return ref
            card_id = tx.execute(insert(Card).values(patient_id=patient_id, **card).returning(Card.id)).scalar_one()
            note_change(tx, file.station_id, by, "card.issued", patient_id, {"card": card_id}, now)
    except IntegrityError as error:
        if "ref" in str(error.orig):
            raise Refusal("card_key_used") from error  # the same key with another person's page: a forged form
        raise
    return ref


def ensure_card(session: AnySession, patient_id: int, *, by: By, now: datetime) -> None:
    """Issue a card to somebody who has none in use."""
    in_use = select(Card.id).where(Card.patient_id == patient_id, Card.revoked_at.is_(None))
    if session.execute(in_use).first() is None:
        issue_card(session, patient_id, by=by, request_key=new_request_key(), now=now)


def revoke_card(session: AnySession, patient_id: int, card_ref: str, reason: str, *, by: By, now: datetime) -> None:
    """End a card for one of REVOKE_REASONS. One that is revoked already keeps its first reason.

    Raises Refusal: card_reason_unknown, card_unknown.
    """
    if reason not in REVOKE_REASONS:
        raise Refusal("card_reason_unknown")
    with writing(session) as tx:
        file = lock_file(tx, patient_id)
        if not _is_issued(tx, patient_id, card_ref):
            raise Refusal("card_unknown")
        revoked = tx.execute(
            update(Card)
            .where(Card.patient_id == patient_id, Card.ref == card_ref, Card.revoked_at.is_(None))
            .values(revoked_at=now, revoked_by_id=by.staff_id, revoke_reason=reason)
            .returning(Card.id)
        ).first()
        if revoked is not None:
            note_change(
                tx, file.station_id, by, "card.revoked", patient_id, {"card": revoked.id, "reason": reason}, now
            )


def _is_issued(session: AnySession, patient_id: int, ref: str) -> bool:
    return session.execute(select(Card.id).where(Card.patient_id == patient_id, Card.ref == ref)).first() is not None
