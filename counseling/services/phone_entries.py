"""Entries that phones hand in: each becomes exactly what the page's own form makes, once, or waits to be matched.

One transaction holds the entry and all that comes of it: an answer says "stored" or "quarantined" only of what is
committed, and a repeat is answered from what stands there. Nothing that has an id is refused for what is inside.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from counseling.clock import station_day
from counseling.database import AnySession, letterbox_of, writing
from counseling.domain.phone_entries import (
    MOST_NEW_IN_AN_HOUR,
    SKEW_SHOWN,
    Letter,
    Said,
    happened_at,
    own_day,
    read_said,
    skew_of,
)
from counseling.domain.refusal import Refusal
from counseling.envelopes import KeyGone, Unreadable
from counseling.logs import logger
from counseling.models.phone_entries import PhoneEntry, PhoneToken
from counseling.queries.actors import Author, find_author, get_author
from counseling.services import audit
from counseling.services.phone_tokens import Held, lock_token
from counseling.services.phone_visits import Left, Visit, do_visit, leave_all
from counseling.services.waiting_rows import add_waiting

HOUR = timedelta(hours=1)
STORED, ALREADY, QUARANTINED = "stored", "already", "quarantined"


@dataclass(frozen=True)
class Report:
    """What a phone says of itself beside an entry; None where it does not say."""

    sent_at: datetime | None = None
    waiting: int | None = None
    waiting_since: datetime | None = None


@dataclass(frozen=True)
class Arrived:
    """An entry with all that is known of it before anything is locked. `code`: why it cannot be worked on."""

    letter: Letter
    said: Said | None
    code: str | None
    author: Author | None
    home: Author  # the desk of the token's owner, whose point looks after what nobody can be named for
    on: date
    at: datetime
    skew: timedelta


def take_entry(
    session: AnySession, held: Held, letter: Letter, report: Report, *, zone: ZoneInfo, now: datetime
) -> str:
    """Keep an entry and do what it says; "stored", "already" or "quarantined".

    Refuses token_ended (revoked in this very moment) and too_many_entries.
    """
    arrived = arrive(session, held, letter, report, zone, now)
    for _ in range(2):
        try:
            return _keep_once(session, held, arrived, report, now)
        except (Refusal, OperationalError):
            raise
        except IntegrityError:  # the same entry in the same second, by another request: now it stands there
            continue
        except Exception as error:  # a mistake of ours must not keep a visit on a phone for ever
            logger().error("phone entry not worked", entry=letter.id, error_type=type(error).__name__)
            break
    return _keep_once(session, held, replace(arrived, code="not_worked"), report, now)


def arrive(session: AnySession, held: Held, letter: Letter, report: Report, zone: ZoneInfo, now: datetime) -> Arrived:
    """Open an entry, outside any transaction, and find out whose it is and of when."""
    said, code = open_letter(session, letter)
    author = find_author(session, letter.actor, held.id, held.staff_id) or find_author(session, letter.actor, held.id)
    skew = skew_of(report.sent_at, letter.client_time, now)
    at = happened_at(letter.client_time, skew, now)
    home = get_author(session, held.role_id, held.id)
    # The seconds that a line takes look like a clock that is slow; a visit just before midnight stays on its day.
    near = at if abs(skew) > SKEW_SHOWN else happened_at(letter.client_time, timedelta(), now)
    on = station_day(near, zone)
    told = said.moved(on - own_day(letter)) if said else None
    return Arrived(letter, told, code or _doubt(author, held), author, home, on, at, skew)


def open_letter(session: AnySession, letter: Letter) -> tuple[Said | None, str | None]:
    """What is inside, or why it cannot be read."""
    try:
        text = letterbox_of(session).open(letter.id, letter.body)
        return read_said(letter.form_version, text), None
    except KeyGone:
        return None, "key_gone"
    except Unreadable:
        return None, "unreadable"
    except Refusal as refusal:
        return None, refusal.code


def _doubt(author: Author | None, held: Held) -> str | None:
    """The one who wrote it counts, never whoever happens to send it."""
    if author is None:
        return "actor_unknown"
    if author.viewer.staff_id != held.staff_id:
        return "another_actor"
    return None if author.may_log else "actor_may_not"


def _keep_once(session: AnySession, held: Held, arrived: Arrived, report: Report, now: datetime) -> str:
    letter = arrived.letter
    with writing(session) as tx, audit.gathered(tx):
        token = lock_token(tx, held.id, now)
        first = tx.execute(select(PhoneEntry.result).where(PhoneEntry.entry_id == letter.id)).scalar()
        if first is not None:
            _note_report(tx, held.id, report, arrived.skew, {}, now)
            return ALREADY if first == STORED else QUARANTINED
        counted = _count(token, now)
        left = work_on(tx, arrived, now)
        result = QUARANTINED if left else STORED
        entry_id = _add_entry(tx, held, arrived, result, now)
        for one in left:
            _wait(tx, arrived, one, entry_id, now)
        _note_report(tx, held.id, report, arrived.skew, counted, now)
        return result


def work_on(tx: Session, arrived: Arrived, now: datetime) -> list[Left]:
    """Do what the entry says, inside the caller's transaction; gives what has to be matched by somebody."""
    kind, said, author = arrived.letter.kind, arrived.said, arrived.author
    if arrived.code or said is None or author is None:
        return leave_all(kind, said, arrived.code or "unreadable")
    # Once more, now that the transaction stands: a desk may have ended since the entry was opened.
    if author.viewer.role_id is None or not get_author(tx, author.viewer.role_id).may_log:
        return leave_all(kind, said, "actor_may_not")
    return do_visit(tx, Visit(kind, arrived.letter.id, said, author.viewer, arrived.on, arrived.at), now)


