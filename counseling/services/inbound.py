"""Texts that come in: stored at once under the provider's key, then worked from the table, one transaction each."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from counseling.clock import monotonic
from counseling.database import AnySession, vault_of, writing
from counseling.models.texts import InboundMessage
from counseling.refs import new_ref
from counseling.registers.bad_cell import BadCell
from counseling.registers.phones import parse_phone
from counseling.services.inbound_reading import work_on_next, work_on_oldest_of
from counseling.services.phone_lines import ensure_lines
from counseling.services.test_texts import Reply, note_replies

LONGEST_BODY = 2_000  # characters; ten parts of the widest alphabet are 670
LONGEST_KEY = 120
LONGEST_SENDER = 20  # "VIETTEL", "9029": not everything that texts is a phone
# Numbers in one transaction. SQLite has one writer: a dose waits for so many texts at most.
AT_ONCE = {"sqlite": 4, "postgresql": 8}
# On PostgreSQL, for those who read several numbers at once: far below the second after which it looks for a deadlock,
# so that locks which somebody else takes in another order cost this transaction and never theirs.
WAITS_FOR_NOBODY = "SET LOCAL lock_timeout = '100ms'"
# Seconds: reports of one burst follow each other faster, and so long each group of texts waits for them at most.
BETWEEN_TWO, LONGEST_PATIENCE = 0.05, 0.25
MOST_LINES = 500  # of one call, so that the other work of a tick is not kept waiting

_texts = InboundMessage.__table__
INSERT_INBOUND = {
    name: dialect.insert(_texts).on_conflict_do_nothing().returning(_texts.c.ref)
    for name, dialect in {"postgresql": postgresql, "sqlite": sqlite}.items()
}
FIND_CONTENTS = select(_texts.c.content_token).where(_texts.c.content_token.in_(bindparam("tokens", expanding=True)))


def store_inbound(
    session: AnySession,
    *,
    gateway: str,
    event_key: str,
    number: str,
    body: str,
    received_at: datetime,
    content: str | None = None,
    kind: str = "text",
    written_at: datetime | None = None,
) -> bool:
    """Keep one text as it came and think about it later; False when this key or this `content` was kept before.

    `kind` "missed_call": somebody rang and hung up, which asks to be called back. `number` may be anything that a
    provider calls a sender. What is longer than LONGEST_BODY is cut there. `content`: who, what and when by the
    provider, for those who report one text under two keys. `written_at`: where it comes later than it was written.
    """
    vault, ref = vault_of(session), new_ref()
    contents = [] if content is None else vault.tokens("inbound:content", _whole(content))
    text = _whole(body)[:LONGEST_BODY]
    came = _Came(
        number=_sender_of(number),
        values={
            "ref": ref,
            "event_key": _key_of(gateway, event_key),
            "content_token": contents[0] if contents else None,
            "kind": kind,
            "gateway": gateway,
            "body": vault.seal("inbound_messages.body", ref, text),
            "received_at": received_at,
            "written_at": written_at,
        },
        older_contents=contents[1:],
    )
    return _store_together(session, came)


@dataclass
class _Came:
    """One text that waits to be stored. `is_new` None: not yet. `older_contents`: its content under older keys."""

    number: str
    values: dict[str, Any]
    older_contents: Sequence[bytes] = ()
    is_new: bool | None = None


class _Gate:
    """Where those stand who store at the same moment: whoever goes in takes all of them along, in one transaction.

    A commit waits for the disk, however much it writes; a gateway that was away hands over everything at once.
    """

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self.waiting: deque[_Came] = deque()
        self.stored_at = 0.0  # by `monotonic`

    def let_pass(self, since: float) -> None:
        """Wait while others store, if they have begun to since then: a gateway waits for its answer, we for nobody.

        But not for long: somebody may be in danger, and after the burst there would be more to read.
        """
        until = monotonic() + LONGEST_PATIENCE
        while self.stored_at > max(since, monotonic() - BETWEEN_TWO) and monotonic() < until:
            time.sleep(BETWEEN_TWO / 2)


_gates: WeakKeyDictionary[object, _Gate] = WeakKeyDictionary()
_gates_lock = threading.Lock()


def _gate_of(session: AnySession) -> _Gate:
    with _gates_lock:
        return _gates.setdefault(session.get_bind(), _Gate())


def _store_together(session: AnySession, came: _Came) -> bool:
    gate = _gate_of(session)
    gate.waiting.append(came)
    with gate.turn:
        gate.stored_at = monotonic()
        if came.is_new is None:
            _store_all(session, [gate.waiting.popleft() for _ in range(len(gate.waiting))])
        if came.is_new is None:  # somebody else took it along, and all of theirs came to nothing
            _store_all(session, [came])
    return bool(came.is_new)


def _store_all(session: AnySession, texts: Sequence[_Came]) -> None:
    """Store these, all or none. A text that cannot be stored must not keep the others out: then each tries alone."""
    try:
        with writing(session) as tx:
            new = _store(tx, texts)
    except Exception:
        if len(texts) == 1:
            raise
        return
    for came in texts:
        came.is_new = came.values["ref"] in new


def _store(tx: Session, texts: Sequence[_Came]) -> set[str]:
    """Few statements, however many texts; gives the references of those that were not kept before."""
    texts = _without_known(tx, texts)
    if not texts:
        return set()
    lines = ensure_lines(tx, vault_of(tx), {came.number for came in texts})
    rows = [{**came.values, "line_id": lines[came.number]} for came in texts]
    insert = INSERT_INBOUND[tx.get_bind().dialect.name]
    new = set(tx.connection().execute(insert, rows).scalars())
    replies = [_reply_of(row) for row in rows if row["ref"] in new and row["kind"] == "text"]
    if replies:
        note_replies(tx, replies)
    return new


def _reply_of(row: dict[str, Any]) -> Reply:
    return Reply(row["line_id"], row["gateway"], row["written_at"] or row["received_at"], row["received_at"])


def _without_known(tx: Session, texts: Sequence[_Came]) -> Sequence[_Came]:
    """Without those that were kept under an older key: a phone reports again what came in before the key was new."""
    older = [token for came in texts for token in came.older_contents]
    known = set(tx.connection().execute(FIND_CONTENTS, {"tokens": older}).scalars()) if older else ()
    return [came for came in texts if not any(token in known for token in came.older_contents)]


def is_waiting(session: AnySession) -> bool:
    """Whether a text has come in that nobody has worked on."""
    found = session.execute(select(InboundMessage.id).where(InboundMessage.read_at.is_(None)).limit(1)).first()
    session.rollback()
    return found is not None


def read_inbound(
    session: AnySession,
    now: datetime,
    zone: ZoneInfo,
    dice: random.Random,
    *,
    clock: Callable[[], datetime] | None = None,
) -> int:
    """Work on texts that nobody has worked on, number by number, each number's in order; gives how many.

    At most MOST_LINES numbers. `clock` is asked before each text; None: all of them are read at `now`. A number whose
    text cannot be worked on does not keep the others waiting: the first error is raised at the end.
    """
    read, failed, waiting, gate, began = 0, None, _lines_that_wait(session), _gate_of(session), monotonic()
    reading = _Reading(session, clock or (lambda: now), zone, dice)
    together = AT_ONCE[session.get_bind().dialect.name]
    for first in range(0, len(waiting), together):
        lines = waiting[first : first + together]
        gate.let_pass(since=began)
        done = reading.oldest_of([line_id for line_id, _ in lines])
        read += done or 0
        for line_id, count in lines:
            if done is not None and count == 1:
                continue
            try:
                read += sum(1 for _ in islice(reading.work_on(line_id), count))
            except Exception as error:
                failed = failed or error
    if failed is not None:
        raise failed
    return read


@dataclass(frozen=True)
class _Reading:
    """What stays the same while texts are read."""

    session: AnySession
    clock: Callable[[], datetime]
    zone: ZoneInfo
    dice: random.Random

    def oldest_of(self, line_ids: Sequence[int]) -> int | None:
        """Work on the oldest text of each of these numbers in one transaction; gives how many, None: nothing came.

        They share a commit and the entries in their site's chain, which cost more than the reading.
        """
        try:
            with writing(self.session) as tx:
                if tx.get_bind().dialect.name == "postgresql":
                    tx.connection().exec_driver_sql(WAITS_FOR_NOBODY)
                return work_on_oldest_of(tx, line_ids, self.clock, self.zone, self.dice)
        except Exception:
            return None  # one of them cannot be worked on, or is somebody else's just now: each is tried by itself

    def work_on(self, line_id: int) -> Iterator[int]:
        while True:
            with writing(self.session) as tx:
                worked_on = work_on_next(tx, line_id, self.clock(), self.zone, self.dice)
            if worked_on is None:
                return
            yield worked_on


def _lines_that_wait(session: AnySession) -> list[tuple[int, int]]:
    """Numbers with texts that nobody has worked on, and how many, those first that wait longest."""
    waiting = (
        select(InboundMessage.line_id, func.count())
        .where(InboundMessage.read_at.is_(None))
        .group_by(InboundMessage.line_id)
        .order_by(func.min(InboundMessage.id))
        .limit(MOST_LINES)
    )
    return [(line_id, count) for line_id, count in session.execute(waiting)]


def _whole(words: str) -> str:
    """Without half a surrogate pair: it can be neither sealed nor counted."""
    return words.encode(errors="replace").decode()


def _key_of(gateway: str, event_key: str) -> str:
    """One column for the keys of all providers; what does not fit or cannot be stored stands there as its digest."""
    key = f"{gateway}:{event_key}"
    if len(key) <= LONGEST_KEY and key.isprintable():
        return key
    return f"{gateway}:sha256:{hashlib.sha256(event_key.encode(errors='replace')).hexdigest()}"


def _sender_of(number: str) -> str:
    """E.164 where it is a phone's number; else what the provider calls the sender, cut to what can be shown."""
    if not any(char.isalpha() for char in number):
        try:
            return parse_phone(number[:LONGEST_BODY]).e164
        except BadCell:
            pass
    return "".join(char for char in number if char.isprintable())[:LONGEST_SENDER].strip() or "?"
