"""Accounts of people who work here: added, disabled, enabled, given a new password."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.names import tidy_name
from counseling.domain.refusal import Refusal
from counseling.domain.spoken_languages import kept_as
from counseling.models.people import Staff
from counseling.permissions import Viewer
from counseling.services import audit, passwords, second_factor
from counseling.services.administration import actor_of, ensure_administrator, staff_id_of
from counseling.services.crises import leaving_nobody_in_danger
from counseling.services.phone_tokens import revoke_tokens_of
from counseling.services.pins import forget_pin
from counseling.services.signing_in import username_of
from counseling.services.staff_roles import NewRole, add_role
from counseling.services.staff_sessions import end_sessions_of

# Without marks, so that a Vietnamese keyboard and a foreign one type the same.
USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
LONGEST_NAME = 120


def add_staff(
    session: AnySession,
    by: Viewer | None,
    username: str,
    display_name: str,
    roles: Sequence[NewRole],
    password: str,
    now: datetime,
    *,
    must_change: bool = True,
) -> int:
    """Make an account with its first roles; returns its id. The password was made or checked by the caller.

    Refuses with username_not_right, username_taken, name_missing, name_too_long or a code of `give_role`.
    """
    name, kept_as = tidy_name(display_name), username_of(username)
    _ensure_names(kept_as, name)
    values = {
        "username": kept_as,
        "display_name": name,
        "password_hash": passwords.hash_password(password),
        "must_change_password": must_change,
        "created_at": now,
    }
    with writing(session) as tx:
        ensure_administrator(tx, by)
        staff_id = _insert(tx, values)
        audit.append(tx, audit.HOUSE, actor_of(by), "staff.added", f"staff:{staff_id}", {}, now)
        for role in roles:
            add_role(tx, by, staff_id, role, now)
    return staff_id


def rename_staff(session: AnySession, by: Viewer | None, staff_id: int, display_name: str, now: datetime) -> None:
    """Correct how somebody's name is shown. Refuses with name_missing or name_too_long."""
    name = tidy_name(display_name)
    _ensure_name(name)
    with writing(session) as tx:
        _change(tx, by, staff_id, {"display_name": name}, "staff.renamed", now)


def set_languages(
    session: AnySession, by: Viewer | None, staff_id: int, languages: Collection[str], now: datetime
) -> None:
    """Say which languages somebody speaks with people. Refuses with language_missing or language_unknown."""
    kept = kept_as(languages)
    with writing(session) as tx:
        _change(tx, by, staff_id, {"languages": kept}, "staff.languages_set", now)


def disable_staff(session: AnySession, by: Viewer | None, staff_id: int, now: datetime) -> None:
    """Shut an account, end its sessions and forget its PIN, at once.

    Refuses with own_administration: not one's own; or danger_waits.
    """
    with writing(session) as tx, leaving_nobody_in_danger(tx):
        if by is not None and staff_id == by.staff_id:
            raise Refusal("own_administration")
        _change(tx, by, staff_id, {"disabled_at": now}, "staff.disabled", now, ends_sessions=True)


def enable_staff(session: AnySession, by: Viewer | None, staff_id: int, now: datetime) -> None:
    """Open an account again; its roles are those it had."""
    with writing(session) as tx:
        _change(tx, by, staff_id, {"disabled_at": None}, "staff.enabled", now)


def reset_password(session: AnySession, by: Viewer | None, staff_id: int, password: str, now: datetime) -> None:
    """Set a password that has to be changed at the next sign-in; every session ends, PIN and second factor are gone.

    That is also the way out for whoever has lost phone and recovery codes: an administrator knows who stands there.
    """
    values = {"password_hash": passwords.hash_password(password), "must_change_password": True}
    with writing(session) as tx:
        _change(tx, by, staff_id, values, "password.reset", now, ends_sessions=True)


def _change(
    tx: Session,
    by: Viewer | None,
    staff_id: int,
    values: dict[str, object],
    action: str,
    now: datetime,
    *,
    ends_sessions: bool = False,
) -> None:
    ensure_administrator(tx, by)
    changed = update(Staff).where(Staff.id == staff_id).values(**values).returning(Staff.id)
    if tx.execute(changed).first() is None:
        raise Refusal("no_such_staff")
    if ends_sessions:
        forget_pin(tx, staff_id)
    if "password_hash" in values:
        second_factor.forget(tx, staff_id)
    # Before the audit: whoever signs out at this moment holds their session and waits for the chain.
    facts = {"sessions": end_sessions_of(tx, staff_id, by, now)} if ends_sessions else {}
    if values.get("disabled_at") is not None:
        facts["phones"] = revoke_tokens_of(tx, staff_id, staff_id_of(by), now)
    audit.append(tx, audit.HOUSE, actor_of(by), action, f"staff:{staff_id}", facts, now)


def _insert(tx: Session, values: dict[str, object]) -> int:
    if tx.execute(select(Staff.id).where(Staff.username == values["username"])).first():
        raise Refusal("username_taken")
    try:
        staff_id: int = tx.execute(insert(Staff).values(**values).returning(Staff.id)).scalar_one()
    except IntegrityError:  # two administrators at the same moment
        raise Refusal("username_taken") from None
    return staff_id


def _ensure_names(username: str, name: str) -> None:
    if not USERNAME.fullmatch(username):
        raise Refusal("username_not_right")
    _ensure_name(name)


def _ensure_name(name: str) -> None:
    if not name:
        raise Refusal("name_missing")
    if len(name) > LONGEST_NAME:
        raise Refusal("name_too_long", longest=LONGEST_NAME)
