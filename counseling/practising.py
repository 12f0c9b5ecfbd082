"""The practice day beside the real application: another application of the same factory, under /practice.

It is put together when the first practice of a process begins. Nothing ticks there, nothing sends, and it never opens
the real database but to ask whether the learner is still signed in.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask
from sqlalchemy import Engine

from counseling.clock import utc_now
from counseling.config import Config
from counseling.database import db, open_database
from counseling.practice.folder import FOLDER, PREFIX, SEATS, PracticeFolder, Running
from counseling.queries.practice_days import last_seen_of
from counseling.routes import doorkeeper
from counseling.services.presence import note_seen

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MOST_OPEN = 8  # files that a process keeps open: more learners at once only open theirs anew


def init_app(app: Flask, config: Config) -> None:
    """Let the real application begin practices, and put the practice in front of its addresses."""
    folder = PracticeFolder(config)
    app.extensions[FOLDER] = folder
    app.wsgi_app = Front(app, folder)  # type: ignore[method-assign]  # as Flask documents it


class Front:
    """Hands what lies under /practice to the practice, once anybody has ever practised; everything else goes on."""

    def __init__(self, real: Flask, folder: PracticeFolder) -> None:
        self._real, self._folder = real, folder
        self._next: WSGIApplication = real.wsgi_app
        self._lock = threading.Lock()
        self._practice: Flask | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not path.startswith(f"{PREFIX}/") or not self._folder.was_ever_used:
            return self._next(environ, start_response)
        environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + PREFIX
        environ["PATH_INFO"] = path.removeprefix(PREFIX)
        return self.practice()(environ, start_response)

    def practice(self) -> Flask:
        with self._lock:
            if self._practice is None:
                from counseling import create_app  # the factory is what imports this module

                self._practice = create_app(self._folder.config())
                self._practice.extensions[SEATS] = Seats(self._real, self._folder)
            return self._practice


class Seats:
    """What the practice knows of learners: whose file, and whether they are still signed in where they came from."""

    def __init__(self, real: Flask, folder: PracticeFolder) -> None:
        self._real, self.folder = real, folder
        self._lock = threading.Lock()
        self._open: dict[str, Engine] = {}

    def find(self, ref: object, *, is_there: bool) -> Running | None:
        """The running practice of somebody who is still signed in. `is_there`: the request is a person's doing."""
        running = self.folder.find(ref)
        if running is None:
            return None
        session_id, now = running.learner.session_id, utc_now()
        with self._real.app_context():
            seen_at = last_seen_of(db.session, session_id, now)
            if seen_at is not None and is_there and now - seen_at > doorkeeper.SEEN_AGAIN_AFTER:
                note_seen(db.session, session_id, now)
        return None if seen_at is None else running

    def engine_of(self, running: Running) -> Engine:
        with self._lock:
            engine = self._open.pop(running.ref, None) or open_database(self.folder.config(running.ref))
            self._open[running.ref] = engine  # the one used last stands last
            gone = [ref for ref in self._open if ref != running.ref and self.folder.find(ref) is None]
            too_many = list(self._open)[: max(len(self._open) - MOST_OPEN, 0)]
            for ref in {*gone, *too_many}:
                self._open.pop(ref).dispose()
        return engine
