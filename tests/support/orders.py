"""What stories of orders share: the doctor who writes, and what stands in the tables afterwards."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.orders import Phase
from counseling.models.audit import AuditEntry
from counseling.models.orders import DoseOrder
from counseling.models.people import Staff, StaffRole
from counseling.refs import new_request_key
from counseling.services.orders import stop_dose_order, write_dose_order
from tests.support.cast import DONG_KINH, FACILITY, Cast
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, came

A_DAY = timedelta(days=1)


def write(session: Session, cast: Cast, person: Person, **changes: Any) -> int:
    """An order of 60 mg for 30 days from today, but for what the story changes."""
    values: dict[str, Any] = {
        "patient_id": person.id,
        "phase": Phase.MAINTENANCE,
        "parts_tenths": (600,),
        "starts_on": TODAY,
        "ends_on": changes.get("starts_on", TODAY) + 29 * A_DAY,
        "note": None,
        "by": cast.staff["doctor"],
        "actor": cast.viewer_of("doctor").actor,
        "restart_examined": False,
        "request_key": new_request_key(),
        "now": MORNING,
        "today": TODAY,
        "station_id": DONG_KINH,
    }
    return write_dose_order(session, **{**values, **changes})


def stop(session: Session, cast: Cast, person: Person, order_id: int, today: date = TODAY) -> None:
    stop_dose_order(
        session,
        order_id=order_id,
        patient_id=person.id,
        reason="medical",
        by=cast.staff["doctor"],
        actor=cast.viewer_of("doctor").actor,
        now=MORNING,
        today=today,
    )


def order(session: Session, order_id: int) -> DoseOrder:
    session.rollback()
    return session.execute(
        select(DoseOrder).where(DoseOrder.id == order_id).execution_options(populate_existing=True)
    ).scalar_one()


def span(session: Session, order_id: int) -> tuple[date, date]:
    row = order(session, order_id)
    return row.starts_on, row.last_on


def how_many_orders(session: Session) -> int:
    session.rollback()
    return session.execute(select(func.count(DoseOrder.id))).scalar_one()


def last_entry(session: Session, action: str) -> AuditEntry:
    session.rollback()
    query = select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id.desc()).limit(1)
    return session.execute(query).scalar_one()


def make_doctor(session: Session, cast: Cast, username: str, *, disabled: bool = False) -> int:
    """Let somebody of the cast be a second doctor of the facility; gives the person's id."""
    staff_id = cast.staff[username]
    role = {"kind": "doctor", "side": "treatment", "site_id": FACILITY, "given_at": MORNING}
    with writing(session) as tx:
        tx.execute(insert(StaffRole).values(staff_id=staff_id, **role))
        if disabled:
            tx.execute(update(Staff).where(Staff.id == staff_id).values(disabled_at=MORNING))
    return staff_id


def stopped_at_window(session: Session, cast: Cast, person: Person) -> None:
    """Somebody came to the window and a rule stopped the dose: a task for the doctor."""
    came(session, cast, person, "stopped", reason="gap_stops_dose")
