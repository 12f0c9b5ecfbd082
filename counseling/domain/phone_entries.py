"""What a phone hands in after working without a signal: the entry around, the words inside, and its clock.

A form is understood for as long as phones may still hold it: the last three versions, each by its own reader.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from counseling.domain.refusal import Refusal

FORM_VERSION = 1  # what pages of today send
LONGEST_ENTRY = 16 * 1024
MOST_NEW_IN_AN_HOUR = 300  # of one token; a week of visits of a whole team is less
TOKEN_LASTS = timedelta(days=90)  # what lets a phone hand in entries, from one sign-in to the next
SKEW_SHOWN = timedelta(minutes=10)
OLDEST_VISIT = timedelta(days=180)  # a phone whose battery was empty begins to count in 1970
LONGEST_NOTE, LONGEST_NAME, MOST_CODES, MOST_PEOPLE = 500, 120, 20, 200
MOST_IN_A_GROUP = 2 * MOST_PEOPLE  # those who are taken out count with those who came
KINDS = ("visit", "correction", "group")
OUTCOMES = {"well": "met_well", "needs_help": "met_needs_help", "not_met": "not_met"}
_OWN_OUTCOMES = frozenset(OUTCOMES.values())
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_ACTOR = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,23}")
_REF = re.compile(r"[a-z0-9]{1,16}")


@dataclass(frozen=True, kw_only=True)
class Letter:
    """An entry as it came. `body` is sealed; `offset_minutes`: of the phone's own zone."""

    id: str
    kind: str
    actor: str
    client_time: datetime
    offset_minutes: int
    form_version: int
    tries: int
    body: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Said:
    """What was inside. Codes that this version does not know are kept.

    Of a correction: what is not said stays as it was; `place` "" is not said, `no_next` takes the next day out,
    `is_own` the colleague for whom it was written.
    """

    outcome: str
    who: str | None = None
    said: str | None = None
    place: str = "home"
    topics: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    danger: tuple[str, ...] = ()
    mood: str | None = None
    agreed: str | None = None
    next_on: str | None = None
    no_next: bool = False
    answers: tuple[str, ...] = ()
    corrects: str | None = None
    behalf_of: str | None = None
    is_own: bool = False
    people: tuple[str, ...] = ()
    minutes: int | None = None
    km: int | None = None

    def about(self, ref: str) -> Said:
        """Of a group: the same about one of those who came."""
        return replace(self, who=ref, people=())

    def moved(self, days: timedelta) -> Said:
        """With the next day put right by as much as the day of the visit was; what no calendar has is left out."""
        try:
            on = date.fromisoformat(self.next_on) + days if self.next_on else None
        except OverflowError:
            on = None
        return replace(self, next_on=on.isoformat() if on else None)

    def filled_from(self, before: Said) -> Said:
        """Of a correction: what it does not say stands in the entry `before` that it corrects."""
        return replace(
            self,
            place=self.place or before.place,
            topics=self.topics or before.topics,
            needs=self.needs or before.needs,
            danger=tuple(dict.fromkeys((*before.danger, *self.danger))),
            mood=self.mood or before.mood,
            agreed=self.agreed or before.agreed,
            next_on=None if self.no_next else self.next_on or before.next_on,
            answers=self.answers or (before.answers if self.who in (None, before.who) else ()),
            minutes=before.minutes if self.minutes is None else self.minutes,
            km=before.km if self.km is None else self.km,
            behalf_of=None if self.is_own else self.behalf_of or before.behalf_of,
        )

    def as_text(self) -> str:
        return json.dumps(asdict(self))


def said_of_text(text: str) -> Said:
    """The way back from `as_text`."""
    kept: dict[str, Any] = json.loads(text)
    whole: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()}
    return Said(**whole)


