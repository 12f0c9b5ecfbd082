"""What an administrator sets about channels: who carries what, how fast, stopped and started again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite

from counseling.database import AnySession, writing
from counseling.domain.channels import BY_HAND, FASTEST, TextKind
from counseling.domain.refusal import Refusal
from counseling.models.channels import SmsChannel, SmsRoute
from counseling.permissions import Viewer
from counseling.services import audit
from counseling.services.administration import ensure_administrator
from counseling.services.channel_failures import REACHES
from counseling.services.channels import lock_channel, missed_since


@dataclass(frozen=True)
class Route:
    """`fallback` takes what the first channel provably has not."""

    gateway: str
    fallback: str | None


def set_route(
    session: AnySession, by: Viewer, kind: TextKind, route: Route, known: Collection[str], now: datetime
) -> None:
    """Say who carries one kind of texts. `known`: the gateways that have settings.

    Refuses with no_such_channel, fallback_is_first.
    """
    if route.gateway not in known or (route.fallback is not None and route.fallback not in known):
        raise Refusal("no_such_channel")
    if route.fallback == route.gateway:
        raise Refusal("fallback_is_first")
    values = {"gateway": route.gateway, "fallback": route.fallback}
    with writing(session) as tx:
        ensure_administrator(tx, by)
        dialect = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
        row = dialect.insert(SmsRoute).values(kind=kind.value, **values)
        tx.execute(row.on_conflict_do_update(index_elements=["kind"], set_=values))
        audit.append(tx, audit.HOUSE, by.actor, "channel.routed", f"texts:{kind.value}", values, now)


def set_pace(session: AnySession, by: Viewer, gateway: str, per_minute: int | None, now: datetime) -> None:
    """Segments a minute; None: the gateway's own pace. Refuses with pace_not_right."""
    if per_minute is not None and not 1 <= per_minute <= FASTEST:
        raise Refusal("pace_not_right")
    _set_channel(session, by, gateway, "paced", {"per_minute": per_minute}, now, segments_per_minute=per_minute)


def start_channel(session: AnySession, by: Viewer, gateway: str, now: datetime) -> None:
    """Let texts go through it again, at once; whether it is there, the next text shows."""
    fresh = {"stopped_at": None, "stopped_why": None, "error_streak": 0, "rests_until": None, **REACHES}
    _set_channel(session, by, gateway, "started", {}, now, **fresh)


def stop_by_hand(session: AnySession, by: Viewer, gateway: str, now: datetime) -> None:
    _set_channel(session, by, gateway, "stopped", {"why": BY_HAND}, now, stopped_at=now, stopped_why=BY_HAND)


def ask_attach(session: AnySession, by: Viewer, gateway: str, now: datetime) -> None:
    """Have it told where to report to, with the next tick."""
    _set_channel(session, by, gateway, "attaching", {}, now, attach_asked_at=now)


def note_looked(session: AnySession, by: Viewer, gateway: str, now: datetime) -> None:
    """Somebody has read on the phone itself what it did not report again."""
    _set_channel(session, by, gateway, "looked", {}, now, unreported_since=None)


def _set_channel(
    session: AnySession,
    by: Viewer,
    gateway: str,
    verb: str,
    details: dict[str, object],
    now: datetime,
    **values: Any,
) -> None:
    with writing(session) as tx:
        ensure_administrator(tx, by)
        since = missed_since(lock_channel(tx, gateway), now)  # of a channel that failed: before that is forgotten
        changed = update(SmsChannel).where(SmsChannel.gateway == gateway)
        tx.execute(changed.values(missed_since=since, **values))
        audit.append(tx, audit.HOUSE, by.actor, f"channel.{verb}", f"channel:{gateway}", details, now)
