"""What staff do in the inbox: answer somebody in their own words, or say that a text needs nothing more."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, vault_of, writing
from counseling.domain.refusal import Refusal
from counseling.domain.wording_guard import forbidden_phrase
from counseling.models.patients import TreatmentFile
from counseling.models.texts import InboundMessage, OutboundMessage, PhoneLine
from counseling.queries.reachable import MOST_PERMANENT_FAILURES
from counseling.queries.wordings import list_place_names_around
from counseling.services import audit
from counseling.services.crises import take_on_conversation
from counseling.services.inbound_answers import is_phone
from counseling.services.inbound_senders import files_with
from counseling.services.outbox import NewMessage, enqueue
from counseling.services.phone_lines import open_line_number
from counseling.services.sms_consents import stop_texts_of_line
from counseling.services.treatment_files import By
from counseling.sms.segments import segments_of
from counseling.treatment_rows import TREATMENT, open_text

TYPED = "typed"
MOST_SEGMENTS = 4  # each is paid; 612 letters without marks, 268 with
DIES_AFTER = timedelta(hours=12)  # words that were typed this morning are not for tomorrow


def answer_text(session: AnySession, inbound_id: int, body: str, *, by: By, request_key: str, now: datetime) -> None:
    """Queue what somebody of ours has typed to whoever sent this text, and take the texts up to it as handled.

    A repeated `request_key` sends nothing again. The caller has checked that the text stands within the person's scope.
    Raises Refusal: wording_says (phrase), wording_names, answer_empty, answer_too_long (segments, most), line_stopped,
    line_fails, not_a_phone, answer_key_used.
    """
    text = unicodedata.normalize("NFC", body).strip()
    asked = _find_text(session, inbound_id)
    _ensure_may_be_said(session, asked, text)
    with writing(session) as tx:
        if _is_sent(tx, asked, request_key):
            return
        _ensure_reachable(tx, asked.line_id)
        message = NewMessage(
            line_id=asked.line_id,
            side=asked.side,
            site_id=asked.site_id,
            patient_id=asked.patient_id,
            wording=TYPED,
            body=text,
            is_automatic=False,
            expires_at=now + DIES_AFTER,
            written_by_id=by.staff_id,
            request_key=request_key,
        )
        message_id = enqueue(tx, message, now)
        if message_id is None:  # the same form at the same moment
            return
        _mark(tx, asked, by, now)
        take_on_conversation(tx, asked, by, now)
        _note(tx, asked, by, "text.answered", {"message": message_id, "segments": segments_of(text)}, now)


def mark_handled(session: AnySession, inbound_id: int, *, by: By, now: datetime) -> None:
    """The texts of a conversation up to this one need nothing more; who came first with that stands there."""
    asked = _find_text(session, inbound_id)
    with writing(session) as tx:
        count = _mark(tx, asked, by, now)
        take_on_conversation(tx, asked, by, now)
        if count:
            _note(tx, asked, by, "text.handled", {"texts": count}, now)


def stop_texts(session: AnySession, inbound_id: int, *, by: By, now: datetime) -> None:
    """Whoever sent this text wants no more, and has said so in words that the program does not read: as if they had
    written the word. What they wrote is handled by that. The caller has checked the person's scope.
    """
    asked = _find_text(session, inbound_id)
    with writing(session) as tx:
        stop_texts_of_line(tx, asked.line_id, now)
        _mark(tx, asked, by, now)
        take_on_conversation(tx, asked, by, now)
        _note(tx, asked, by, "text.stopped_by_hand", {}, now)


def check_answer(session: AnySession, inbound_id: int, body: str) -> None:
    """Refuse what must not be said to whoever sent this text, before anything is sent; codes as of `answer_text`."""
    _ensure_may_be_said(session, _find_text(session, inbound_id), unicodedata.normalize("NFC", body).strip())


def show_number(session: AnySession, inbound_id: int, *, by: By, now: datetime) -> str | None:
    """The whole number behind a text, for whoever has to ring back; that it was shown is in the chain of the site.

    None for a sender that is no phone. The caller has checked that the text stands within the person's scope.
    """
    asked = _find_text(session, inbound_id)
    number = _whole_number(session, asked.line_id)
    if not is_phone(number):
        return None
    with writing(session) as tx:
        _note(tx, asked, by, "text.number_shown", {}, now)
    return number


def _find_text(session: AnySession, inbound_id: int) -> Row[*tuple[Any, ...]]:
    text = InboundMessage
    columns = (text.id, text.line_id, text.patient_id, text.side, text.site_id)
    return session.execute(select(*columns).where(text.id == inbound_id, text.read_at.is_not(None))).one()


def _ensure_may_be_said(session: AnySession, asked: Row[*tuple[Any, ...]], text: str) -> None:
    if not text:
        raise Refusal("answer_empty")
    segments = segments_of(text)
    if segments > MOST_SEGMENTS:
        raise Refusal("answer_too_long", segments=segments, most=MOST_SEGMENTS)
    own = [asked.patient_id] if asked.patient_id is not None else []
    names = list_place_names_around(session, asked.site_id) + _names_of(session, asked.side, own)
    phrase = forbidden_phrase(text, names)
    if phrase is not None:
        raise Refusal("wording_says", phrase=phrase)
    if forbidden_phrase(text, _names_of(session, asked.side, _who_shares(session, asked))):
        raise Refusal("wording_names")  # not which: the reader may not know who else has this number


def _who_shares(session: AnySession, asked: Row[*tuple[Any, ...]]) -> list[int]:
    """Everybody who has this number in a file of the reader's side, at whichever site."""
    number = _whole_number(session, asked.line_id)
    files = (file for file in files_with(session, asked.line_id, number) if file.side == asked.side)
    return [file.patient_id for file in files if file.patient_id not in (None, asked.patient_id)]