def read_letter(raw: bytes) -> Letter:
    """Refuses (no_entry) what is no entry at all; whatever has an id and a time is one."""
    try:
        letter = json.loads(raw)
        told = datetime.fromisoformat(letter["client_time"])
        offset = told.utcoffset()
        found = Letter(
            id=letter["id"],
            kind=letter["kind"],
            actor=letter["actor"],
            client_time=told.astimezone(UTC),
            offset_minutes=int((offset or timedelta()).total_seconds() // 60),
            form_version=letter["form_version"],
            tries=letter.get("tries", 0),
            body=letter["body"],
        )
        sound = _is_sound(found) and offset is not None
    # RecursionError: a kilobyte of opening brackets; OverflowError: a time before the year 1.
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise Refusal("no_entry") from None
    if not sound:
        raise Refusal("no_entry")
    return found


def _is_sound(letter: Letter) -> bool:
    texts = (letter.id, UUID), (letter.actor, _ACTOR), (letter.kind, re.compile(r"[a-z_]{1,12}"))
    numbers = letter.form_version, letter.tries
    return (
        all(isinstance(text, str) and shape.fullmatch(text) for text, shape in texts)
        and all(type(number) is int and 0 <= number <= 999_999 for number in numbers)
        and isinstance(letter.body, dict)
    )


def read_said(form_version: int, text: bytes) -> Said:
    """Refuses form_unknown (older than the last three, or newer than this program) and unreadable."""
    reader = READERS.get(form_version)
    if reader is None:
        raise Refusal("form_unknown")
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise Refusal("unreadable") from None
    if not isinstance(body, dict):
        raise Refusal("unreadable")
    return reader(body)


def _read_1(body: Mapping[str, Any]) -> Said:
    outcome = body.get("outcome")
    kept = OUTCOMES.get(outcome, outcome) if isinstance(outcome, str) else None
    if kept not in _OWN_OUTCOMES:
        raise Refusal("unreadable")
    task = body.get("task")
    corrects = _matching(UUID, body.get("corrects"))
    place = _code(body.get("place")) or ("" if corrects else "elsewhere")
    return Said(
        outcome=str(kept),
        who=_matching(_REF, body.get("who")),
        said=_clean(body.get("said"), LONGEST_NAME),
        place=place,
        topics=_codes(body.get("topics")),
        needs=_codes(body.get("needs")),
        danger=_codes(body.get("danger")),
        mood=_code(body.get("mood")),
        agreed=_clean(body.get("agreed"), LONGEST_NOTE),
        next_on=_day(body.get("next_on")),
        no_next=body.get("next_on") == "",
        answers=_codes(task if isinstance(task, list) else [task]),
        corrects=corrects,
        behalf_of=_matching(_ACTOR, body.get("behalf_of")),
        is_own=body.get("behalf_of") == "",
        people=_refs(body.get("people")),
        minutes=_count(body.get("minutes"), 1, 480),
        km=_count(body.get("km"), 0, 500),
    )


# Version → how its body is read. A version leaves when it is older than the last three.
READERS: Mapping[int, Callable[[Mapping[str, Any]], Said]] = {1: _read_1}


def _matching(shape: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and shape.fullmatch(value) else None


def _code(value: object) -> str | None:
    return _matching(_CODE, value)


def _codes(value: object) -> tuple[str, ...]:
    given = value if isinstance(value, list) else []
    return tuple(dict.fromkeys(code for one in given if (code := _code(one))))[:MOST_CODES]


def _refs(value: object) -> tuple[str, ...]:
    given = value if isinstance(value, list) else []
    return tuple(dict.fromkeys(ref for one in given if (ref := _matching(_REF, one))))[:MOST_PEOPLE]


def _clean(value: object, longest: int) -> str | None:
    if not isinstance(value, str):
        return None
    words = " ".join("".join(char if char.isprintable() else " " for char in value).split())
    return words[:longest] or None


def _day(value: object) -> str | None:
    try:
        return date.fromisoformat(value).isoformat() if isinstance(value, str) else None
    except ValueError:
        return None


def _count(value: object, least: int, most: int) -> int | None:
    return value if type(value) is int and least <= value <= most else None


def codes_text(codes: Iterable[str], known: Iterable[str], longest: int) -> str:
    """Codes as they are kept: the known ones in their order, then the others, as many as have room."""
    chosen = list(dict.fromkeys(codes))
    ordered = [code for code in known if code in chosen]
    ordered += [code for code in chosen if code not in ordered]
    kept = ""
    for code in ordered:
        longer = f"{kept},{code}" if kept else code
        if len(longer) <= longest:
            kept = longer
    return kept


def skew_of(sent_at: datetime | None, client_time: datetime, received_at: datetime) -> timedelta:
    """How far the phone's clock runs ahead: by its own word at sending, else as far as an entry comes from the future.

    Without that word a visit that waited and a clock that is slow look the same.
    """
    if sent_at is not None:
        return sent_at - received_at
    return max(client_time - received_at, timedelta())


def happened_at(client_time: datetime, skew: timedelta, received_at: datetime) -> datetime:
    """When the visit was, as well as can be told: a wrong clock is put right, nothing lies ahead of its arrival."""
    try:
        at = client_time - skew
    except OverflowError:
        return received_at
    return received_at if at > received_at or received_at - at > OLDEST_VISIT else at


def own_day(letter: Letter) -> date:
    """The day that the phone took for today when the entry was saved: its calendar counts from there."""
    try:
        return (letter.client_time + timedelta(minutes=letter.offset_minutes)).date()
    except OverflowError:
        return letter.client_time.date()


def is_clock_off(client_time: datetime, skew: timedelta, received_at: datetime) -> bool:
    """Whether team leads are told: the skew itself, or a visit from before the phone's battery was last empty."""
    return abs(skew) > SKEW_SHOWN or received_at - client_time > OLDEST_VISIT


def key_of(entry_id: str, number: int = 0) -> str:
    """The request key of the contact that comes of an entry: the database guards a second time against a repeat."""
    plain = entry_id.replace("-", "")
    return plain if number == 0 else hashlib.sha256(f"{plain}:{number}".encode()).hexdigest()[:32]


def keys_of(entry_id: str) -> list[str]:
    """Those of all who can have come to a meeting; the first is the key of the meeting itself."""
    return [key_of(entry_id, number) for number in range(MOST_IN_A_GROUP)]
