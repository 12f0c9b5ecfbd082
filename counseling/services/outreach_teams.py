"""Volunteer teams: founded, changed, closed, opened again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.models.places import Area, OutreachTeam, Site
from counseling.permissions import Viewer
from counseling.services import audit
from counseling.services.administration import actor_of, ensure_administrator
from counseling.services.place_names import ensure_code, ensure_name


@dataclass(frozen=True)
class TeamDetails:
    """The team's commune and the counseling point it works with."""

    name: str
    area_id: int
    site_id: int


def add_team(session: AnySession, by: Viewer | None, code: str, details: TeamDetails, now: datetime) -> int:
    """Add a team; returns its id. Refuses with code_not_right, code_taken or a code of `change_team`."""
    values = _values(details) | {"code": ensure_code(code)}
    with writing(session) as tx:
        ensure_administrator(tx, by)
        _ensure_sound(tx, details)
        if tx.execute(select(OutreachTeam.id).where(OutreachTeam.code == values["code"])).first():
            raise Refusal("code_taken")
        try:
            team_id: int = tx.execute(insert(OutreachTeam).values(**values).returning(OutreachTeam.id)).scalar_one()
        except IntegrityError:  # two administrators at the same moment
            raise Refusal("code_taken") from None
        audit.append(tx, audit.HOUSE, actor_of(by), "team.added", f"team:{team_id}", {}, now)
    return team_id


def change_team(session: AnySession, by: Viewer | None, team_id: int, details: TeamDetails, now: datetime) -> None:
    """Change a team.

    Refuses with no_such_team, name_missing, name_too_long, no_such_area, area_is_no_commune or site_does_not_counsel.
    """
    values = _values(details)
    with writing(session) as tx:
        ensure_administrator(tx, by)
        _ensure_sound(tx, details)
        _update(tx, team_id, values)
        audit.append(tx, audit.HOUSE, actor_of(by), "team.changed", f"team:{team_id}", {}, now)


def close_team(session: AnySession, by: Viewer | None, team_id: int, today: date, now: datetime) -> None:
    """Close a team: its volunteers see nobody from their next request on. Refuses with no_such_team."""
    with writing(session) as tx:
        ensure_administrator(tx, by)
        _update(tx, team_id, {"closed_on": today})
        audit.append(tx, audit.HOUSE, actor_of(by), "team.closed", f"team:{team_id}", {}, now)


def reopen_team(session: AnySession, by: Viewer | None, team_id: int, now: datetime) -> None:
    """Open a closed team again. Refuses with no_such_team."""
    with writing(session) as tx:
        ensure_administrator(tx, by)
        _update(tx, team_id, {"closed_on": None})
        audit.append(tx, audit.HOUSE, actor_of(by), "team.reopened", f"team:{team_id}", {}, now)


def _values(details: TeamDetails) -> dict[str, object]:
    return {"name": ensure_name(details.name), "area_id": details.area_id, "site_id": details.site_id}


def _update(tx: Session, team_id: int, values: dict[str, object]) -> None:
    changed = update(OutreachTeam).where(OutreachTeam.id == team_id).values(**values).returning(OutreachTeam.id)
    if tx.execute(changed).first() is None:
        raise Refusal("no_such_team")


def _ensure_sound(tx: Session, details: TeamDetails) -> None:
    kind = tx.execute(select(Area.kind).where(Area.id == details.area_id)).scalar()
    if kind is None:
        raise Refusal("no_such_area")
    if kind in ("province", "drawn"):
        raise Refusal("area_is_no_commune")
    if not tx.execute(select(Site.counsels).where(Site.id == details.site_id)).scalar():
        raise Refusal("site_does_not_counsel")
