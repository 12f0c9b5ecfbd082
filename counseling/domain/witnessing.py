"""May somebody sign that they saw this dose given? Never who gave it, never twice, never what was reversed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo


class Unsigned(StrEnum):
    """Why a dose that somebody ticked got no signature of theirs."""

    REVERSED = "reversed"  # recorded by mistake, as two people have signed meanwhile
    SIGNED_BY_ANOTHER = "signed_by_another"
    OWN_DOSE = "own_dose"  # whoever gave it is no second person
    NOT_ASKED_FOR = "not_asked_for"  # given while the station asked for no witness, or entered from paper
    NOT_OF_THE_TEAM = "not_of_the_team"


@dataclass(frozen=True)
class WitnessedDose:
    """One dose as somebody is about to sign it. `witness_id`: who has signed before, if anybody."""

    is_asked_for: bool
    given_by: int
    is_reversed: bool
    witness_id: int | None


def why_not(dose: WitnessedDose, signer: int, *, is_of_the_team: bool) -> Unsigned | None:
    """The reason that leaves a dose unsigned; None: it may be signed, or is by this very person."""
    if not is_of_the_team:
        return Unsigned.NOT_OF_THE_TEAM
    if dose.is_reversed:
        return Unsigned.REVERSED
    if dose.given_by == signer:
        return Unsigned.OWN_DOSE
    if dose.witness_id is not None:
        return None if dose.witness_id == signer else Unsigned.SIGNED_BY_ANOTHER
    return None if dose.is_asked_for else Unsigned.NOT_ASKED_FOR


def is_late(witnessed_at: datetime, dose_on: date, zone: ZoneInfo) -> bool:
    """Signed after the day of the dose was over: it counts, and is shown as late (ký muộn)."""
    return witnessed_at.astimezone(zone).date() > dose_on
