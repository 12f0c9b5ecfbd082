"""Who may sign that they saw a dose."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from counseling.domain.witnessing import Unsigned, WitnessedDose, is_late, why_not

DISPENSER, COLLEAGUE, THIRD = 1, 2, 3
PLAIN = WitnessedDose(is_asked_for=True, given_by=DISPENSER, is_reversed=False, witness_id=None)
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.mark.parametrize(
    ("dose", "signer", "reason"),
    [
        (PLAIN, COLLEAGUE, None),
        (PLAIN, DISPENSER, Unsigned.OWN_DOSE),
        (WitnessedDose(False, DISPENSER, False, None), COLLEAGUE, Unsigned.NOT_ASKED_FOR),
        (WitnessedDose(True, DISPENSER, True, None), COLLEAGUE, Unsigned.REVERSED),
        (WitnessedDose(True, DISPENSER, True, COLLEAGUE), COLLEAGUE, Unsigned.REVERSED),
        (WitnessedDose(True, DISPENSER, False, THIRD), COLLEAGUE, Unsigned.SIGNED_BY_ANOTHER),
        (WitnessedDose(True, DISPENSER, False, COLLEAGUE), COLLEAGUE, None),
    ],
)
def test_what_may_be_signed(dose: WitnessedDose, signer: int, reason: Unsigned | None) -> None:
    assert why_not(dose, signer, is_of_the_team=True) == reason
    assert why_not(dose, signer, is_of_the_team=False) == Unsigned.NOT_OF_THE_TEAM


@pytest.mark.parametrize(
    ("signed_at", "late"),
    [("2026-11-22T23:59+07:00", False), ("2026-11-23T00:00+07:00", True), ("2026-11-22T16:59+00:00", False)],
)
def test_late_is_after_the_stations_day(signed_at: str, late: bool) -> None:
    assert is_late(datetime.fromisoformat(signed_at), date(2026, 11, 22), ZONE) == late
