"""One queue of texts, a sender that works on it, and the hand that kills it.

On an encrypted file the texts go one by one; on PostgreSQL in batches, whose calls are made side by side.
"""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from chaos.children import Say, run, run_together
from chaos.providers import TOOK, Book, gateway_of
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
from tests.support.postgres import Cluster
from tests.support.settings import MORNING, config_for

NOW = MORNING + timedelta(minutes=30)
TEXTS_OF_PEOPLE = (4, 3, 2)  # the first one's fourth text is one too many for a day
CALLS_AT_ONCE = 4  # of a batch: a queue is three of them
TEMPLATE = "template_of_queues"
DONE = 0
LIVED_TOO_SHORT, LIVED_TOO_LONG = 1.1, 0.8


@dataclass(frozen=True)
class Kind:
    """Who carries the texts, and whether in batches on PostgreSQL or one by one on a file."""

    provider: str
    in_batches: bool = False

    def __str__(self) -> str:
        return f"{self.provider} in batches" if self.in_batches else self.provider


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


class QueueOnFile:
    def __init__(self, folder: Path) -> None:
        self.template, self.path = folder.parent / "template.db", folder / "diem-tua.db"
        self.engine = engine_of(f"sqlite:///{self.path}", folder / "instance")

    def begin_anew(self) -> None:
        for path in (self.path, self.path.with_name("diem-tua.db-wal"), self.path.with_name("diem-tua.db-shm")):
            path.unlink(missing_ok=True)
        shutil.copyfile(self.template, self.path)


class QueueOnServer:
    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self.cluster, self.name = cluster, folder.name.replace("-", "_")
        self.engine = engine_of(cluster.url(self.name), folder / "instance")

    def begin_anew(self) -> None:
        self.cluster.drop_database(self.name)
        self.cluster.create_database(self.name, template=TEMPLATE)


def prepare(folder: Path, cluster: Cluster) -> None:
    """What every queue begins with; made in children, because it opens connections."""
    cluster.create_database(TEMPLATE)
    urls = {"file": f"sqlite:///{folder / 'template.db'}", "server": cluster.url(TEMPLATE)}
    run_together([partial(_fill, url=url, instance=folder / name) for name, url in urls.items()])


def _fill(_: Say, url: str, instance: Path) -> int:
    migrate(url, instance)
    engine = engine_of(url, instance)
    with Session(engine, expire_on_commit=False) as session:
        fill(session)
        for texts in TEXTS_OF_PEOPLE:
            person, line = a_person(session), a_line(session)
            for _ in range(texts):
                queued(session, line, patient_id=person, now=NOW, expires_at=NOW + timedelta(days=30))
    engine.dispose()  # the last connection folds the journal into the file, so that the file alone can be copied
    return DONE


def engine_of(url: str, instance: Path) -> Engine:
    """The product's own engine. No connection is opened."""
    app = create_app(config_for(url, instance))
    with app.app_context():
        return db.engine


class World:
    """A folder in which one queue after another is worked off under killing."""

    def __init__(self, folder: Path, cluster: Cluster, dice: random.Random, kinds: Iterable[Kind]) -> None:
        self.dice = dice
        self.book = Book(folder / "book.txt")
        self.queues = {False: QueueOnFile(folder), True: QueueOnServer(folder, cluster)}
        # Seconds, by kind; fits itself to the machine and to whatever else runs on it.
        self.longest_life = dict.fromkeys(kinds, 0.1)
        self._warm_up()

    def _warm_up(self) -> None:
        """Send and judge here once, so that no child has to build the statements anew: half of its life.

        The connections are closed before the first child is forked.
        """
        for kind in self.longest_life:
            self._begin_anew(kind)
            self._work(_say_nothing, kind, NOW)
            self._judge(_say_nothing, kind)
            self.queues[kind.in_batches].engine.dispose()

    def kill_one_queue(self, kind: Kind, most_kills: int) -> Counted:
        """Send one queue while killing its sender at random moments, let it be finished, and judge."""
        self._begin_anew(kind)
        counted, now = Counted(queues=1), NOW
        while True:
            delay = self.dice.uniform(0, self.longest_life[kind]) if counted.kills < most_kills else None
            ended = run(partial(self._work, kind=kind, now=now), delay)
            if delay is not None:  # so that about 7 of 10 senders are killed before they are done
                self.longest_life[kind] *= LIVED_TOO_SHORT if ended.was_killed else LIVED_TOO_LONG
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

    def _begin_anew(self, kind: Kind) -> None:
        self.book.path.unlink(missing_ok=True)
        self.queues[kind.in_batches].begin_anew()

    def _open(self, kind: Kind) -> Session:
        return Session(self.queues[kind.in_batches].engine, expire_on_commit=False)

    def _work(self, say: Say, kind: Kind, now: datetime) -> int:
        """A sender's life: find what the last one left, sweep, send."""
        at_once = CALLS_AT_ONCE if kind.in_batches else 1
        gateway = gateway_of(kind.provider, self.book, partial(self._open, kind), now, at_once)
        with self._open(kind) as session:
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

    def _judge(self, say: Say, kind: Kind) -> int:
        with self._open(kind) as session:
            states = Counter(session.execute(select(OutboundMessage.state)).scalars())
            say(json.dumps([judge(session, kind.provider, self.book), states]))
        return DONE


def _say_nothing(_: str) -> None:
    """For whoever works without being listened to."""
