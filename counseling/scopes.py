"""Whose rows somebody sees, as one function per noun; every query that names people uses one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, false, select
from sqlalchemy.orm import InstrumentedAttribute

from counseling.models.counseling import Appointment, CounselingSession
from counseling.models.duty import CrisisAlert
from counseling.models.patients import SupportFile, TreatmentFile
from counseling.models.phone_entries import WaitingVisit
from counseling.models.places import Area, OutreachTeam, Site
from counseling.models.tasks import DOCTOR_TASKS, STATION_TASKS, Task
from counseling.models.texts import InboundMessage, OutboundMessage, Reminder
from counseling.permissions import Permission, RoleKind, Side, Viewer


def treatment_files_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """The scope of every query on treatment files."""
    if viewer.side is not Side.TREATMENT:
        return false()
    if viewer.kind is RoleKind.DISPENSER:
        return TreatmentFile.station_id == viewer.site_id
    if viewer.kind is RoleKind.DOCTOR:
        return (TreatmentFile.facility_id == viewer.site_id) | (TreatmentFile.station_id == viewer.site_id)
    if viewer.kind is RoleKind.SUPERVISOR and viewer.area_id is not None:
        return TreatmentFile.station_id.in_(select(Site.id).where(within_area(Site.area_id, viewer.area_id)))
    return false()


def support_files_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """The scope of every query on support files: a point's people, a team's people, an area's people."""
    if viewer.side is not Side.SUPPORT:
        return false()
    if viewer.kind is RoleKind.COUNSELOR:
        return SupportFile.site_id == viewer.site_id
    if viewer.kind is RoleKind.VOLUNTEER:
        return SupportFile.team_id.in_(_open_team(viewer))
    if viewer.kind is RoleKind.SUPERVISOR and viewer.area_id is not None:
        return SupportFile.site_id.in_(select(Site.id).where(within_area(Site.area_id, viewer.area_id)))
    return false()


def tasks_visible_to(viewer: Viewer, now: datetime) -> ColumnElement[bool]:
    """The scope of every query on tasks; queries that name the person join the file's own scope to it.

    A support-side task that appears later is not there yet, for anybody of that side.
    """
    if viewer.kind is RoleKind.SUPERVISOR:
        return _tasks_of_the_area(viewer, now)
    if viewer.side is Side.TREATMENT:
        if viewer.kind is RoleKind.DISPENSER:
            return and_(Task.side == "treatment", Task.kind.in_(STATION_TASKS), Task.site_id == viewer.site_id)
        return (
            and_(Task.side == "treatment", Task.kind.in_(DOCTOR_TASKS)) if viewer.kind is RoleKind.DOCTOR else false()
        )
    appeared = _appeared(now)
    if viewer.side is Side.SUPPORT and viewer.kind is RoleKind.COUNSELOR:
        own_team = Task.team_id.in_(select(OutreachTeam.id).where(OutreachTeam.site_id == viewer.site_id))
        return and_(appeared, Task.site_id == viewer.site_id, Task.team_id.is_(None) | own_team)
    if viewer.side is Side.SUPPORT and viewer.kind is RoleKind.VOLUNTEER:
        return and_(appeared, Task.team_id.in_(_open_team(viewer)))
    return false()


def _tasks_of_the_area(viewer: Viewer, now: datetime) -> ColumnElement[bool]:
    """What supervisors see standing on the lists of their area's stations, or of its points and teams."""
    if viewer.area_id is None:
        return false()
    # Not IN: SQLite would begin with the tasks of all these sites instead of those of the few people asked for.
    in_area = select(Site.id).where(Site.id == Task.site_id, within_area(Site.area_id, viewer.area_id)).exists()
    if viewer.side is Side.TREATMENT:
        return and_(Task.side == "treatment", Task.kind.in_(STATION_TASKS), in_area)
    return and_(_appeared(now), in_area) if viewer.side is Side.SUPPORT else false()


def _appeared(now: datetime) -> ColumnElement[bool]:
    return and_(Task.side == "support", Task.visible_from.is_(None) | (Task.visible_from <= now))


def sessions_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """What was talked about is read at the counseling point where it was, and nowhere else."""
    return _own_point(viewer, CounselingSession.site_id)


def appointments_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Who comes when is known at the counseling point only."""
    return _own_point(viewer, Appointment.site_id)


def waiting_visits_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """What a visit says that waits to be matched is read at one point: services.waiting_rows.point_of says at which."""
    return _own_point(viewer, WaitingVisit.site_id)


def teams_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Whose phones and sheets somebody looks after: a point's teams, an area's teams."""
    if viewer.side is not Side.SUPPORT:
        return false()
    if viewer.kind is RoleKind.COUNSELOR:
        return OutreachTeam.site_id == viewer.site_id
    if viewer.kind is RoleKind.SUPERVISOR and viewer.area_id is not None:
        return OutreachTeam.site_id.in_(select(Site.id).where(within_area(Site.area_id, viewer.area_id)))
    return false()


def texts_visible_to(
    viewer: Viewer, text: type[InboundMessage] | type[OutboundMessage] | type[Reminder]
) -> ColumnElement[bool]:
    """The scope of every query on texts and reminders: those of the reader's own side at their own site."""
    if viewer.site_id is None or not viewer.may(Permission.ANSWER_MESSAGES):
        return false()
    return and_(text.side == str(viewer.side), text.site_id == viewer.site_id)


def alerts_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """What cannot wait is read by whoever reads the texts of that side and site, whatever raised it."""
    if viewer.site_id is None or not viewer.may(Permission.ANSWER_MESSAGES):
        return false()
    return and_(CrisisAlert.side == str(viewer.side), CrisisAlert.site_id == viewer.site_id)


def sites_visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Sites that somebody works at or supervises; a doctor also those that the facility treats for."""
    if viewer.kind is RoleKind.DOCTOR:
        return (Site.id == viewer.site_id) | (Site.treated_by_id == viewer.site_id)
    if viewer.site_id is not None:
        return Site.id == viewer.site_id
    if viewer.kind is RoleKind.SUPERVISOR and viewer.area_id is not None:
        return within_area(Site.area_id, viewer.area_id)
    return false()


def _open_team(viewer: Viewer) -> Select[int]:
    return select(OutreachTeam.id).where(OutreachTeam.id == viewer.team_id, OutreachTeam.closed_on.is_(None))


def _own_point(viewer: Viewer, site_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    at_a_point = viewer.side is Side.SUPPORT and viewer.kind is RoleKind.COUNSELOR
    return site_id == viewer.site_id if at_a_point else false()


def within_area(column: InstrumentedAttribute[int], area_id: int) -> ColumnElement[bool]:
    """Whether `column` is the area or lies below it, at any depth."""
    below = select(Area.id).where(Area.id == area_id).cte("below", recursive=True)
    below = below.union(select(Area.id).join(below, Area.parent_id == below.c.id))
    return column.in_(select(below.c.id))
