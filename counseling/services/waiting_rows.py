"""One row for each visit that waits to be matched; written inside somebody else's transaction."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from counseling.database import vault_of
from counseling.domain.phone_entries import Said, said_of_text
from counseling.models.patients import SupportFile
from counseling.models.phone_entries import WaitingVisit
from counseling.models.places import Site
from counseling.queries.actors import Author
from counseling.refs import new_ref
from counseling.services import audit
from counseling.services.contact_details import danger_text
from counseling.services.visit_alerts import raise_alert_of_waiting
from counseling.vault import Vault

SAID = "waiting_visits.said"


def add_waiting(
    tx: Session,
    author: Author,
    *,
    code: str,
    said: Said | None,
    request_key: str,
    on: date,
    at: datetime,
    now: datetime,
    entry_id: int | None = None,
    is_author_known: bool = True,
) -> int:
    """Keep what was said for the people of the point that `point_of` names; what could not be read is kept without it.

    A sign of danger calls whoever is on duty there, as it does where the person is known.
    """
    ref, site_id = new_ref(), point_of(tx, said, author.site_id)
    row = insert(WaitingVisit).values(
        ref=ref,
        entry_id=entry_id,
        request_key=request_key,
        site_id=site_id,
        team_id=author.viewer.team_id,
        role_id=author.viewer.role_id if is_author_known else None,
        code=code,
        said=seal_said(vault_of(tx), ref, said),
        danger=danger_text(said.danger) if said else "",
        visited_on=on,
        happened_at=at,
        came_at=now,
        state="waiting",
    )
    waiting_id: int = tx.execute(row.returning(WaitingVisit.id)).scalar_one()
    chain, subject = audit.site_chain(site_id), f"waiting_visit:{waiting_id}"
    audit.append(tx, chain, author.viewer.actor, "visit.waits", subject, {"code": code, "entry": entry_id}, now)
    if said and said.danger:
        raise_alert_of_waiting(tx, waiting_id, now)
    return waiting_id


def point_of(tx: Session, said: Said | None, home_id: int) -> int:
    """Who finds out whose it is: the open point that supports whom it names by now, else the one that it came to.

    Only that point may see who it is, and only there can it be put into the person's book.
    """
    if said is None or said.who is None:
        return home_id
    query = select(SupportFile.site_id).join(Site, Site.id == SupportFile.site_id)
    present = tx.execute(query.where(SupportFile.ref == said.who, Site.closed_on.is_(None))).scalar()
    return home_id if present is None else present


def seal_said(vault: Vault, ref: str, said: Said | None) -> bytes | None:
    return vault.seal(SAID, ref, said.as_text()) if said else None


def open_said(vault: Vault, ref: str, sealed: bytes | None) -> Said | None:
    """Raises vault.CannotOpen."""
    text = vault.open(SAID, ref, sealed)
    return said_of_text(text) if text else None
