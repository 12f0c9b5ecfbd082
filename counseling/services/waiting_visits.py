"""Visits that wait to be matched: somebody of the point says whose they are, or why they are nobody's."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, vault_of, writing
from counseling.domain.contacts import PLACES, ensure_contact, ensure_ticked
from counseling.domain.phone_entries import Letter, Said, key_of
from counseling.domain.refusal import Refusal
from counseling.models.contacts import OutreachContact
from counseling.models.people import StaffRole
from counseling.models.phone_entries import DISMISS_REASONS, PhoneEntry, PhoneToken, WaitingVisit
from counseling.permissions import Viewer
from counseling.queries.actors import Author, get_author
from counseling.queries.patients import NotFound
from counseling.scopes import waiting_visits_visible_to
from counseling.services import audit
from counseling.services.contact_details import danger_text
from counseling.services.matched_visits import lock_of_whom, put_into_book, told_before
from counseling.services.outreach_contacts import lock_file
from counseling.services.phone_entries import Report, arrive, work_on
from counseling.services.phone_tokens import Held
from counseling.services.phone_visits import Left
from counseling.services.treatment_files import By
from counseling.services.visit_alerts import is_taken_on, raise_alert_of_waiting, take_on_visit
from counseling.services.waiting_rows import add_waiting, open_said, point_of, seal_said

UNREAD = ("form_unknown", "key_gone", "unreadable", "not_worked")


def keep_unlisted(
    session: AnySession, viewer: Viewer, said: Said, *, request_key: str, today: date, now: datetime
) -> None:
    """A visit to somebody who is not on the list, from a page's form: the point finds out. Refuses name_missing."""
    place = PLACES.get(said.place, ("", None))[0]
    next_on = date.fromisoformat(said.next_on) if said.next_on else None
    ensure_contact(place, said.outcome, next_on, today)
    ensure_ticked(said.needs, said.danger, said.mood, said.minutes, said.km)
    if not said.said:
        raise Refusal("name_missing")
    if viewer.role_id is None:
        raise NotFound
    author = get_author(session, viewer.role_id)
    with writing(session) as tx, audit.gathered(tx):
        # One of a form that is sent twice at once waits here for the other.
        tx.execute(select(StaffRole.id).where(StaffRole.id == viewer.role_id).with_for_update(key_share=True))
        _keep(tx, author, said, request_key, today, now)


def match_visit(session: AnySession, viewer: Viewer, ref: str, person_ref: str, now: datetime) -> None:
    """Put the visit into the book of somebody of the point, as its author's. A second match changes nothing.

    What it corrects and waits as well stands there by it, or one visit would count twice.

    Raises NotFound; refuses author_unknown, unreadable and visit_decided (somebody else has dismissed it).
    """
    with writing(session) as tx, audit.gathered(tx):
        row = _lock(tx, viewer, ref)
        if row.state != "waiting":
            _ensure_as_decided(row, "matched")
            return
        said = open_said(vault_of(tx), row.ref, row.said)
        if row.role_id is None:
            raise Refusal("author_unknown")
        if said is None:
            raise Refusal("unreadable")
        author = get_author(tx, row.role_id).viewer
        before = told_before(tx, row, said)
        lock_of_whom(tx, author, said, before, person_ref)
        file = lock_file(tx, viewer, person_ref)
        made, besides = put_into_book(tx, author, file, said, row, before, now)
        contact_id = tx.execute(select(OutreachContact.id).where(OutreachContact.ref == made)).scalar_one()
        for one in (row, *besides):
            _decide(tx, viewer, one, "matched", now, contact_id=contact_id)


def dismiss_visit(session: AnySession, viewer: Viewer, ref: str, reason: str, now: datetime) -> None:
    """Nothing is to be recorded of it, and why. Raises NotFound; refuses reason_unknown and visit_decided."""
    if reason not in DISMISS_REASONS:
        raise Refusal("reason_unknown")
    with writing(session) as tx, audit.gathered(tx):
        row = _lock(tx, viewer, ref)
        if row.state != "waiting":
            _ensure_as_decided(row, "dismissed")
            return
        _decide(tx, viewer, row, "dismissed", now, reason=reason)


