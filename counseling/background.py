"""Long work beside the requests, in a thread with a session of its own; what it does is claimed in the database."""

from __future__ import annotations

import threading
from collections.abc import Callable

from flask import Flask
from sqlalchemy.orm import Session

from counseling import logs
from counseling.database import db


def start(app: Flask, name: str, work: Callable[[Session], object]) -> threading.Thread:
    """Run `work` in a thread. It ends with the process: whatever it does must survive being cut off."""
    with app.app_context():
        engine = db.engine

    def run() -> None:
        try:
            with Session(engine, expire_on_commit=False) as session:
                work(session)
        except Exception as error:  # Python would print a traceback, and its messages carry what was worked on
            logs.logger().error("background work failed", job=name, error_type=type(error).__name__)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread
