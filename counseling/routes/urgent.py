"""What cannot wait, as the line above every page says it: that there is something, since when, and where to read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from counseling.database import db
from counseling.permissions import Desk, Permission, Viewer
from counseling.queries.crises import Asked, Waiting, list_waiting


@dataclass(frozen=True)
class UrgentLine:
    """`link` None: it waits at another desk of this person's, which `desk` names."""

    raised_at: datetime
    desk: str
    link: str | None


@dataclass(frozen=True)
class Urgent:
    """`is_live`: the page asks again by itself. `version` tells two states apart."""

    lines: list[UrgentLine]
    version: str
    is_live: bool


def page_of_alert(found: Waiting | Asked) -> str | None:
    """Where its origin is read: the conversation, what waits for the person, or the visit that waits.

    Of another point's visit there is a page of its own; None: it is read at another desk.
    """
    if found.text_ref:
        return url_for("messages.show", ref=found.text_ref)
    if found.task_ref:
        return url_for("tasks.show", ref=found.task_ref)
    if found.visit_ref:
        return url_for("teams.visit", ref=found.visit_ref)
    return url_for("crises.elsewhere", alert=found.ref) if found.ref else None


def nothing_urgent(viewer: Viewer) -> Urgent:
    return Urgent([], "0", viewer.may(Permission.ANSWER_MESSAGES))


def urgent_lines(viewer: Viewer, label: Callable[[Desk], str]) -> Urgent:
    """Everything that nobody has taken on at any desk of this person's."""
    found = list_waiting(db.session, viewer)
    lines = [UrgentLine(one.raised_at, label(one.desk), page_of_alert(one)) for one in found]
    version = "-".join(f"{one.raised_at:%d%H%M%S%f}{one.desk.id}" for one in found) or "0"
    return Urgent(lines, version, viewer.may(Permission.ANSWER_MESSAGES))
