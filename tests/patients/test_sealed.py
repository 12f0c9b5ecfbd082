"""What is sealed cannot be read in the database: not in its rows, not in its file."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from counseling.models.base import Base
from counseling.services.cards import ensure_card
from counseling.services.patients import change_status
from tests.support.cast import Cast
from tests.support.files import TODAY, by, patient_of, registered, supported
from tests.support.settings import MORNING

CANARIES = {
    "full_name": "Canaryname Nguyenx",
    "national_code": "CANARY-77",
    "identity_number": "099199887766",
    "phone": "+84999888777",
    "address": "canary-address",
    "alias": "canaryalias",
    "notes": "canary-notes",
}


def test_no_sealed_value_stands_in_any_row_or_in_the_file(session: Session, cast: Cast, tmp_path: Path) -> None:
    patient_id = patient_of(session, registered(session, cast, **CANARIES))
    supported(session, cast, community_name="canary-community", notes="canary-support")
    who = {"by": by(cast, "dispenser"), "now": MORNING}
    change_status(session, patient_id, status="moved", since_on=TODAY, reason="canary-reason", today=TODAY, **who)
    ensure_card(session, patient_id, **who)
    stored = b"".join(dumped(session)) + b"".join(path.read_bytes() for path in tmp_path.glob("*.db*"))
    assert b"LS-0012" in stored  # the code is not sealed: the dump does hold this person
    for canary in (*CANARIES.values(), "canary-community", "canary-support", "canary-reason", "VN1:"):
        for spelling in {canary, canary.lower(), canary.removeprefix("+")}:
            assert spelling.encode() not in stored, canary


def dumped(session: Session) -> list[bytes]:
    """Every value of every row of every table."""
    rows = []
    for table in Base.metadata.sorted_tables:
        for row in session.execute(text(f'SELECT * FROM "{table.name}"')):
            rows += [bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode() for value in row]
    session.rollback()
    return rows
