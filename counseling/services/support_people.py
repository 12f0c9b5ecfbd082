"""Registering people at a counseling point. Whether they are in treatment is neither asked nor known here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.database import AnySession, vault_of, writing
from counseling.domain.refusal import Refusal
from counseling.models.patients import Patient, SearchKey, SupportFile
from counseling.models.places import OutreachTeam
from counseling.refs import new_ref
from counseling.services import audit
from counseling.services.treatment_files import By, add_status
from counseling.support_rows import SupportDetails, sealed_support_columns
from counseling.treatment_rows import SUPPORT, search_rows


def register_supported(session: AnySession, details: SupportDetails, *, by: By, request_key: str, now: datetime) -> str:
    """Register somebody and return the `ref` of the support file; a repeated `request_key` returns the first one.

    Always a new inner row: whether the same person has a treatment file is not looked up, so nothing can tell.
    Raises Refusal("team_of_another_point").
    """
    try:
        with writing(session) as tx:
            first = find_supported(tx, request_key)
            if first is not None:
                return first
            _ensure_own_team(tx, details)
            patient_id = tx.execute(insert(Patient).values(created_at=now).returning(Patient.id)).scalar_one()
            ref = add_support_file(tx, patient_id, details, by=by, request_key=request_key, now=now)
            chain = audit.site_chain(details.site_id)
            audit.append(tx, chain, by.actor, "supported.registered", f"patient:{patient_id}", {}, now)
            return ref
    except IntegrityError:
        first = find_supported(session, request_key)
        if first is None:
            raise
        return first


def add_support_file(
    tx: Session, patient_id: int, details: SupportDetails, *, by: By, request_key: str | None, now: datetime
) -> str:
    """Write a support file for an inner row that has none: the file, its search keys, its status; gives its `ref`."""
    vault, ref = vault_of(tx), new_ref()
    columns = sealed_support_columns(vault, ref, details)
    made = {"registered_at": now, "registered_by_id": by.staff_id, "request_key": request_key}
    tx.execute(insert(SupportFile).values(patient_id=patient_id, ref=ref, **columns, **made))
    keys = search_rows(vault, SUPPORT, patient_id, full_name=details.community_name)
    if keys:  # a name of signs only ("♥") has none
        tx.execute(insert(SearchKey), keys)
    add_status(tx, patient_id, details.status, details.status_since, None, by, now, side=SUPPORT)
    return ref


def find_supported(session: AnySession, request_key: str) -> str | None:
    """The file that a form with this key has made already."""
    return session.execute(select(SupportFile.ref).where(SupportFile.request_key == request_key)).scalar_one_or_none()


def _ensure_own_team(tx: Session, details: SupportDetails) -> None:
    if details.team_id is None:
        return
    own = select(OutreachTeam.id).where(
        OutreachTeam.id == details.team_id, OutreachTeam.site_id == details.site_id, OutreachTeam.closed_on.is_(None)
    )
    if tx.execute(own).first() is None:
        raise Refusal("team_of_another_point")
