"""A dose row changed behind the triggers' back is found, although every chain still holds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models import guards
from counseling.services.audit_verification import verify
from counseling.services.ledger_verification import verify_ledger
from tests.support.cast import DONG_KINH, Cast
from tests.support.treatment import TODAY, dose, opened, ordered, somebody

TAMPERINGS = {
    "another amount": "UPDATE day_doses SET mg_tenths = 300 WHERE id = :last",
    "another person": "UPDATE day_doses SET patient_id = 1, order_id = 1 WHERE id = :last",
    "another day": "UPDATE day_doses SET dose_on = '2026-11-21' WHERE id = :last",
    "removed": "DELETE FROM day_doses WHERE id = :last",
    "slipped in": (
        "INSERT INTO day_doses (patient_id, dose_on, part, attempt, kind, order_id, mg_tenths, site_id, source,"
        " recorded_by_id, recorded_at, request_key) SELECT patient_id, '2026-11-25', part, attempt, kind, order_id,"
        " mg_tenths, site_id, source, recorded_by_id, recorded_at, 'slipped in' FROM day_doses WHERE id = :last"
    ),
}


@pytest.mark.parametrize("how", TAMPERINGS)
def test_a_tampered_dose_is_found(session: Session, cast: Cast, how: str) -> None:
    opened(session, cast)
    for _ in range(3):
        person = somebody(session, cast)
        last = dose(session, cast, person, ordered(session, cast, person, starts_on=TODAY)).id
    assert verify_ledger(session) == []
    with writing(session) as tx:
        connection = tx.connection()
        guards.drop_all(connection)
        if connection.dialect.name == "sqlite":
            tx.execute(text("PRAGMA defer_foreign_keys = ON"))
        else:
            # Whoever tampers is not stopped by references either.
            for name in ("fk_day_doses_own_order", "fk_day_doses_order_part"):
                tx.execute(text(f"ALTER TABLE day_doses DROP CONSTRAINT {name}"))
            tx.execute(text("ALTER TABLE day_doses DROP CONSTRAINT uq_day_doses_patient_day_part_attempt CASCADE"))
        if connection.dialect.name == "postgresql":
            tx.execute(text("ALTER TABLE dose_pours DROP CONSTRAINT fk_dose_pours_day_dose_id"))
        if how == "another amount" and connection.dialect.name == "sqlite":
            tx.execute(text("DELETE FROM dose_pours WHERE order_id = 3"))
            tx.execute(text("UPDATE order_parts SET mg_tenths = 300 WHERE order_id = 3"))
        if how == "another person" and connection.dialect.name == "sqlite":
            tx.execute(text("UPDATE day_doses SET dose_on = '2026-11-20' WHERE patient_id = 1"))
        if how == "removed" and connection.dialect.name == "sqlite":
            tx.execute(text("DELETE FROM dose_pours WHERE day_dose_id = :last"), {"last": last})
        tx.execute(text(TAMPERINGS[how]), {"last": last})
    assert verify(session).broken == []
    differing = verify_ledger(session)
    assert differing and all(place.chain == f"site:{DONG_KINH}" for place in differing)
    assert min(place.day for place in differing) <= TODAY + timedelta(days=3)