def _count(token: Row[*tuple[Any, ...]], now: datetime) -> dict[str, object]:
    """New entries within an hour; a phone that comes back after weeks sends the rest in the next one."""
    if token.counted_from is None or now - token.counted_from >= HOUR:
        return {"counted_from": now, "counted": 1}
    if token.counted >= MOST_NEW_IN_AN_HOUR:
        raise Refusal("too_many_entries", wait_seconds=int((token.counted_from + HOUR - now).total_seconds()) + 1)
    return {"counted": token.counted + 1}


def _add_entry(tx: Session, held: Held, arrived: Arrived, result: str, now: datetime) -> int:
    letter, author = arrived.letter, arrived.author
    row = insert(PhoneEntry).values(
        entry_id=letter.id,
        token_id=held.id,
        kind=letter.kind,
        actor=letter.actor,
        written_by_id=author.viewer.staff_id if author else None,
        client_time=letter.client_time,
        offset_minutes=letter.offset_minutes,
        received_at=now,
        skew_seconds=_seconds(arrived.skew),
        form_version=letter.form_version,
        tries=letter.tries,
        body=json.dumps(letter.body).encode(),
        result=result,
    )
    return tx.execute(row.returning(PhoneEntry.id)).scalar_one()


def _wait(tx: Session, arrived: Arrived, left: Left, entry_id: int, now: datetime) -> None:
    author = arrived.author
    add_waiting(
        tx,
        author or arrived.home,
        code=left.code,
        said=left.said,
        request_key=left.key_in(arrived.letter.id),
        on=arrived.on,
        at=arrived.at,
        now=now,
        entry_id=entry_id,
        is_author_known=author is not None,
    )


def _note_report(
    tx: Session, token_id: int, report: Report, skew: timedelta, counted: dict[str, object], now: datetime
) -> None:
    values: dict[str, object] = {"heard_at": now, "skew_seconds": _seconds(skew), **counted}
    if report.waiting is not None:
        since = report.waiting_since if report.waiting else None
        values |= {"waiting": report.waiting, "waiting_since": since}
    tx.execute(update(PhoneToken).where(PhoneToken.id == token_id).values(**values))


def _seconds(skew: timedelta) -> int:
    """As far as 32 bits reach: a clock that says the year 9999 is as wrong as one that says 2090."""
    return int(max(-(2**31) + 1, min(2**31 - 1, skew.total_seconds())))
