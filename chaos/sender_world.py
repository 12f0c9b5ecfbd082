"""One queue of texts on an encrypted file, a sender that works on it, and the hand that kills it."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from chaos.children import Say, run
from chaos.providers import KINDS, TOOK, Book, gateway_of
from chaos.sender_judge import judge
from counseling import create_app
from counseling.config import VIETNAM
from counseling.database import db
from counseling.models.texts import OutboundMessage
from counseling.services.sending import send_due
from counseling.services.sweeping import LEASE, sweep
from tests.support.cast import fill
from tests.support.databases import migrate
from tests.support.outbox import a_line, a_person, nothing_against, queued
from tests.support.settings import MORNING, config_for

NOW = MORNING + timedelta(minutes=30)
TEXTS_OF_PEOPLE = (4, 3, 2)  # the first one's fourth text is one too many for a day
DONE = 0
LIVED_TOO_SHORT, LIVED_TOO_LONG = 1.1, 0.8


@dataclass
class Counted:
    """What the kills of one queue, or of many, have come to."""

    kills: int = 0
    queues: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    where: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)  # "provider state" → texts

    def add(self, other: Counted) -> None:
        self.kills += other.kills
        self.queues += other.queues
        self.broken += other.broken
        self.where += other.where
        self.ends += other.ends


def prepare(folder: Path) -> Path:
    """The file that every queue begins with; made in a child, because it opens connections."""
    path = folder / "template.db"
    run(lambda _: _fill(path))
    return path


def _fill(path: Path) -> int:
    url = f"sqlite:///{path}"
    migrate(url, path.parent / "instance")
    engine = engine_of(path, path.parent / "instance")
    with Session(engine, expire_on_commit=False) as session:
        fill(session)
        for texts in TEXTS_OF_PEOPLE:
            person, line = a_person(session), a_line(session)
            for _ in range(texts):
                queued(session, line, patient_id=person, now=NOW, expires_at=NOW + timedelta(days=30))
    engine.dispose()  # the last connection folds the journal into the file, so that the file alone can be copied
    return DONE


def engine_of(path: Path, instance: Path) -> Engine:
    """The product's own engine on a file. No connection is opened."""
    app = create_app(config_for(f"sqlite:///{path}", instance))
    with app.app_context():
        return db.engine


class World:
    """A folder in which one queue after another is worked off under killing. `kind` is the provider."""

    def __init__(self, folder: Path, template: Path, dice: random.Random) -> None:
        self.template, self.dice = template, dice
        self.path = folder / "diem-tua.db"
        self.book = Book(folder / "book.txt")
        self.engine = engine_of(self.path, folder / "instance")
        self.longest_life = 0.1  # seconds; fits itself to the machine and to whatever else runs on it
        self._warm_up()

    def _warm_up(self) -> None:
        """Send and judge here once, so that no child has to build the statements anew: half of its life.

        The connections are closed before the first child is forked.
        """
        for kind in KINDS:
            self._begin_anew()
            self._work(_say_nothing, kind, NOW)
            self._judge(_say_nothing, kind)
        self.engine.dispose()

    def kill_one_queue(self, kind: str, most_kills: int) -> Counted:
        """Send one queue while killing its sender at random moments, let it be finished, and judge."""
        self._begin_anew()
        counted, now = Counted(queues=1), NOW
        while True:
            delay = self.dice.uniform(0, self.longest_life) if counted.kills < most_kills else None
            ended = run(partial(self._work, kind=kind, now=now), delay)
            if delay is not None:  # so that about 7 of 10 senders are killed before they are done
                self.longest_life *= LIVED_TOO_SHORT if ended.was_killed else LIVED_TOO_LONG
            counted.kills += ended.was_killed
            counted.where.update(ended.said.splitlines())
            if not ended.was_killed:  # it has finished the queue, or never will
                break
            now += LEASE + timedelta(seconds=1)
        broken, states = json.loads(run(partial(self._judge, kind=kind)).said)
        for promise, refs in broken.items():
            counted.broken[promise] += len(refs)
        counted.ends.update({f"{kind} {state}": count for state, count in states.items()})
        return counted

    def _begin_anew(self) -> None:
        for path in (self.path, self.path.with_name("diem-tua.db-wal"), self.path.with_name("diem-tua.db-shm")):
            path.unlink(missing_ok=True)
        self.book.path.unlink(missing_ok=True)
        shutil.copyfile(self.template, self.path)

    def _open(self) -> Session:
        return Session(self.engine, expire_on_commit=False)

    def _work(self, say: Say, kind: str, now: datetime) -> int:
        """A sender's life: find what the last one left, sweep, send."""
        gateway = gateway_of(kind, self.book, self._open, now)
        with self._open() as session:
            for where in self._found(session):
                say(where)
            sweep(session, gateway, now, VIETNAM)
            send_due(session, gateway, now, VIETNAM, look_again=nothing_against)
        return DONE

    def _found(self, session: Session) -> list[str]:
        """Where the kill before this life has hit: between which two steps of a text."""
        claimed = select(OutboundMessage.ref, OutboundMessage.attempt_started_at)
        rows = session.execute(claimed.where(OutboundMessage.state == "claimed")).all()
        if not rows:
            return ["between two texts"] if self._is_begun(session) else []
        return [
            "between claim and attempt" if row.attempt_started_at is None
            else "between being taken and the end" if self.book.has(TOOK, row.ref)
            else "between attempt and being taken"
            for row in rows
        ]  # fmt: skip

    def _is_begun(self, session: Session) -> bool:
        return session.execute(select(OutboundMessage.id).where(OutboundMessage.state != "queued")).first() is not None

    def _judge(self, say: Say, kind: str) -> int:
        with self._open() as session:
            states = Counter(session.execute(select(OutboundMessage.state)).scalars())
            say(json.dumps([judge(session, kind, self.book), states]))
        return DONE


def _say_nothing(_: str) -> None:
    """For whoever works without being listened to."""
