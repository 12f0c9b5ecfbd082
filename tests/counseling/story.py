"""Somebody at the counseling point of Đông Kinh, and what its counselors write down."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import writing
from counseling.models.audit import AuditEntry
from counseling.models.base import Base
from counseling.models.counseling import AftercareFile, Appointment
from counseling.models.patients import SupportFile
from counseling.models.places import SiteHours
from counseling.refs import new_request_key
from counseling.services.aftercare import open_aftercare
from counseling.services.appointments import book_appointment
from counseling.services.counseling_sessions import SessionDetails, log_session
from tests.support.cast import DONG_KINH, TEAM, Cast
from tests.support.files import by, patient_of, supported
from tests.support.settings import MORNING
from tests.support.treatment import Person

TODAY = MORNING.date()
EIGHT = timedelta(hours=1, minutes=30)  # after MORNING


def known(session: Session, cast: Cast, **changes: Any) -> Person:
    ref = supported(session, cast, **{"team_id": TEAM, **changes})
    return Person(patient_of(session, ref), ref)


def hold(
    session: Session,
    cast: Cast,
    person: Person | None,
    *,
    key: str | None = None,
    site: int = DONG_KINH,
    now: datetime = MORNING,
    **changes: Any,
) -> str:
    """A session of half an hour today, with somebody known or with nobody in particular."""
    plain: dict[str, Any] = {"kind": "psychosocial", "form": "one_to_one", "minutes": 30, "held_on": now.date()}
    return log_session(
        session,
        SessionDetails(**{**plain, **changes}),
        site_id=site,
        patient_id=person.id if person else None,
        by=by(cast, "counselor"),
        request_key=key or new_request_key(),
        today=now.date(),
        now=now,
        zone=VIETNAM,
    )


def book(
    session: Session,
    cast: Cast,
    person: Person,
    starts_at: datetime,
    *,
    outside_hours: bool = False,
    key: str | None = None,
    site: int = DONG_KINH,
    now: datetime = MORNING,
) -> str:
    return book_appointment(
        session,
        patient_id=person.id,
        site_id=site,
        starts_at=starts_at,
        outside_hours=outside_hours,
        by=by(cast, "counselor"),
        request_key=key or new_request_key(),
        now=now,
        zone=VIETNAM,
    )


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A moment at the point's own clock."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=VIETNAM)


def accompany(session: Session, cast: Cast, person: Person, **changes: Any) -> int:
    """Open aftercare: weekly, first in a week, with nobody named."""
    plain: dict[str, Any] = {
        "patient_id": person.id,
        "site_id": DONG_KINH,
        "supporter_id": None,
        "rhythm": "weekly",
        "first_on": TODAY + timedelta(days=7),
        "by": by(cast, "counselor"),
        "request_key": new_request_key(),
        "today": TODAY,
        "now": MORNING,
    }
    return open_aftercare(session, **{**plain, **changes})


def appointment_of(session: Session, ref: str) -> Appointment:
    session.rollback()
    query = select(Appointment).where(Appointment.ref == ref).execution_options(populate_existing=True)
    row = session.execute(query).scalar_one()
    session.rollback()
    return row


def aftercare_of(session: Session, person: Person) -> AftercareFile:
    """The newest file of somebody."""
    session.rollback()
    query = select(AftercareFile).where(AftercareFile.patient_id == person.id).order_by(AftercareFile.id.desc())
    row = session.execute(query.limit(1).execution_options(populate_existing=True)).scalar_one()
    session.rollback()
    return row


def file_of(session: Session, person: Person) -> SupportFile:
    session.rollback()
    row = session.get_one(SupportFile, person.id, populate_existing=True)
    session.rollback()
    return row


def how_many(session: Session, *tables: type[Base]) -> list[int]:
    session.rollback()
    return [session.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]


def last_entry(session: Session) -> AuditEntry:
    session.rollback()
    query = select(AuditEntry).where(AuditEntry.chain == f"site:{DONG_KINH}").order_by(AuditEntry.id.desc()).limit(1)
    return session.execute(query).scalar_one()


def open_mornings(session: Session, site: int = DONG_KINH) -> None:
    """The point receives people from 7:30 to 11:00, Monday to Saturday."""
    opens, closes = at(TODAY, 7, 30).time(), at(TODAY, 11).time()
    with writing(session) as tx:
        rows = [{"site_id": site, "weekday": day, "opens_at": opens, "closes_at": closes} for day in range(6)]
        tx.execute(SiteHours.__table__.insert(), rows)  # type: ignore[attr-defined]  # Core table behind the class
