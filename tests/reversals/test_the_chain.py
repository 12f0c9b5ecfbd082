"""A reversal slipped in behind the triggers' back is found: it would let somebody be dosed twice."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models import guards
from counseling.services.ledger_verification import verify_ledger
from tests.reversals.story import ask, reverse
from tests.support.cast import DONG_KINH, Cast
from tests.support.treatment import TODAY, dose, opened, ordered, somebody

TAMPERINGS = {
    "slipped in": (
        "INSERT INTO dose_voids (request_id, day_dose_id, patient_id, dose_on, part, attempt, requested_by_id,"
        " confirmed_by_id, confirmed_at) SELECT r.id, d.id, d.patient_id, d.dose_on, d.part, d.attempt,"
        " r.requested_by_id, 3, d.recorded_at FROM dose_void_requests r JOIN day_doses d ON d.id = r.day_dose_id"
        " WHERE d.id = :waiting"
    ),
    "another signer": "UPDATE dose_voids SET confirmed_by_id = 4 WHERE day_dose_id <> :waiting",
    "removed": "DELETE FROM dose_voids WHERE day_dose_id <> :waiting",
}


@pytest.mark.parametrize("how", TAMPERINGS)
def test_a_tampered_reversal_is_found(session: Session, cast: Cast, how: str) -> None:
    opened(session, cast)
    people = [somebody(session, cast) for _ in range(2)]
    reversed_one, waiting = [dose(session, cast, p, ordered(session, cast, p)).id for p in people]
    reverse(session, cast, people[0], reversed_one)
    ask(session, cast, people[1], waiting)
    assert verify_ledger(session) == []
    with writing(session) as tx:
        guards.drop_all(tx.connection())
        tx.execute(text(TAMPERINGS[how]), {"waiting": waiting})
    assert verify_ledger(session) == [(f"site:{DONG_KINH}", TODAY)]
