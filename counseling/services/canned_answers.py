"""Ready-made answers of a site: neutral, guarded like anything that is typed, chosen with one tap."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.domain.shipped_answers import SHIPPED_ANSWERS
from counseling.domain.wording_guard import forbidden_phrase
from counseling.models.duty import CannedAnswer
from counseling.models.places import Site
from counseling.queries.wordings import list_place_names_around
from counseling.services import audit
from counseling.services.treatment_files import By
from counseling.sms.segments import segments_of

MOST_ANSWERS = 12
MOST_SEGMENTS = 2


def add_canned_answer(
    session: AnySession, side: str, site_id: int, body: str, *, by: By, request_key: str, now: datetime
) -> None:
    """Keep one answer beside those that are there, the shipped ones too; the same `request_key` again changes nothing.

    Raises Refusal: answer_empty, answer_too_long (segments, most), wording_says (phrase), canned_exists,
    too_many_canned (most), answer_key_used.
    """
    text = " ".join(unicodedata.normalize("NFC", body).split())
    _ensure_neutral(session, site_id, text)
    with writing(session) as tx:
        _begin(tx, side, site_id, by, now)
        if _is_kept(tx, side, site_id, request_key):
            return
        own = (CannedAnswer.site_id == site_id) & (CannedAnswer.side == side) & CannedAnswer.removed_at.is_(None)
        kept = list(tx.execute(select(CannedAnswer.body).where(own)).scalars())
        if text in kept:
            raise Refusal("canned_exists")
        if len(kept) >= MOST_ANSWERS:
            raise Refusal("too_many_canned", most=MOST_ANSWERS)
        try:
            _keep(tx, side, site_id, text, request_key, by, now)
        except IntegrityError:  # the same key from another site at this moment
            raise Refusal("answer_key_used") from None


def remove_canned_answer(
    session: AnySession, side: str, site_id: int, answer_id: int, *, by: By, now: datetime
) -> bool:
    """Offer an answer no longer; False when it was removed before. Ids below zero are the shipped ones.

    Raises Refusal: no_such_answer.
    """
    which = CannedAnswer.id == answer_id
    if answer_id < 0:
        which = CannedAnswer.request_key == _shipped_key(side, site_id, -answer_id)
    own = which, CannedAnswer.site_id == site_id, CannedAnswer.side == side
    with writing(session) as tx:
        _begin(tx, side, site_id, by, now)
        removed = update(CannedAnswer).where(*own, CannedAnswer.removed_at.is_(None))
        values = removed.values(removed_at=now, removed_by_id=by.staff_id)
        removed_id = tx.execute(values.returning(CannedAnswer.id)).scalar()
        if removed_id is None:
            if tx.execute(select(CannedAnswer.id).where(*own)).first() is None:
                raise Refusal("no_such_answer")
            return False
        details = {"answer": removed_id}
        audit.append(tx, audit.site_chain(site_id), by.actor, "canned.removed", f"site:{site_id}", details, now)
    return True


def _begin(tx: Session, side: str, site_id: int, by: By, now: datetime) -> None:
    """A site's first change: from now on the shipped answers are its own. One change at a time."""
    tx.execute(select(Site.id).where(Site.id == site_id).with_for_update())
    own = CannedAnswer.site_id == site_id, CannedAnswer.side == side
    if tx.execute(select(CannedAnswer.id).where(*own).limit(1)).first() is None:
        for number, body in enumerate(SHIPPED_ANSWERS, 1):
            _keep(tx, side, site_id, body, _shipped_key(side, site_id, number), by, now)


def _keep(tx: Session, side: str, site_id: int, body: str, request_key: str, by: By, now: datetime) -> None:
    values = {"site_id": site_id, "side": side, "body": body, "set_by_id": by.staff_id, "set_at": now}
    row = insert(CannedAnswer).values(**values, request_key=request_key).returning(CannedAnswer.id)
    details = {"answer": tx.execute(row).scalar_one()}
    audit.append(tx, audit.site_chain(site_id), by.actor, "canned.added", f"site:{site_id}", details, now)


def _shipped_key(side: str, site_id: int, number: int) -> str:
    return f"shipped:{side}:{site_id}:{number}"


def _ensure_neutral(session: AnySession, site_id: int, text: str) -> None:
    if not text:
        raise Refusal("answer_empty")
    segments = segments_of(text)
    if segments > MOST_SEGMENTS:
        raise Refusal("answer_too_long", segments=segments, most=MOST_SEGMENTS)
    phrase = forbidden_phrase(text, list_place_names_around(session, site_id))
    if phrase is not None:
        raise Refusal("wording_says", phrase=phrase)


def _is_kept(tx: Session, side: str, site_id: int, request_key: str) -> bool:
    query = select(CannedAnswer.side, CannedAnswer.site_id).where(CannedAnswer.request_key == request_key)
    row = tx.execute(query).first()
    if row is not None and tuple(row) != (side, site_id):
        raise Refusal("answer_key_used")
    return row is not None
