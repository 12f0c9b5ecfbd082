"""People whom a team looks after, tasks on its list, and contacts as the page logs them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.audit import AuditEntry
from counseling.models.contacts import OutreachContact
from counseling.models.patients import SupportFile
from counseling.models.people import Staff, StaffRole
from counseling.models.tasks import Task
from counseling.refs import new_request_key
from counseling.services.outreach_contacts import NewContact, correct_contact, log_contact, undo_contact
from counseling.services.tasks import open_task
from tests.support.cast import DONG_KINH, TEAM, Cast, cheap_hash
from tests.support.files import patient_of, supported
from tests.support.settings import MORNING
from tests.support.treatment import Person

TODAY = MORNING.date()
LATER = MORNING + timedelta(hours=3)
ALL_SHOWN = MORNING + timedelta(days=400)  # whoever settles a task has just opened its page
COLLEAGUE = "Bà Hoa, tổ 3"


def someone(session: Session, cast: Cast, name: str = "Anh Ba sửa xe", **changes: Any) -> Person:
    """Somebody of the volunteers' team of Mẫu Sơn."""
    ref = supported(session, cast, **{"community_name": name, "team_id": TEAM, "hamlet": "Nà Pàn", **changes})
    return Person(patient_of(session, ref), ref)


def asked(session: Session, person: Person, kind: str = "look_in", **changes: Any) -> int:
    """A task on the team's list; gives its id."""
    values: dict[str, Any] = {
        "side": "support", "kind": kind, "patient_id": person.id, "site_id": DONG_KINH, "team_id": TEAM,
        "due_on": TODAY, "dedupe_key": new_request_key(), "opened_by_id": None, "at": MORNING, **changes,
    }  # fmt: skip
    with writing(session) as tx:
        task_id = open_task(tx, **values)
    assert task_id is not None
    return task_id


def log(
    session: Session,
    cast: Cast,
    person: Person,
    outcome: str = "met_well",
    *,
    who: str = "volunteer",
    key: str | None = None,
    today: date = TODAY,
    now: datetime = LATER,
    **changes: Any,
) -> str:
    contact = NewContact(**{"kind": "home", "outcome": outcome, "answers": ("look_in",), **changes})
    viewer = cast.viewer_of(who)
    request_key = key or new_request_key()
    return log_contact(session, viewer, person.ref, contact, request_key=request_key, today=today, now=now)


def undo(
    session: Session, cast: Cast, person: Person, contact: str, *, who: str = "volunteer", key: str | None = None,
    now: datetime = LATER + timedelta(seconds=5),
) -> None:  # fmt: skip
    viewer = cast.viewer_of(who)
    undo_contact(session, viewer, person.ref, contact, request_key=key or new_request_key(), now=now)


def correct(
    session: Session, cast: Cast, person: Person, contact: str, outcome: str, *, who: str = "volunteer",
    key: str | None = None, now: datetime = LATER + timedelta(days=2), **changes: Any,
) -> str:  # fmt: skip
    said = NewContact(**{"kind": "home", "outcome": outcome, **changes})
    viewer = cast.viewer_of(who)
    return correct_contact(session, viewer, person.ref, contact, said, request_key=key or new_request_key(), now=now)


def summary(session: Session, person: Person) -> tuple[date | None, str | None]:
    session.rollback()
    query = select(SupportFile.last_contact_on, SupportFile.last_outcome).where(SupportFile.ref == person.ref)
    row = session.execute(query).one()
    return row.last_contact_on, row.last_outcome


def task_state(session: Session, task_id: int) -> tuple[bool, str | None]:
    """Whether a task is open, and its outcome."""
    session.rollback()
    row = session.execute(select(Task.closed_at, Task.outcome).where(Task.id == task_id)).one()
    return row.closed_at is None, row.outcome


def how_many(session: Session) -> int:
    session.rollback()
    return session.execute(select(func.count(OutreachContact.id))).scalar_one()


def actions(session: Session, site_id: int = DONG_KINH) -> list[str]:
    """What stands in a site's chain about contacts and tasks, in order."""
    session.rollback()
    query = select(AuditEntry.action).where(AuditEntry.chain == f"site:{site_id}").order_by(AuditEntry.sequence)
    return [action for action in session.execute(query).scalars() if action.startswith(("contact.", "task."))]


def joins_team(session: Session) -> int:
    """Another volunteer of the team, who has no phone; gives the number of the person."""
    with writing(session) as tx:
        person = {"username": "hoa", "display_name": COLLEAGUE, "password_hash": cheap_hash(), "created_at": MORNING}
        staff_id: int = tx.execute(insert(Staff).values(**person).returning(Staff.id)).scalar_one()
        role = {"staff_id": staff_id, "kind": "volunteer", "side": "support", "team_id": TEAM, "given_at": MORNING}
        tx.execute(insert(StaffRole).values(**role))
    return staff_id
