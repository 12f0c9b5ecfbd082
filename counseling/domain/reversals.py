"""May a recorded dose be called a mistake, and who may sign that it was one? Two people, always."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from counseling.domain.refusal import Refusal


class VoidReason(StrEnum):
    """Why an entry was a mistake. In each of them the person has not drunk what was recorded, on that day."""

    WRONG_PERSON = "wrong_person"
    NOT_DRUNK = "not_drunk"
    WRONG_AMOUNT = "wrong_amount"
    WRONG_DAY = "wrong_day"
    OTHER = "other"


@dataclass(frozen=True)
class RecordedState:
    """What has happened to a dose since it was recorded. `waiting_id`: the request that waits for its signature."""

    is_reversed: bool = False
    waiting_id: int | None = None
    was_vomited: bool = False
    was_replaced: bool = False


def ensure_may_be_asked(dose: RecordedState, reason: VoidReason, note: str | None) -> None:
    """Refuse reversal_waiting, the codes of `ensure_reversible`, reason_needs_words."""
    if dose.waiting_id is not None:
        raise Refusal("reversal_waiting")
    ensure_reversible(dose)
    if reason is VoidReason.OTHER and not note:
        raise Refusal("reason_needs_words")


def ensure_reversible(dose: RecordedState) -> None:
    """Refuse already_reversed, dose_was_vomited, dose_was_replaced.

    A dose that came up again or was replaced has been swallowed: somebody saw it, and a doctor decided on it.
    """
    if dose.is_reversed:
        raise Refusal("already_reversed")
    if dose.was_vomited:
        raise Refusal("dose_was_vomited")
    if dose.was_replaced:
        raise Refusal("dose_was_replaced")


def ensure_another_person(asked_by: int, signed_by: int) -> None:
    """Refuse one's own signature (signature_is_own)."""
    if asked_by == signed_by:
        raise Refusal("signature_is_own")
