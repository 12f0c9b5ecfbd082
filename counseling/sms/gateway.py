"""What a provider of text messages looks like to us. Nobody asks which one it is: each declares what it can do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from counseling.domain.message_states import FailureReason


@dataclass(frozen=True, kw_only=True)
class Abilities:
    two_way: bool  # texts come in through it too
    receipts: bool  # it says later whether a text has arrived
    repeat_safe: bool  # it knows our reference: the same text handed over again goes out once
    unicode: bool  # it carries letters with marks
    segments_per_minute: int


@dataclass(frozen=True, kw_only=True)
class TextToSend:
    """One text as it is handed over. `ref` is ours: the provider's reference, and the only part that a log may hold."""

    ref: str
    number: str = field(repr=False)  # E.164
    body: str = field(repr=False)
    expires_at: datetime  # a provider that can let a text die, is told to


class SmsGateway(Protocol):
    """A provider's adapter. It raises the two errors below and nothing of its own, and no call waits without end."""

    name: str
    abilities: Abilities

    def send(self, message: TextToSend) -> None:
        """Hand over one text; returning means that the provider has it.

        Where `repeat_safe`, a text of a reference that it has already is taken as done.
        Raises SmsRejected, SmsOutcomeUnknown.
        """

    def resolve_unknown(self, message_ref: str) -> bool | None:
        """Ask whether the provider has the text. Asks only, hands nothing over; None: it cannot be told."""


class SmsRejected(Exception):  # noqa: N818 - says what happened
    """The provider did not take the text: it has not gone out and will not. Not `permanent`: trying again may help.

    `reason` PERMANENT speaks of the number and counts against it.
    """

    def __init__(self, reason: FailureReason, *, permanent: bool) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.permanent = permanent


class SmsOutcomeUnknown(Exception):  # noqa: N818 - says what is the case
    """No answer, or one that says nothing: the provider may have the text."""
