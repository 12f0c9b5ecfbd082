"""What stories of the second signature share: a station that asks for it, doses that wait, and who signs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.witnesses import DoseWitness
from counseling.queries.witnesses import list_unsigned
from counseling.refs import new_request_key
from counseling.services.dose_witnesses import Witnessed, sign_doses
from counseling.services.witness_duties import set_duty
from tests.support.cast import DONG_KINH, Cast
from tests.support.settings import MORNING
from tests.support.treatment import Person, dose, opened, ordered, somebody

AN_HOUR = timedelta(hours=1)


def asks(session: Session, is_asked: bool = True, *, site: int = DONG_KINH, now: datetime = MORNING - AN_HOUR) -> bool:
    """The administrator's setting, without the administrator."""
    with writing(session) as tx:
        return set_duty(tx, site, is_asked, now)


def given(session: Session, cast: Cast, now: datetime = MORNING, name: str = "Lý Văn Mẫu") -> tuple[Person, int]:
    """Somebody who was dosed by the dispenser; gives the dose's id too."""
    opened(session, cast)
    person = somebody(session, cast, name=name)
    return person, dose(session, cast, person, ordered(session, cast, person), now=now).id


def sign(
    session: Session,
    cast: Cast,
    dose_ids: Iterable[int],
    username: str = "doctor",
    *,
    key: str | None = None,
    now: datetime = MORNING,
) -> Witnessed:
    viewer = cast.viewer_of(username)
    return sign_doses(
        session,
        list(dose_ids),
        by=viewer.staff_id,
        session_id=viewer.session_id,
        actor=viewer.actor,
        request_key=key or new_request_key(),
        now=now,
    )


def waiting(session: Session, cast: Cast, username: str = "dispenser") -> list[int]:
    """Ids of the doses that wait at somebody's desk."""
    session.rollback()
    return [line.dose_id for line in list_unsigned(session, cast.viewer_of(username))]


def signatures(session: Session) -> list[tuple[int, int]]:
    """(dose, witness), in the order in which they were signed."""
    session.rollback()
    query = select(DoseWitness.day_dose_id, DoseWitness.witness_id).order_by(DoseWitness.id)
    return [(dose_id, witness) for dose_id, witness in session.execute(query)]
