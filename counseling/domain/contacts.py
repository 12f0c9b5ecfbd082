"""Contacts with somebody who is supported: what may be said of one, and which entries count after corrections."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from counseling.domain.refusal import Refusal

# In the order in which the page offers them; none of them is about health care of any kind.
TOPICS = ("family", "work", "health", "money", "housing", "papers", "mood", "friends")
KINDS = ("home", "point", "phone", "elsewhere")
# What pages offer as "where"; the last two say with whom. → where, and in which company.
PLACES: Mapping[str, tuple[str, str | None]] = {
    "home": ("home", None), "family": ("home", "family"), "phone": ("phone", None), "point": ("point", None),
    "group": ("elsewhere", "group"), "elsewhere": ("elsewhere", None),
}  # fmt: skip
NEEDS = ("work", "money", "papers", "housing", "health", "company")
MOODS = ("good", "so_so", "low")
# Signs at which nobody waits; what to do then stands on a page of its own.
DANGERS = ("overdose", "suicide", "violence")
MINUTES = (15, 30, 60, 120)  # what the chips offer
MOST_MINUTES, MOST_KM = 480, 500
ANSWERS = ("met_well", "met_needs_help", "not_met")
MET = frozenset({"met_well", "met_needs_help"})
WITHDRAWN = "withdrawn"
# Which kind of contact a task asks for; anything else begins at home.
KIND_OF_TASK: Mapping[str, str] = {"call_by_phone": "phone", "danger_sign": "phone"}
# What the chips of the page offer: days until somebody is to be met again.
NEXT_IN_DAYS = (7, 14, 30)
LATEST_NEXT_DAYS = 366


@dataclass(frozen=True)
class Entry:
    """One row of the book. `corrects_id`: the row whose place it takes; no two rows name the same one."""

    id: int
    outcome: str
    contact_on: date
    corrects_id: int | None = None


def first_of(entries: Collection[Entry], entry_id: int) -> int:
    """The row that an entry's chain of corrections began with."""
    corrects = {entry.id: entry.corrects_id for entry in entries}
    before = corrects[entry_id]
    while before is not None:
        entry_id, before = before, corrects[before]
    return entry_id


def standing(entries: Collection[Entry]) -> list[Entry]:
    """The entries that count: the last of each chain, unless it withdraws it; in the order of the contacts themselves.

    A correction stands where its first entry stood: it was written later, the contact was not later.
    """
    replaced = {entry.corrects_id for entry in entries}
    last = [entry for entry in entries if entry.id not in replaced and entry.outcome != WITHDRAWN]
    return sorted(last, key=lambda entry: (entry.contact_on, first_of(entries, entry.id)))


def latest_of(entries: Collection[Entry]) -> Entry | None:
    """The contact that a file's summary shows; None while none counts."""
    counting = standing(entries)
    return counting[-1] if counting else None


def is_met_on(entries: Collection[Entry], day: date) -> bool:
    """Whether some entry that counts says that the person was met on this day."""
    return any(entry.contact_on == day and entry.outcome in MET for entry in standing(entries))


def last_met_on(entries: Collection[Entry]) -> date | None:
    """The latest day on which some entry that counts says that the person was met."""
    return max((entry.contact_on for entry in standing(entries) if entry.outcome in MET), default=None)


def topics_text(topics: Iterable[str]) -> str:
    """The topics as they are kept: in the list's order, with commas. Refuses topic_unknown."""
    chosen = set(topics)
    if not chosen <= set(TOPICS):
        raise Refusal("topic_unknown")
    return ",".join(topic for topic in TOPICS if topic in chosen)


def place_of(kind: str, company: str | None) -> str:
    """Where a contact was, as pages offer it."""
    return next((place for place, kept in PLACES.items() if kept == (kind, company)), kind)


def ensure_ticked(
    needs: Collection[str], danger: Collection[str], mood: str | None, minutes: int | None, km: int | None
) -> None:
    """Refuses need_unknown, danger_unknown, mood_unknown, minutes_out_of_range, km_out_of_range."""
    if not set(needs) <= set(NEEDS):
        raise Refusal("need_unknown")
    if not set(danger) <= set(DANGERS):
        raise Refusal("danger_unknown")
    if mood is not None and mood not in MOODS:
        raise Refusal("mood_unknown")
    if minutes is not None and not 1 <= minutes <= MOST_MINUTES:
        raise Refusal("minutes_out_of_range")
    if km is not None and not 0 <= km <= MOST_KM:
        raise Refusal("km_out_of_range")


def ensure_contact(kind: str, outcome: str, next_on: date | None, today: date) -> None:
    """Refuses kind_unknown, outcome_unknown, and next_out_of_range: the next day lies within the coming year."""
    if kind not in KINDS:
        raise Refusal("kind_unknown")
    if outcome not in ANSWERS:
        raise Refusal("outcome_unknown")
    if next_on is not None and not today < next_on <= today + timedelta(days=LATEST_NEXT_DAYS):
        raise Refusal("next_out_of_range")
