"""Who was asked how they are and has not answered, while nothing else has shown them either.

A dose or a visit of the other side keeps a task from being opened and opens none: all that can be seen of it is that
nothing happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, and_, exists, func, null, or_, select
from sqlalchemy.orm import aliased

from counseling.database import AnySession
from counseling.domain.contacts import MET
from counseling.domain.reminder_kinds import CHECK_IN, SECOND_TEXT, WEEKLY
from counseling.domain.sending_hours import instant
from counseling.models.channels import SmsChannel
from counseling.models.counseling import Appointment, CounselingSession
from counseling.models.doses import DayDose, StationVisit
from counseling.models.patients import SupportFile, TreatmentFile
from counseling.models.people import Staff, StaffRole
from counseling.models.places import OutreachTeam
from counseling.models.tasks import FOLLOW_UP, GIVEN_TASKS, STATION_TASKS, SUPPORT_TASKS, Task
from counseling.models.texts import InboundMessage, OutboundMessage, Reminder
from counseling.queries.reminder_audiences import is_said_or_taken_back, is_supported, of_station
from counseling.queries.tasks import is_waiting
from counseling.treatment_rows import TREATMENT

ASKED = (WEEKLY, CHECK_IN)
ARRIVED = ("accepted", "delivered")  # who may never have got the question is not silent
FORGOTTEN_AFTER = timedelta(days=30)
REACHED_BY = (*GIVEN_TASKS, FOLLOW_UP)
TASKS = {"treatment": STATION_TASKS, "support": SUPPORT_TASKS}
_question, _text, _contact = aliased(Reminder), aliased(OutboundMessage), aliased(SupportFile)


@dataclass(frozen=True)
class Asking:
    """A site that asks, on one side, and how long it waits."""

    site_id: int
    side: str
    silence_days: int
    unseen_days: int


def is_anybody_asked(session: AnySession, asking: Asking, today: date) -> bool:
    """Whether the site has asked anybody of whom it could wonder by now: most have not, and nothing more is read."""
    asked = select(Reminder.id).where(
        Reminder.site_id == asking.site_id,
        Reminder.side == asking.side,
        Reminder.kind.in_(ASKED),
        Reminder.on_date >= today - FORGOTTEN_AFTER,
        Reminder.on_date <= today - timedelta(days=asking.silence_days),
    )
    return session.execute(asked.limit(1)).first() is not None


def wants_second_text(asking: Asking, today: date) -> ColumnElement[bool]:
    """As a condition on the file of the side: asked so many days ago, silent, not seen since, not asked again yet."""
    again = exists().where(
        Reminder.patient_id == _question.patient_id,
        Reminder.side == asking.side,
        Reminder.kind == SECOND_TEXT,
        is_said_or_taken_back(),
        Reminder.on_date > _question.on_date,
    )
    file = _file(asking.side)
    silent = _silent(asking, today - timedelta(days=asking.silence_days), today)
    own = exists().where(_question.patient_id == file.patient_id, _text.reminder_id == _question.id, silent, ~again)
    return and_(_of_site(asking), own)


def list_unseen(session: AnySession, asking: Asking, today: date, zone: ZoneInfo) -> Sequence[Row[Any]]:
    """Of whom nobody has heard, longest silent first: `patient_id`, `asked_on`, `team_id` of an open team or None.

    They were asked a second time, or could not be, at least a day ago; and no task about them was opened since.
    """
    file = _file(asking.side)
    since = today - timedelta(days=asking.unseen_days)
    dealt_with = exists().where(
        Task.patient_id == _question.patient_id,
        Task.side == asking.side,
        Task.kind.in_(TASKS[asking.side]),
        or_(Task.closed_at.is_(None), Task.opened_at >= _question.due_at),
    )
    just_asked = exists().where(
        Reminder.patient_id == _question.patient_id,
        Reminder.side == asking.side,
        Reminder.kind == SECOND_TEXT,
        Reminder.state.in_(("planned", "held", "queued")),
        Reminder.on_date >= today,
    )
    query = (
        select(_question.patient_id, _question.on_date.label("asked_on"), _team(asking.side).label("team_id"))
        .select_from(_question)
        .join(_text, _text.reminder_id == _question.id)
        .join(file, file.patient_id == _question.patient_id)
        .where(
            _of_site(asking),
            _silent(asking, today - timedelta(days=asking.silence_days + 1), today),
            ~_was_seen(since, instant(since, time.min, zone)),
            ~dealt_with,
            ~just_asked,
        )
        .order_by(_question.on_date, _question.patient_id)
    )
    return session.execute(query).all()


def is_still_silent(session: AnySession, patient_id: int, side: str, before: date) -> bool:
    """Whether the question that somebody was asked before this day still has no answer, and nothing has shown them."""
    silent = _silent_of(side, before - FORGOTTEN_AFTER, before - timedelta(days=1))
    query = select(_question.id).join(_text, _text.reminder_id == _question.id)
    return session.execute(query.where(_question.patient_id == patient_id, silent).limit(1)).first() is not None


def room_for_tasks(session: AnySession, asking: Asking, team_id: int | None, most: int) -> int:
    """How many more tasks those who would do them may have open: a team's volunteers, or the site's own people."""
    hands = select(func.count(StaffRole.staff_id.distinct())).join(Staff, Staff.id == StaffRole.staff_id)
    active = and_(StaffRole.ended_at.is_(None), Staff.disabled_at.is_(None))
    open_tasks = select(func.count()).select_from(Task).where(Task.side == asking.side, is_waiting(asking.side))
    if team_id is not None:
        hands = hands.where(active, StaffRole.kind == "volunteer", StaffRole.team_id == team_id)
        open_tasks = open_tasks.where(Task.team_id == team_id)
    else:
        kind = "dispenser" if asking.side == TREATMENT else "counselor"
        hands = hands.where(active, StaffRole.kind == kind, StaffRole.site_id == asking.site_id)
        own = and_(Task.site_id == asking.site_id, Task.team_id.is_(None), Task.kind.in_(TASKS[asking.side]))
        open_tasks = open_tasks.where(own)
    people, taken = session.execute(hands).scalar_one(), session.execute(open_tasks).scalar_one()
    return max(0, people * most - taken)


def _silent(asking: Asking, latest: date, today: date) -> ColumnElement[bool]:
    return and_(_question.site_id == asking.site_id, _silent_of(asking.side, today - FORGOTTEN_AFTER, latest))


def _silent_of(side: str, first: date, latest: date) -> ColumnElement[bool]:
    """The last question of a person in a span of days has arrived, has no answer, and nothing has shown them since."""
    later = aliased(Reminder)
    newer = exists().where(
        later.patient_id == _question.patient_id,
        later.side == side,
        later.kind.in_(ASKED),
        later.state == "queued",
        later.on_date > _question.on_date,
    )
    return and_(
        _question.side == side,
        _question.kind.in_(ASKED),
        _question.state == "queued",
        _question.on_date >= first,
        _question.on_date <= latest,
        _text.state.in_(ARRIVED),
        _text.answered_at.is_(None),
        _could_be_answered(),
        ~newer,
        ~_was_seen(_question.on_date, _text.queued_at),
    )


def _could_be_answered() -> ColumnElement[bool]:
    """Who was asked through a gateway that carries nothing back is not silent."""
    one_way = select(SmsChannel.gateway).where(SmsChannel.is_one_way)
    return or_(_text.gateway.is_(None), _text.gateway.not_in(one_way))


def _was_seen(since: Any, since_at: datetime | Any) -> ColumnElement[bool]:
    """Whether anything of either side has shown the person: a dose, a visit, a contact, a talk, a text, a call."""
    own = _question.patient_id
    return or_(
        exists().where(DayDose.patient_id == own, DayDose.kind != "take_home", DayDose.dose_on >= since),
        exists().where(StationVisit.patient_id == own, StationVisit.visit_on >= since),
        exists().where(_contact.patient_id == own, _contact.last_contact_on >= since, _contact.last_outcome.in_(MET)),
        exists().where(CounselingSession.patient_id == own, CounselingSession.held_on >= since),
        exists().where(Appointment.patient_id == own, Appointment.state == "kept", Appointment.starts_at >= since_at),
        exists().where(
            InboundMessage.patient_id == own,
            func.coalesce(InboundMessage.written_at, InboundMessage.received_at) >= since_at,
        ),
        # "Đã gọi lại", "Đã gặp" of a station; who could not be reached is "not_met", and a point logs a contact.
        exists().where(
            Task.patient_id == own, Task.kind.in_(REACHED_BY), Task.outcome == "done", Task.closed_at >= since_at
        ),
    )


def _file(side: str) -> type[TreatmentFile] | type[SupportFile]:
    return TreatmentFile if side == TREATMENT else SupportFile


def _of_site(asking: Asking) -> ColumnElement[bool]:
    return of_station(asking.site_id) if asking.side == TREATMENT else is_supported(asking.site_id)


def _team(side: str) -> ColumnElement[int | None] | Any:
    if side == TREATMENT:
        return null()
    open_team = select(OutreachTeam.id).where(OutreachTeam.id == SupportFile.team_id, OutreachTeam.closed_on.is_(None))
    return open_team.scalar_subquery()
