"""A team with phones, the real server on an encrypted file, and what stands there when all phones are empty."""

from __future__ import annotations

import json
import random
import shutil
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from chaos.children import Say, run
from chaos.outbox_phone import Event
from chaos.sender_world import DONE, engine_of
from counseling.clock import utc_now
from counseling.database import vault_of, writing
from counseling.models.contacts import OutreachContact
from counseling.models.people import Device
from counseling.models.phone_entries import PhoneEntry, PhoneToken, WaitingVisit
from counseling.queries.actors import actor_ref
from counseling.queries.viewers import hash_token
from counseling.refs import new_request_key
from counseling.services.audit_verification import verify
from counseling.services.phone_tokens import issue_token
from counseling.services.phone_visits import key_of
from counseling.services.support_people import register_supported
from counseling.services.treatment_files import By
from counseling.services.waiting_rows import open_said
from counseling.support_rows import SupportDetails
from tests.support.cast import DONG_KINH, TEAM, fill
from tests.support.databases import migrate
from tests.support.forked import ForkedFlask
from tests.support.phone import visit
from tests.support.server import ROOT, free_port
from tests.support.settings import environment

# A token hands in no more than 300 an hour; and nobody is visited more often than people are.
EVENTS_OF_A_PHONE, PEOPLE_OF_A_PHONE, PEOPLE_IN_A_GROUP = 200, 10, 3
START_SECONDS = 60.0
LOST, TWICE = "lost", "twice"


@dataclass(frozen=True)
class Team:
    """What phones need to know: their tokens, whom they write for, and the people they visit."""

    tokens: list[str]
    actor: str
    people: list[str]


def prepare(folder: Path, phones: int) -> Team:
    """The file that a campaign begins with, made in a child, because it opens connections."""
    said = run(lambda say: _fill(say, folder, phones)).said
    return Team(**json.loads(said))


def _fill(say: Say, folder: Path, phones: int) -> int:
    path, now = folder / "template.db", utc_now() - timedelta(hours=1)
    migrate(f"sqlite:///{path}", folder / "instance")
    engine = engine_of(f"sqlite:///{path}", folder / "instance")
    with Session(engine, expire_on_commit=False) as session:
        cast = fill(session, now)
        viewer, by = cast.viewer_of("volunteer"), By(cast.staff["counselor"], "campaign")
        people = []
        for number in range(phones * PEOPLE_OF_A_PHONE):
            told = {"site_id": DONG_KINH, "team_id": TEAM, "status_since": now.date()}
            details = SupportDetails(community_name=f"Người {number}", **told)
            people.append(register_supported(session, details, by=by, request_key=new_request_key(), now=now))
        with writing(session) as tx:
            rows = [{"token_hash": hash_token(f"d{n}"), "label": "?", "first_seen_at": now} for n in range(phones)]
            devices = tx.execute(insert(Device).returning(Device.id), rows).scalars().all()
        tokens = [issue_token(session, replace(viewer, device_id=device), now).token for device in devices]
        team = Team(tokens, actor_ref(session, cast.roles["volunteer"][0]), people)
    engine.dispose()  # the last connection folds the journal into the file
    say(json.dumps(asdict(team)))
    return DONE


def visit_of(team: Team, dice: random.Random, number: int, before: Sequence[str]) -> tuple[str, dict[str, Any], int]:
    """Kind, what was said, and how many rows come of it: mostly visits, some groups, strangers, and corrections."""
    point, agreed = dice.random(), str(number)
    if point < 0.08:
        return (
            "group",
            visit(None, people=dice.sample(team.people, PEOPLE_IN_A_GROUP), agreed=agreed),
            PEOPLE_IN_A_GROUP,
        )
    if point < 0.14:
        return "visit", visit(None, said=f"khách {number}", agreed=agreed), 1
    if point < 0.22 and before:
        corrects = dice.choice(before)
        return "correction", visit(None, outcome="needs_help", corrects=corrects, agreed=agreed), 1
    return "visit", visit(dice.choice(team.people), agreed=agreed), 1


