"""Numbers to call in danger: added for an area, approved and ended by its supervisor. A number is never changed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.contacts import DANGERS
from counseling.domain.help_numbers import SHIPPED, ensure_label, tidy_number
from counseling.domain.phone_entries import codes_text
from counseling.domain.refusal import Refusal
from counseling.models.help_numbers import HelpNumber
from counseling.models.places import Area
from counseling.permissions import Viewer
from counseling.scopes import within_area
from counseling.services import audit

LONGEST_SIGNS = 60


def ship_numbers(tx: Session, now: datetime) -> None:
    """The country's numbers, not approved by anybody yet, where no row was ever there."""
    if tx.execute(select(HelpNumber.id).limit(1)).first() is None:
        rows = [
            {"number": one.number, "label": one.label, "signs": ",".join(one.signs), "source": one.source}
            for one in SHIPPED
        ]
        tx.execute(insert(HelpNumber), [{**row, "added_at": now} for row in rows])


def add_help_number(
    session: AnySession, viewer: Viewer, number: str, label: str, signs: Collection[str], source: str, now: datetime
) -> None:
    """A number of the supervisor's own area; whoever adds it has looked at it. The same number twice is one.

    Refuses number_not_right, label_missing, signs_missing and no_area.
    """
    digits, kept = tidy_number(number), codes_text(signs, DANGERS, LONGEST_SIGNS)
    ensure_label(label, signs)
    if viewer.area_id is None:
        raise Refusal("no_area")
    with writing(session) as tx:
        same = select(HelpNumber.id).where(
            HelpNumber.area_id == viewer.area_id, HelpNumber.number == digits, HelpNumber.ended_at.is_(None)
        )
        if tx.execute(same).first() is not None:
            return
        row = {"area_id": viewer.area_id, "number": digits, "label": label, "signs": kept, "source": source}
        who = {"added_at": now, "approved_at": now, "approved_by_id": viewer.staff_id}
        added = tx.execute(insert(HelpNumber).values(**row, **who).returning(HelpNumber.id)).scalar_one()
        audit.append(tx, audit.HOUSE, viewer.actor, "help_number.added", f"help_number:{added}", {}, now)


def approve_number(session: AnySession, viewer: Viewer, number_id: int, now: datetime) -> None:
    """Somebody has looked at a number and answers for it. Refuses no_such_number."""
    _set_number(session, viewer, number_id, "approved", now)


def end_number(session: AnySession, viewer: Viewer, number_id: int, now: datetime) -> None:
    """A number of the area that is no more. The country's own stay. Refuses no_such_number."""
    _set_number(session, viewer, number_id, "ended", now)


def _set_number(session: AnySession, viewer: Viewer, number_id: int, what: str, now: datetime) -> None:
    with writing(session) as tx:
        own = HelpNumber.area_id.in_(select(Area.id).where(within_area(Area.id, viewer.area_id or 0)))
        mine = own if what == "ended" else own | HelpNumber.area_id.is_(None)
        at = getattr(HelpNumber, f"{what}_at")
        row = tx.execute(select(at.label("at")).where(HelpNumber.id == number_id, mine).with_for_update()).first()
        if row is None:
            raise Refusal("no_such_number")
        if row.at is not None:
            return
        done = {f"{what}_at": now, f"{what}_by_id": viewer.staff_id}
        tx.execute(update(HelpNumber).where(HelpNumber.id == number_id).values(**done))
        audit.append(tx, audit.HOUSE, viewer.actor, f"help_number.{what}", f"help_number:{number_id}", {}, now)