def _names_of(session: AnySession, side: str, patient_ids: Collection[int]) -> list[str]:
    """Full names, which only the treatment side knows; the other calls people by the name that they chose for it."""
    if side != TREATMENT or not patient_ids:
        return []
    file = select(TreatmentFile.ref, TreatmentFile.full_name).where(TreatmentFile.patient_id.in_(patient_ids))
    vault = vault_of(session)
    return [open_text(vault, row.ref, "full_name", row.full_name) or "" for row in session.execute(file)]


def _whole_number(session: AnySession, line_id: int) -> str:
    line = session.execute(select(PhoneLine.ref, PhoneLine.number).where(PhoneLine.id == line_id)).one()
    return open_line_number(vault_of(session), line.ref, line.number)


def _ensure_reachable(tx: Session, line_id: int) -> None:
    columns = (
        PhoneLine.ref,
        PhoneLine.number,
        PhoneLine.denied_at,
        PhoneLine.opted_out_at,
        PhoneLine.permanent_failures,
    )
    line = tx.execute(select(*columns).where(PhoneLine.id == line_id)).one()
    if line.denied_at is not None:
        raise Refusal("line_denied")
    if line.opted_out_at is not None:
        raise Refusal("line_stopped")
    if line.permanent_failures >= MOST_PERMANENT_FAILURES:
        raise Refusal("line_fails")
    if not is_phone(open_line_number(vault_of(tx), line.ref, line.number)):
        raise Refusal("not_a_phone")


def _is_sent(tx: Session, asked: Row[*tuple[Any, ...]], request_key: str) -> bool:
    sent = OutboundMessage
    query = select(sent.line_id, sent.side, sent.site_id).where(sent.request_key == request_key)
    row = tx.execute(query).first()
    if row is not None and tuple(row) != (asked.line_id, asked.side, asked.site_id):
        raise Refusal("answer_key_used")
    return row is not None


def _mark(tx: Session, asked: Row[*tuple[Any, ...]], by: By, now: datetime) -> int:
    """What came in after the page was shown stays unhandled: nobody has read it."""
    text = InboundMessage
    of_conversation = (
        update(text)
        .where(text.line_id == asked.line_id, text.side == asked.side, text.site_id == asked.site_id)
        .where(text.patient_id.is_not_distinct_from(asked.patient_id))
        .where(text.id <= asked.id, text.handled_at.is_(None))
    )
    marked = of_conversation.values(handled_at=now, handled_by_id=by.staff_id).returning(text.id)
    return len(tx.execute(marked).all())


def _note(
    tx: Session, asked: Row[*tuple[Any, ...]], by: By, action: str, details: dict[str, object], now: datetime
) -> None:
    audit.append(tx, audit.site_chain(asked.site_id), by.actor, action, f"text:{asked.id}", details, now)
