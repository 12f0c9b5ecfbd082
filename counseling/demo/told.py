"""What has happened so far in the demo's history, still in memory: written as rows once all of it is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from counseling.demo.phones import Line, Lines, Phone
from counseling.demo.texts import Text, Texts


@dataclass
class Asked:
    """A row of `tasks`. `noted_at`: when the audit tells of it, where that is not when it counts from."""

    side: str
    kind: str
    patient_id: int
    site_id: int
    due_on: date
    opened_at: datetime
    opened_by_id: int | None = None  # None: by an answered text
    team_id: int | None = None
    visible_from: datetime | None = None
    noted_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by_id: int | None = None
    outcome: str | None = None
    handed_to: Asked | None = None
    closed_by_contact: bool = False  # then the contact's entry in the audit names it
    stays_open: bool = False  # for whoever looks at the demo
    id: int = 0


@dataclass
class Reply:
    """A row of `inbound_messages`, as services/inbound_reading.py made it. `phone` None: nobody's, or of several."""

    line: Line
    body: str
    received_at: datetime
    read_at: datetime
    meaning: str
    side: str
    site_id: int
    patient_id: int | None = None
    question: Text | None = None
    answer: str | None = None
    handled_at: datetime | None = None
    handled_by_id: int | None = None
    answered_with: Text | None = None  # what somebody of ours typed
    kind: str = "text"
    id: int = 0


@dataclass
class LooksIn:
    """Who may look in on somebody in treatment, and since when; `taken_back_at` None: the agreement stands."""

    patient_id: int
    station_id: int
    team: str
    team_id: int
    point_id: int
    given_at: datetime
    staff_id: int
    place: str
    pretext: str
    never_by: str | None
    ref: str
    request_key: str
    taken_back_at: datetime | None = None
    team_waits: bool = False  # nobody of it has gone yet
    call_back: Asked | None = None  # the last one that was handed on
    id: int = 0

    def stands(self, at: datetime) -> bool:
        return self.given_at <= at and (self.taken_back_at is None or at < self.taken_back_at)


@dataclass
class Told:
    phones: list[Phone] = field(default_factory=list)
    lines: Lines = field(default_factory=Lines)
    texts: Texts = field(default_factory=Texts)
    replies: list[Reply] = field(default_factory=list)
    tasks: list[Asked] = field(default_factory=list)
    visits: dict[int, LooksIn] = field(default_factory=dict)  # by patient
    odd_phones: list[tuple[Line, bool]] = field(default_factory=list)  # True: switched off; else in other hands
    agreed: int = 0  # people who agreed to texts
    heard: int = 0  # answers of those whom chance moves
