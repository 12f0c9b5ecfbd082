"""Pages that show patients say so here: who saw whom goes to the audit."""

from __future__ import annotations

import atexit
import weakref
from collections.abc import Iterable

from flask import Flask, current_app, g
from sqlalchemy.orm import Session

from counseling.clock import utc_now
from counseling.database import db
from counseling.permissions import Viewer
from counseling.services.audit import views_chain
from counseling.services.page_views import PageView, ViewLog

NAME = "diem_tua_page_views"


def init_app(app: Flask) -> None:
    """One queue per application, written out when the process ends in order."""
    with app.app_context():
        engine = db.engine
    log = ViewLog(lambda: Session(engine, expire_on_commit=False))
    app.extensions[NAME] = log
    reference = weakref.ref(log)  # an application that nobody uses any more is not kept for the end of the process
    atexit.register(lambda: _stop(reference()))


def note_view(page: str, patient_ids: Iterable[int]) -> None:
    """Note that the reader is being shown these people on `page` (a short name such as "station.today").

    Call it once per page, before rendering, with the inner ids of everybody on it. Nobody on it: nothing to note.
    """
    if current_app.extensions["diem_tua_config"].is_practice:
        return  # nobody is there to be protected, and the file is thrown away
    viewer: Viewer = g.viewer
    ids = tuple(sorted(set(patient_ids)))
    if ids:
        desk = f"{viewer.kind}/{viewer.side}"
        log_of(current_app).note(PageView(views_chain(viewer.site_id), viewer.actor, desk, page, ids, utc_now()))


def flush_now(app: Flask) -> None:
    """Write all views that wait; for tests and for whoever needs the chain complete at this moment."""
    log_of(app).flush_now()


def log_of(app: Flask) -> ViewLog:
    log: ViewLog = app.extensions[NAME]
    return log


def _stop(log: ViewLog | None) -> None:
    if log is not None:
        log.stop()
