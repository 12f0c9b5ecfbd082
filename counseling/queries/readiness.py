"""What stands between this process and serving, as codes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from counseling.database import AnySession
from counseling.domain.channels import BY_HAND
from counseling.models import guards
from counseling.queries.channels import FAILING, STOPPED, list_channels
from counseling.queries.latest_instant import latest_instant
from counseling.queries.worker_beats import is_silent
from counseling.revisions import current_revision, newest_revision

CLOCK_MAY_BE_BEHIND = timedelta(minutes=2)


def list_problems(
    session: AnySession, now: datetime, *, expects_worker: bool = False, gateways: Sequence[str] = ()
) -> list[str]:
    """Empty when ready: `database_unreachable`, `migrations_missing`, `guards_missing`, `clock_behind`.

    `expects_worker`: texts go out, so `worker_silent` where nobody has ticked for three minutes. `gateways`: the
    channels that texts go through, so `gateway_stopped` where one of them waits for somebody to put something right;
    one that a person has stopped is no problem (see `list_stopped_by_hand`).
    """
    try:
        connection = session.connection()
        if current_revision(connection) != newest_revision():
            return ["migrations_missing"]
        problems = ["guards_missing"] if guards.missing(connection) else []
        problems += ["clock_behind"] if is_clock_behind(session, now) else []
        problems += ["worker_silent"] if expects_worker and is_silent(session, now) else []
        faulty = [one for one in list_channels(session, gateways, now) if one.state == STOPPED and one.why != BY_HAND]
        return [*problems, "gateway_stopped"] if faulty else problems
    except SQLAlchemyError:
        return ["database_unreachable"]


def list_stopped_by_hand(session: AnySession, gateways: Sequence[str], now: datetime) -> list[str]:
    """The gateways that an administrator has stopped: somebody meant it, and people's work goes on beside it."""
    try:
        return [one.gateway for one in list_channels(session, gateways, now) if one.why == BY_HAND]
    except SQLAlchemyError:
        return []


def list_failing(session: AnySession, gateways: Sequence[str], now: datetime) -> list[str]:
    """The gateways that take texts and get none out: somebody has to look, and people's work goes on beside it."""
    try:
        return [one.gateway for one in list_channels(session, gateways, now) if one.state == FAILING]
    except SQLAlchemyError:
        return []


def is_clock_behind(session: AnySession, now: datetime) -> bool:
    """Whether this clock would put what is recorded next before what is recorded already, and onto a wrong day."""
    latest = latest_instant(session)
    return latest is not None and latest - now > CLOCK_MAY_BE_BEHIND
