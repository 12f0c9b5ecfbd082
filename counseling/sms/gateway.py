"""What a provider of text messages looks like to us. Nobody asks which one it is: each declares what it can do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from counseling.domain.message_states import FailureReason


@dataclass(frozen=True, kw_only=True)
class Abilities:
    two_way: bool  # texts come in through it too
    receipts: bool  # it says later whether a text has arrived
    repeat_safe: bool  # it knows our reference: the same text handed over again goes out once
    unicode: bool  # it carries letters with marks
    segments_per_minute: int
    calls_at_once: int = 1  # texts that may be handed over side by side


class Fault(StrEnum):
    """What somebody has to put right before a gateway takes anything: the channel stops, and an administrator reads."""

    CREDENTIALS = "credentials"  # user name, password or token
    ADDRESS = "address"  # nothing that speaks its language answers there
    CERTIFICATE = "certificate"  # who answers cannot show who they are
    SENDER = "sender"  # the number or service that texts come from
    REGION = "region"  # it may not text this country
    ACCOUNT = "account"  # suspended, or on trial
    DEVICE = "device"  # the phone that is named in the settings is not there
    REPORTS = "reports"  # it calls no address like ours: nothing would come back


@dataclass(frozen=True, kw_only=True)
class TextToSend:
    """One text as it is handed over. `ref` is ours: the provider's reference, and the only part that a log may hold."""

    ref: str
    number: str = field(repr=False)  # E.164
    body: str = field(repr=False)
    expires_at: datetime  # a provider that can let a text die, is told to


@dataclass(frozen=True, kw_only=True)
class AttemptedText:
    """A text whose attempt began at `attempted_at` and never ended. Words and number for who knows no reference."""

    ref: str
    number: str = field(repr=False)
    body: str = field(repr=False)
    attempted_at: datetime


class SmsGateway(Protocol):
    """A provider's adapter. It raises the three errors below and nothing of its own, and no call waits without end."""

    name: str
    abilities: Abilities

    def send(self, message: TextToSend) -> None:
        """Hand over one text; returning means that the provider has it.

        Where `repeat_safe`, a text of a reference that it has already is taken as done.
        Raises SmsRejected, SmsOutcomeUnknown, SmsMisconfigured.
        """

    def resolve_unknown(self, message: AttemptedText) -> bool | None:
        """Ask whether the provider has the text. Asks only, hands nothing over; None: it cannot be told."""


@runtime_checkable
class Attachable(SmsGateway, Protocol):
    """A gateway that has to be told where to report to, and can report again what came in."""

    def attach(self) -> None:
        """Have everything that happens reported to us; safe to repeat. Raises the errors of a text."""

    def report_again(self, since: datetime, until: datetime) -> None:
        """Have the texts that came in within that time reported once more. Raises the errors of a text."""


class SmsRejected(Exception):  # noqa: N818 - says what happened
    """The provider did not take the text: it has not gone out and will not. Not `permanent`: trying again may help.

    `reason` PERMANENT speaks of the number and counts against it. `opted_out`: the person has told the
    provider to stop.
    """

    def __init__(self, reason: FailureReason, *, permanent: bool, opted_out: bool = False) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.permanent = permanent
        self.opted_out = opted_out


class SmsTooLate(SmsRejected):
    """The text has died before it could be handed over: nobody was called, and nobody failed."""

    def __init__(self) -> None:
        super().__init__(FailureReason.TEMPORARY, permanent=False)


def life_left(message: TextToSend, now: datetime, shortest: int) -> int:
    """Whole seconds that a text may live still. Raises SmsTooLate below the shortest life that a provider can give."""
    life = int((message.expires_at - now).total_seconds())
    if life < shortest:
        raise SmsTooLate
    return life


class SmsOutcomeUnknown(Exception):  # noqa: N818 - says what is the case
    """No answer, or one that says nothing: the provider may have the text."""


class SmsMisconfigured(Exception):  # noqa: N818 - says what is the case
    """The provider takes nothing from us until somebody puts a setting right. The text has not gone out."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault
