"""What will have happened to one person who is supported, before any of it is a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from counseling.demo.dice import Dice
from counseling.demo.phones import Phone
from counseling.demo.texts import Occurrence
from counseling.demo.told import Asked
from counseling.domain.aftercare import check_in_after
from counseling.domain.contacts import MET
from counseling.support_rows import SupportDetails


@dataclass
class Contact:
    """A row of `outreach_contacts`; `corrects`: the entry whose place it takes."""

    person: Supported
    kind: str
    outcome: str
    at: datetime
    on: date
    staff_id: int
    team_id: int | None
    topics: str = ""
    note: str | None = None
    next_on: date | None = None
    task: Asked | None = None
    corrects: Contact | None = None
    id: int = 0


@dataclass
class Booked:
    """A row of `appointments`."""

    person: Supported
    starts_at: datetime
    booked_at: datetime
    staff_id: int
    will_come: bool = True
    state: str = "booked"
    changed_at: datetime | None = None
    id: int = 0


@dataclass
class Held:
    """A row of `counseling_sessions`; `person` None: somebody who gave no name."""

    site_id: int
    person: Supported | None
    kind: str
    form: str
    topics: str
    minutes: int
    agreed: str | None
    on: date
    at: datetime
    staff_id: int
    sex: str = "unknown"
    kept: Booked | None = None


@dataclass
class Aftercare:
    """A row of `aftercare_files`. `asked_on`: the last day for which a text was planned."""

    rhythm: str
    opened_at: datetime
    opened_on: date
    next_on: date
    staff_id: int
    supporter_id: int | None
    asked_on: date | None = None
    ends_on: date | None = None
    ended_at: datetime | None = None
    end_reason: str | None = None

    def is_open(self, at: datetime) -> bool:
        return self.opened_at <= at and (self.ended_at is None or at < self.ended_at)


@dataclass
class Supported:
    patient_id: int
    ref: str
    point: str  # code of the site
    team: str
    details: SupportDetails
    registered_at: datetime
    registered_by_id: int
    request_key: str | None
    dice_seed: tuple[object, ...]
    aftercare: Aftercare
    by_agreement: bool = False  # the file was made by somebody in treatment who agreed to visits
    phone: Phone | None = None
    is_silent: bool = False  # nobody has gone for a while
    visits: dict[date, str] = field(default_factory=dict)  # what surely happens on a day, and how it ends
    answers: dict[date, str] = field(default_factory=dict)
    quiet_from: date | None = None  # from then on only what is said above
    planned: list[Occurrence] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    sessions: list[Held] = field(default_factory=list)
    bookings: list[Booked] = field(default_factory=list)

    def dice(self, *of: object) -> Dice:
        return Dice(*of, *self.dice_seed)

    def met(self, on: date, at: datetime) -> None:
        """A sign of life moves the next check-in on, as services/aftercare.py does."""
        if self.aftercare.is_open(at):
            self.aftercare.next_on = max(self.aftercare.next_on, check_in_after(self.aftercare.rhythm, on))

    def was_not_met(self, on: date, at: datetime) -> None:
        """The entry of a day was a mistake."""
        if self.aftercare.is_open(at) and self.aftercare.next_on == check_in_after(self.aftercare.rhythm, on):
            self.aftercare.next_on = on

    def write_down(self, contact: Contact) -> None:
        self.contacts.append(contact)
        if contact.outcome in MET:
            self.met(contact.on, contact.at)
        elif contact.corrects is not None and contact.corrects.outcome in MET:
            self.was_not_met(contact.on, contact.at)
