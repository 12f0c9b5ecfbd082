"""The files of practices: one encrypted database for each learner, keys of their own, and who it belongs to.

Everything lies in files, so that any process of the installation can take up a practice that another one began.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from counseling.config import Config
from counseling.database import open_database
from counseling.queries.practice_days import count_tried
from counseling.refs import new_ref

PREFIX = "/practice"  # below it lie the practice's addresses
# Where the two applications keep what they need of it.
FOLDER, SEATS = "diem_tua_practice_folder", "diem_tua_practice_seats"
LONGEST = timedelta(days=2)  # then a practice that nobody ended is thrown away
TOKEN_LASTS = timedelta(minutes=1)
KEY_BYTES = 32
_REF = re.compile(r"[2-9a-z]{12}")
_PARTS = (".json", ".db", ".db-wal", ".db-shm")


@dataclass(frozen=True)
class Learner:
    """Who practises, as the real application knows them: ids only."""

    staff_id: int
    session_id: int
    site_id: int
    part: str  # the desk that they sit down at first
    locale: str


@dataclass(frozen=True)
class Running:
    """A practice that has begun and not ended."""

    ref: str
    started_at: datetime
    learner: Learner


class PracticeFolder:
    """`real` is the configuration of the real application: time zone and cookies' safety are taken over, no secret."""

    def __init__(self, real: Config) -> None:
        self.path = real.instance / "practice"
        self._real = real

    @property
    def was_ever_used(self) -> bool:
        """Whether anybody has ever practised on this installation."""
        return (self.path / "keys").exists()

    def config(self, ref: str = "none") -> Config:
        """The practice's own configuration: always the embedded database, no gateway, keys that open nothing real."""
        keys = self._keys()
        return replace(
            self._real,
            instance=self.path,
            database_url=f"sqlite:///{self.path.resolve() / ref}.db",
            database_key=bytes.fromhex(keys["database"]),
            secret_key=keys["secret"],
            data_keys=(base64.b64decode(keys["data"]),),
            backup_key=base64.b64decode(keys["backup"]),
            outbox_keys=(secrets.token_bytes(KEY_BYTES),),  # no phone seals anything to a practice
            demo=False,
            demo_now=None,
            trusted_proxies=0,  # the real application has read the proxy's headers already
            metrics_token=None,
            sms_gateway=None,
            smsgate=None,
            twilio=None,
            is_practice=True,
        )

    def begin(self, learner: Learner, now: datetime) -> Running:
        """Make a fresh practice. The learner's former one and everybody's old ones are thrown away."""
        from counseling.practice.filling import build, fill  # the invented people: 5 MB where nobody ever practises

        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for other in list(self._all()):
            if other.learner.staff_id == learner.staff_id or now - other.started_at > LONGEST:
                self.throw_away(other.ref)
        running = Running(new_ref(), now, learner)
        engine = open_database(self.config(running.ref))
        try:
            build(engine)
            with Session(engine, expire_on_commit=False) as session:
                fill(session, now=now, zone=self._real.timezone, locale=learner.locale)
        finally:
            engine.dispose()
        text = json.dumps({"started_at": now.isoformat(), "learner": asdict(learner)})
        _write(self.path / f"{running.ref}.json", text)
        return running

    def find(self, ref: object) -> Running | None:
        """None for what has ended, was thrown away, or never was."""
        if not isinstance(ref, str) or not _REF.fullmatch(ref) or not (self.path / f"{ref}.db").exists():
            return None
        try:
            said = json.loads((self.path / f"{ref}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return Running(ref, datetime.fromisoformat(said["started_at"]), Learner(**said["learner"]))

    def running_of(self, staff_id: int) -> Running | None:
        return next((one for one in self._all() if one.learner.staff_id == staff_id), None)

    def tried(self, running: Running) -> dict[str, int]:
        """How often each thing was done in a practice so far."""
        engine = open_database(self.config(running.ref))
        try:
            with Session(engine) as session:
                return count_tried(session, running.started_at)
        finally:
            engine.dispose()

    def throw_away(self, ref: str) -> None:
        for ending in _PARTS:
            (self.path / f"{ref}{ending}").unlink(missing_ok=True)

    def issue_token(self, ref: str, now: datetime) -> str:
        """A way in that opens once, within a minute."""
        token = secrets.token_urlsafe(KEY_BYTES)
        _write(self._token_path(token), json.dumps({"ref": ref, "until": (now + TOKEN_LASTS).isoformat()}))
        return token

    def take_token(self, token: str, now: datetime) -> Running | None:
        """The practice that a token opens; the token is used up whatever comes of it."""
        path = self._token_path(token)
        taken = path.with_suffix(f".{secrets.token_hex(8)}")
        try:
            path.rename(taken)  # of two who come with one token the file system lets one through
            said = json.loads(taken.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        finally:
            taken.unlink(missing_ok=True)
        return self.find(said["ref"]) if now <= datetime.fromisoformat(said["until"]) else None

    def _token_path(self, token: str) -> Path:
        return self.path / f"{hashlib.sha256(token.encode()).hexdigest()}.token"

    def _all(self) -> Iterator[Running]:
        found = (self.find(path.stem) for path in sorted(self.path.glob("*.json")))
        return (one for one in found if one is not None)

    def _keys(self) -> dict[str, str]:
        path = self.path / "keys"
        if not path.exists():
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            made = {name: secrets.token_hex(KEY_BYTES) for name in ("database", "secret")}
            made |= {name: base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() for name in ("data", "backup")}
            _write(path, json.dumps(made))
        keys: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        return keys


def _write(path: Path, text: str) -> None:
    """Whole or not at all, for this account only; whoever came first stays."""
    draft = path.with_suffix(f".{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
