"""What the verbs on treatment files share: the lock, the history, the search keys, the entry in the audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.orm import Session

from counseling.database import AnySession
from counseling.models.patients import FileStatusChange, PhoneNumber, SearchKey, TreatmentFile
from counseling.refs import new_ref
from counseling.services import audit
from counseling.treatment_rows import (
    TREATMENT,
    TreatmentDetails,
    TreatmentPerson,
    open_phone,
    phone_row,
    search_rows,
)
from counseling.vault import Vault


@dataclass(frozen=True)
class By:
    """Who does it: the account, and how the audit names it with its session (`Viewer.actor`)."""

    staff_id: int
    actor: str


def lock_file(tx: Session, patient_id: int) -> Row[*tuple[Any, ...]]:
    """The file as it stands, locked until the transaction ends."""
    query = select(*TreatmentFile.__table__.columns).where(TreatmentFile.patient_id == patient_id)
    return tx.execute(query.with_for_update()).one()


def note_change(
    tx: Session, station_id: int, by: By, action: str, patient_id: int, details: Mapping[str, object], now: datetime
) -> None:
    """Add the change to the station's chain: the last thing of a transaction."""
    chain = audit.site_chain(station_id)
    audit.append(tx, chain, by.actor, action, f"patient:{patient_id}", details, now)


def add_status(
    tx: Session,
    patient_id: int,
    status: str,
    since_on: date,
    sealed_reason: bytes | None,
    by: By,
    now: datetime,
    side: str = TREATMENT,
) -> None:
    tx.execute(
        insert(FileStatusChange).values(
            patient_id=patient_id,
            side=side,
            status=status,
            since_on=since_on,
            reason=sealed_reason,
            recorded_by_id=by.staff_id,
            recorded_at=now,
        )
    )


def add_number(tx: Session, vault: Vault, patient_id: int, number: str, now: datetime, side: str = TREATMENT) -> None:
    tx.execute(insert(PhoneNumber).values(phone_row(vault, side, patient_id, new_ref(), number, now)))


def open_numbers(session: AnySession, vault: Vault, patient_id: int, side: str = TREATMENT) -> list[str]:
    """The numbers of one file that are in use, in E.164; the treatment file's unless another side is named."""
    rows = session.execute(
        select(PhoneNumber.ref, PhoneNumber.number).where(
            PhoneNumber.patient_id == patient_id, PhoneNumber.side == side, PhoneNumber.removed_at.is_(None)
        )
    )
    return [open_phone(vault, ref, number) for ref, number in rows]


def redo_search_keys(tx: Session, vault: Vault, patient_id: int, person: TreatmentDetails | TreatmentPerson) -> None:
    """Write the file's search keys anew from what it says now; its numbers must be stored already."""
    tx.execute(delete(SearchKey).where(SearchKey.patient_id == patient_id, SearchKey.side == TREATMENT))
    rows = search_rows(
        vault,
        TREATMENT,
        patient_id,
        full_name=person.full_name,
        phones=tuple(open_numbers(tx, vault, patient_id)),
        identity_number=person.identity_number,
        national_code=person.national_code,
        alias=person.alias,
    )
    tx.execute(insert(SearchKey), rows)