def try_again(session: AnySession, viewer: Viewer, ref: str, *, zone: ZoneInfo, now: datetime) -> bool:
    """Open once more what could not be read: a key may be back, a newer program may know the form.

    True when it could be: then it is recorded, or waits with what it says. Raises NotFound, also for what can be read.
    """
    found = session.execute(_within(viewer, ref).join(PhoneEntry, PhoneEntry.id == WaitingVisit.entry_id)).first()
    if found is None or found.code not in UNREAD or found.said is not None:
        raise NotFound
    entry = session.execute(select(PhoneEntry.__table__).where(PhoneEntry.id == found.entry_id)).one()
    token = session.execute(
        select(PhoneToken.staff_id, PhoneToken.role_id).where(PhoneToken.id == entry.token_id)
    ).one()
    held = Held(entry.token_id, token.staff_id, token.role_id, is_good=True, is_revoked=False)
    clock = Report(sent_at=entry.received_at + timedelta(seconds=entry.skew_seconds))  # what the phone said of it then
    opened = arrive(session, held, _letter(entry), clock, zone, entry.received_at)
    arrived = replace(opened, on=found.visited_on, at=found.happened_at)
    if arrived.code in UNREAD:
        return False
    with writing(session) as tx, audit.gathered(tx):
        row = _lock(tx, viewer, ref)
        if row.state != "waiting":
            return True
        left = work_on(tx, arrived, now)
        if not left:
            _decide(tx, viewer, row, "matched", now)
        else:
            _say(tx, viewer, row, left[0], entry.entry_id, now)
            home, is_known = arrived.author or arrived.home, row.role_id is not None
            kept = {"entry_id": entry.id, "is_author_known": is_known, "on": row.visited_on, "at": row.happened_at}
            for one in left[1:]:
                key = one.key_in(entry.entry_id)
                add_waiting(tx, home, code=one.code, said=one.said, request_key=key, now=now, **kept)
        return True


def _keep(tx: Session, author: Author, said: Said, request_key: str, today: date, now: datetime) -> None:
    """Once, unless a sign of danger was ticked before the form was sent again: whoever is to hear of it does."""
    query = select(WaitingVisit.__table__).where(WaitingVisit.request_key == request_key).with_for_update()
    first = tx.execute(query).first()
    if first is None:
        add_waiting(tx, author, code="not_on_list", said=said, request_key=request_key, on=today, at=now, now=now)
    elif set(said.danger) <= set(first.danger.split(",")):
        return
    elif first.state != "waiting" or is_taken_on(tx, first.id):
        _keep(tx, author, said, key_of(f"{request_key} {danger_text(said.danger)}", 1), today, now)
    else:
        before = open_said(vault_of(tx), first.ref, first.said)
        whole = said.filled_from(before) if before else said
        values = {"said": seal_said(vault_of(tx), first.ref, whole), "danger": danger_text(whole.danger)}
        tx.execute(update(WaitingVisit).where(WaitingVisit.id == first.id).values(**values))
        chain, subject = audit.site_chain(first.site_id), f"waiting_visit:{first.id}"
        audit.append(tx, chain, author.viewer.actor, "visit.told_more", subject, {}, now)
        raise_alert_of_waiting(tx, first.id, now)


def _within(viewer: Viewer, ref: str) -> Any:
    return select(WaitingVisit.__table__).where(waiting_visits_visible_to(viewer), WaitingVisit.ref == ref)


def _lock(tx: Session, viewer: Viewer, ref: str) -> Row[*tuple[Any, ...]]:
    row: Row[*tuple[Any, ...]] | None = tx.execute(_within(viewer, ref).with_for_update()).first()
    if row is None:
        raise NotFound
    return row


def _letter(entry: Row[*tuple[Any, ...]]) -> Letter:
    return Letter(
        id=entry.entry_id,
        kind=entry.kind,
        actor=entry.actor,
        client_time=entry.client_time,
        offset_minutes=entry.offset_minutes,
        form_version=entry.form_version,
        tries=entry.tries,
        body=json.loads(entry.body),
    )


def _ensure_as_decided(row: Row[*tuple[Any, ...]], state: str) -> None:
    if row.state != state:
        raise Refusal("visit_decided")


def _say(tx: Session, viewer: Viewer, row: Row[*tuple[Any, ...]], left: Left, entry_id: str, now: datetime) -> None:
    said, danger = seal_said(vault_of(tx), row.ref, left.said), danger_text(left.said.danger if left.said else ())
    site_id = point_of(tx, left.said, row.site_id)
    key = left.key_in(entry_id)  # of a meeting whose first has a contact by now, it is another's
    values = {"code": left.code, "said": said, "danger": danger, "site_id": site_id, "request_key": key}
    tx.execute(update(WaitingVisit).where(WaitingVisit.id == row.id).values(**values))
    chains = sorted({audit.site_chain(row.site_id), audit.site_chain(site_id)}) if site_id != row.site_id else ()
    for chain in chains:  # both points can tell where it went
        subject, details = f"waiting_visit:{row.id}", {"from": row.site_id, "to": site_id}
        audit.append(tx, chain, viewer.actor, "visit.handed_on", subject, details, now)
    if danger:
        raise_alert_of_waiting(tx, row.id, now)


def _decide(tx: Session, viewer: Viewer, row: Row[*tuple[Any, ...]], state: str, now: datetime, **more: object) -> None:
    decided = {"state": state, "decided_at": now, "decided_by_id": viewer.staff_id, **more}
    tx.execute(update(WaitingVisit).where(WaitingVisit.id == row.id).values(**decided))
    chain, subject = audit.site_chain(row.site_id), f"waiting_visit:{row.id}"
    audit.append(tx, chain, viewer.actor, f"visit.{state}", subject, dict(more), now)
    take_on_visit(tx, row.id, By(viewer.staff_id, viewer.actor), now)