def keys_of(kind: str, entry_id: str) -> list[str]:
    """The request keys of what comes of an entry."""
    return [key_of(entry_id, n) for n in range(PEOPLE_IN_A_GROUP)] if kind == "group" else [key_of(entry_id)]


def save_events(team: Team, count: int, dice: random.Random) -> list[Event]:
    """What one volunteer has saved, oldest first."""
    events: list[Event] = []
    began = utc_now() - timedelta(days=2)
    for _ in range(count):
        number, own = dice.randrange(10**9), str(uuid.UUID(int=dice.getrandbits(128), version=4))
        kind, said, rows = visit_of(team, dice, number, [event.id for event in events])
        at = began + timedelta(minutes=len(events))
        events.append(Event(own, number, kind, said, at, keys_of(kind, own), rows))
    return events


class Server:
    """`flask serve` on a copy of the template; killed and started again on the same port and file."""

    def __init__(self, folder: Path, template: Path) -> None:
        folder.mkdir(mode=0o700)
        self.path, self.port = folder / "diem-tua.db", free_port()
        shutil.copyfile(template, self.path)
        own = {"PORT": str(self.port), "LOG_LEVEL": "ERROR"}
        self._environment = environment(f"sqlite:///{self.path}", folder / "instance", own)
        self._log = folder / "server.log"
        self._process: ForkedFlask | None = None

    def start(self) -> None:
        """Harmless where it runs."""
        if self._process is not None:
            return
        self._process = ForkedFlask(["--app", "wsgi", "serve"], ROOT, self._environment, self._log)
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"The server did not get ready:\n{self._log.read_text(encoding='utf-8')}")
            time.sleep(0.02)

    def kill(self) -> None:
        """As bad luck does it."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(timeout=START_SECONDS)

    def let_an_hour_pass(self) -> None:
        """The door takes so many new entries of one phone in an hour; a campaign brings a year's in minutes."""
        engine = engine_of(f"sqlite:///{self.path}", self.path.parent / "instance")
        with Session(engine) as session, writing(session) as tx:
            tx.execute(update(PhoneToken).values(counted=0, counted_from=None))
        engine.dispose()

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


def judge(server: Server, events: Sequence[Event]) -> dict[str, int]:
    """How many events are not there as they were saved, and how many are there more than once; in a child."""
    said = run(lambda say: _judge(say, server, events)).said
    found: dict[str, int] = json.loads(said)
    return found


def _judge(say: Say, server: Server, events: Sequence[Event]) -> int:
    engine = engine_of(f"sqlite:///{server.path}", server.path.parent / "instance")
    with Session(engine) as session:
        keys, told = _standing(session)
        entries = session.execute(select(PhoneEntry.entry_id)).scalars().all()
        is_whole = not verify(session).broken
    engine.dispose()
    lost = sum(any(keys[key] == 0 for key in event.expected) for event in events)
    twice = sum(told[str(event.number)] > event.rows for event in events)
    twice += len(entries) - len(set(entries))
    say(json.dumps({LOST: lost + (not is_whole), TWICE: twice}))
    return DONE


def _standing(session: Session) -> tuple[Counter[str], Counter[str]]:
    """Request keys of contacts and of what waits, and how often each event's own words stand there."""
    vault, keys, told = vault_of(session), Counter[str](), Counter[str]()
    for row in session.execute(select(OutreachContact.ref, OutreachContact.request_key, OutreachContact.note)):
        keys[row.request_key] += 1
        told[vault.open("outreach_contacts.note", row.ref, row.note) or ""] += 1
    for row in session.execute(select(WaitingVisit.ref, WaitingVisit.request_key, WaitingVisit.said)):
        keys[row.request_key] += 1
        said = open_said(vault, row.ref, row.said)
        told[(said.agreed if said else None) or ""] += 1
    return keys, told
