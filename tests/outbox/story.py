"""Entries of a volunteer's phone, taken as the door takes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.domain.phone_entries import read_letter
from counseling.models.contacts import OutreachContact
from counseling.models.phone_entries import ContactDetails, PhoneEntry, WaitingVisit
from counseling.queries.actors import actor_ref
from counseling.services.phone_entries import Report, take_entry
from counseling.services.phone_tokens import Held, find_token, issue_token
from tests.support.cast import Cast
from tests.support.phone import entry
from tests.support.settings import MORNING

ARRIVAL = MORNING + timedelta(hours=5)
SAVED = MORNING + timedelta(hours=3)


def actor_of(session: Session, cast: Cast, username: str = "volunteer", desk: int = 0) -> str:
    return actor_ref(session, cast.roles[username][desk])


def token_of(session: Session, cast: Cast, username: str = "volunteer", desk: int = 0) -> Held:
    made = issue_token(session, cast.viewer_of(username, desk), MORNING)
    held = find_token(session, made.token, MORNING)
    assert held is not None
    return held


def hand_in(
    session: Session,
    cast: Cast,
    said: dict[str, Any] | bytes,
    *,
    held: Held | None = None,
    who: str = "volunteer",
    saved: datetime = SAVED,
    now: datetime = ARRIVAL,
    report: Report | None = None,
    **changes: Any,
) -> str:
    """One entry by `who`, with a token of theirs unless another is given."""
    letter = a_letter(session, cast, said, who=who, saved=saved, **changes)
    own = held or token_of(session, cast, who)
    return take_entry(session, own, letter, report or Report(), zone=VIETNAM, now=now)


def a_letter(
    session: Session, cast: Cast, said: Any, *, who: str = "volunteer", saved: datetime = SAVED, **changes: Any
) -> Any:
    actor = changes.pop("actor", None) or actor_of(session, cast, who)
    return read_letter(json.dumps(entry(said, actor, saved, **changes)).encode())


def contacts(session: Session) -> Sequence[Any]:
    session.rollback()
    query = select(OutreachContact.__table__, ContactDetails.__table__).join(
        ContactDetails, ContactDetails.contact_id == OutreachContact.id
    )
    return session.execute(query.order_by(OutreachContact.id)).all()


def waiting(session: Session) -> Sequence[Any]:
    session.rollback()
    return session.execute(select(WaitingVisit.__table__).order_by(WaitingVisit.id)).all()


def entries(session: Session) -> Sequence[Any]:
    session.rollback()
    return session.execute(select(PhoneEntry.__table__).order_by(PhoneEntry.id)).all()
