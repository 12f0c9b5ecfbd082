"""The duty roster of a site: who is called about what cannot wait, when, in which order, on which phone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.database import AnySession, vault_of, writing
from counseling.domain.duty import Shift, ensure_shift
from counseling.domain.refusal import Refusal
from counseling.models.duty import CrisisAlert, DutyPhone, DutyShift
from counseling.models.places import Site
from counseling.models.texts import PhoneLine
from counseling.queries.duty import list_possible
from counseling.queries.reachable import MOST_PERMANENT_FAILURES
from counseling.refs import new_ref
from counseling.services import audit
from counseling.services.phone_lines import find_line
from counseling.services.treatment_files import By

MOST_SHIFTS = 40


def add_shift(
    session: AnySession, side: str, site_id: int, shift: Shift, *, by: By, request_key: str, now: datetime
) -> None:
    """Put somebody on duty; the same `request_key` again changes nothing. What waits for a call is looked at anew.

    Raises Refusal: days_missing, position_unknown, wait_unknown, not_of_this_desk (whoever does not read the site's
    texts), too_many_shifts, roster_key_used.
    """
    ensure_shift(shift)
    values = {
        "site_id": site_id, "side": side, "staff_id": shift.staff_id, "days": shift.days,
        "starts_at": shift.starts_at, "ends_at": shift.ends_at, "position": shift.position,
        "wait_minutes": shift.wait_minutes, "set_by_id": by.staff_id, "set_at": now, "request_key": request_key,
    }  # fmt: skip
    with writing(session) as tx:
        _lock_site(tx, site_id)
        if _is_written(tx, side, site_id, request_key):
            return
        if shift.staff_id not in {staff_id for staff_id, _ in list_possible(tx, side, site_id)}:
            raise Refusal("not_of_this_desk")
        standing = select(DutyShift.id).where(
            DutyShift.site_id == site_id, DutyShift.side == side, DutyShift.ended_at.is_(None)
        )
        if len(tx.execute(standing).all()) >= MOST_SHIFTS:
            raise Refusal("too_many_shifts", most=MOST_SHIFTS)
        try:
            shift_id = tx.execute(insert(DutyShift).values(**values).returning(DutyShift.id)).scalar_one()
        except IntegrityError:  # the same key from another site at this moment
            raise Refusal("roster_key_used") from None
        _call_anew(tx, side, site_id, now)
        details = {"shift": shift_id, "staff": shift.staff_id}
        audit.append(tx, audit.site_chain(site_id), by.actor, "duty.shift_added", f"site:{site_id}", details, now)


def end_shift(session: AnySession, side: str, site_id: int, shift_id: int, *, by: By, now: datetime) -> bool:
    """Take a shift off the roster; False when it was taken off before. Raises Refusal: no_such_shift."""
    own = DutyShift.id == shift_id, DutyShift.site_id == site_id, DutyShift.side == side
    with writing(session) as tx:
        ended = update(DutyShift).where(*own, DutyShift.ended_at.is_(None))
        values = ended.values(ended_at=now, ended_by_id=by.staff_id)
        if tx.execute(values.returning(DutyShift.id)).first() is None:
            if tx.execute(select(DutyShift.id).where(*own)).first() is None:
                raise Refusal("no_such_shift")
            return False
        details = {"shift": shift_id}
        audit.append(tx, audit.site_chain(site_id), by.actor, "duty.shift_ended", f"site:{site_id}", details, now)
    return True


def set_duty_phone(session: AnySession, number: str | None, *, by: By, now: datetime) -> None:
    """Somebody says on which phone (E.164) they are called; None: on none, and only pages tell them."""
    ref = new_ref()
    with writing(session) as tx:
        tx.execute(delete(DutyPhone).where(DutyPhone.staff_id == by.staff_id))
        if number is not None:
            sealed = vault_of(tx).seal("duty_phones.number", ref, number)
            tx.execute(insert(DutyPhone).values(staff_id=by.staff_id, ref=ref, number=sealed, set_at=now))
        details = {"set": number is not None}
        audit.append(tx, audit.HOUSE, by.actor, "duty.phone_set", f"staff:{by.staff_id}", details, now)


def list_unreached(session: AnySession, staff_ids: Collection[int]) -> set[int]:
    """Whose own number does not exist, as texts to it have shown: they are called in vain."""
    vault, failing = vault_of(session), set[int]()
    phones = select(DutyPhone.staff_id, DutyPhone.ref, DutyPhone.number).where(DutyPhone.staff_id.in_(staff_ids))
    for phone in session.execute(phones).all():
        line = find_line(session, vault, vault.open("duty_phones.number", phone.ref, phone.number) or "")
        fails = PhoneLine.id == line, PhoneLine.permanent_failures >= MOST_PERMANENT_FAILURES
        if session.execute(select(PhoneLine.id).where(*fails)).first() is not None:
            failing.add(phone.staff_id)
    return failing


def _lock_site(tx: Session, site_id: int) -> None:
    tx.execute(select(Site.id).where(Site.id == site_id).with_for_update())


def _is_written(tx: Session, side: str, site_id: int, request_key: str) -> bool:
    query = select(DutyShift.side, DutyShift.site_id).where(DutyShift.request_key == request_key)
    row = tx.execute(query).first()
    if row is not None and tuple(row) != (side, site_id):
        raise Refusal("roster_key_used")
    return row is not None


def _call_anew(tx: Session, side: str, site_id: int, now: datetime) -> None:
    """Alerts that nobody has taken on do not wait any longer: whoever comes has not been called about them."""
    waiting = (CrisisAlert.side == side) & (CrisisAlert.site_id == site_id) & CrisisAlert.taken_at.is_(None)
    later = waiting & (CrisisAlert.next_call_at > now)
    tx.execute(update(CrisisAlert).where(later).values(next_call_at=now))
