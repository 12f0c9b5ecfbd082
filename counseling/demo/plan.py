"""What will have happened to one invented person, before any of it is a row. Amounts in tenths of a mg."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from counseling.demo.people import Person

A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Frame:
    """The days that the demo tells of: `first` to yesterday are history, `now` is somewhere in `today`."""

    today: date
    now: datetime
    zone: ZoneInfo
    days: int

    @property
    def first(self) -> date:
        return self.day(-self.days)

    @property
    def yesterday(self) -> date:
        return self.day(-1)

    def day(self, offset: int) -> date:
        return self.today + timedelta(days=offset)

    def at(self, day: date, minutes: float) -> datetime:
        """The instant so many minutes after the station's midnight."""
        midnight = datetime.combine(day, time(), tzinfo=self.zone)
        return midnight + timedelta(seconds=round(minutes * 60))


@dataclass
class PlannedOrder:
    phase: str
    parts: tuple[int, ...]
    starts_on: date
    ends_on: date
    last_on: date
    written_at: datetime
    origin: str
    request_key: str
    gap_reviewed_through: date | None = None
    stopped_at: datetime | None = None

    def runs_on(self, day: date) -> bool:
        return self.starts_on <= day <= self.last_on


@dataclass
class PlannedEvent:
    """Somebody at the window: a dose (`outcome` "dose") or one of the outcomes of a visit."""

    outcome: str
    on: date
    at: datetime
    request_key: str
    order: PlannedOrder | None = None
    part: int = 1
    gap: int | None = None
    gap_check: str | None = None
    reason: str | None = None
    observations: str | None = None
    dose: PlannedEvent | None = None  # the one that was vomited
    answered_at: datetime | None = None  # when the doctor closed the task that this opened
    answered_by: PlannedOrder | None = None  # the order that closed it


@dataclass
class PlannedPatient:
    story: str
    station: str  # code of the site
    register_code: str
    person: Person
    registered_at: datetime
    dice_seed: tuple[object, ...]
    dosed_elsewhere_until: date | None
    elsewhere_source: str | None
    usual_minute: float
    miss_share: float
    orders: list[PlannedOrder] = field(default_factory=list)
    events: list[PlannedEvent] = field(default_factory=list)
    surely_on: set[date] = field(default_factory=set)
    absent_on: set[date] = field(default_factory=set)
    phone: str | None = None
    phone_use: str = "not_asked"  # or "texts", "calls_only"
    agrees_to_visits: bool = False
    team: str | None = None  # by which team; None: any
    team_waits: bool = False  # nobody of it has gone yet
    took_back_visits: bool = False
    staged: bool = False  # one of the round's people: chance leaves their texts alone
    answers: dict[date, str] = field(default_factory=dict)  # to the text of a day

    def order_on(self, day: date) -> PlannedOrder | None:
        return next((order for order in self.orders if order.runs_on(day)), None)

    def covered_days(self) -> tuple[set[date], set[date]]:
        """Days with a known dose, and those of them that are complete."""
        taken: dict[date, set[int]] = {}
        wanted: dict[date, int] = {}
        for event in self.events:
            if event.outcome == "dose" and event.order is not None:
                taken.setdefault(event.on, set()).add(event.part)
                wanted[event.on] = len(event.order.parts)
        complete = {day for day, parts in taken.items() if len(parts) == wanted[day]}
        elsewhere = {self.dosed_elsewhere_until} if self.dosed_elsewhere_until else set()
        return set(taken) | elsewhere, complete | elsewhere
