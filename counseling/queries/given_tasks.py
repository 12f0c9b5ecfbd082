"""What is open for the people of a supervisor's list: the kinds, so that nobody gives the same thing twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select

from counseling.database import AnySession
from counseling.models.tasks import Task
from counseling.permissions import Viewer
from counseling.queries.tasks import is_waiting
from counseling.scopes import tasks_visible_to


def list_open_kinds(
    session: AnySession, viewer: Viewer, patient_ids: Sequence[int], now: datetime
) -> dict[int, tuple[str, ...]]:
    """For each of these people the kinds of the open tasks that the reader may know of, the oldest first.

    The caller has checked the scope of the people.
    """
    query = select(Task.patient_id, Task.kind).where(
        Task.patient_id.in_(bindparam("ids", expanding=True)), is_waiting(viewer.side), tasks_visible_to(viewer, now)
    )
    kinds: dict[int, list[str]] = {patient_id: [] for patient_id in patient_ids}
    for patient_id, kind in session.connection().execute(query.order_by(Task.id), {"ids": patient_ids}):
        kinds[patient_id].append(kind)
    return {patient_id: tuple(dict.fromkeys(found)) for patient_id, found in kinds.items()}
