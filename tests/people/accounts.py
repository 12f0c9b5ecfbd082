"""Sign-ins as services see them, with a verifier that costs nothing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from counseling.services.signing_in import Attempt, Opened, sign_in
from tests.support.cast import PASSWORD
from tests.support.settings import MORNING


def knows(password_hash: str | None, password: str) -> bool:
    """The verifier of these stories: everybody's password is the cast's."""
    return password_hash is not None and password == PASSWORD


def attempt(
    username: str, password: str = PASSWORD, device: str | None = None, address: str = "203.0.113.7"
) -> Attempt:
    return Attempt(username, password, device, "Chrome · Linux", address)


def enter(
    session: Session,
    username: str,
    password: str = PASSWORD,
    device: str | None = None,
    address: str = "203.0.113.7",
    now: datetime = MORNING,
) -> Opened:
    """Try to sign in; Refusal when not let in."""
    return sign_in(session, attempt(username, password, device, address), now, matches=knows)
