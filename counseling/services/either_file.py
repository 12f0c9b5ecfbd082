"""What verbs need that are the same for a file of either side: its lock, its search keys, the entry in its chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from counseling.models.patients import SearchKey, SupportFile, TreatmentFile
from counseling.services import audit
from counseling.services.treatment_files import By, lock_file, open_numbers, redo_search_keys
from counseling.support_rows import open_community_name
from counseling.treatment_rows import SUPPORT, TREATMENT, open_treatment_file, search_rows
from counseling.vault import Vault

FILES = {
    TREATMENT: select(TreatmentFile.patient_id, TreatmentFile.station_id.label("site_id")),
    SUPPORT: select(SupportFile.patient_id, SupportFile.site_id),
}
NOUNS = {TREATMENT: "patient", SUPPORT: "supported"}  # as the audit has always named the two


@dataclass(frozen=True)
class HeldFile:
    """A file that this transaction has locked, and the site whose people keep it: the station, or the point."""

    patient_id: int
    side: str
    site_id: int


def hold_file(tx: Session, patient_id: int, side: str) -> HeldFile:
    """Lock the person's file on one side until the transaction ends; their file on the other side is not looked at."""
    query = FILES[side]
    own = query.where(query.selected_columns.patient_id == patient_id)
    return HeldFile(patient_id, side, tx.execute(own.with_for_update()).one().site_id)


def redo_keys(tx: Session, vault: Vault, patient_id: int, side: str) -> None:
    """Write the search keys of a file anew from what it says now; its numbers must be stored already."""
    if side == TREATMENT:
        redo_search_keys(tx, vault, patient_id, open_treatment_file(vault, lock_file(tx, patient_id)))
        return
    query = select(SupportFile.ref, SupportFile.community_name).where(SupportFile.patient_id == patient_id)
    file = tx.execute(query.with_for_update()).one()
    name = open_community_name(vault, file.ref, file.community_name)
    numbers = tuple(open_numbers(tx, vault, patient_id, SUPPORT))
    tx.execute(delete(SearchKey).where(SearchKey.patient_id == patient_id, SearchKey.side == SUPPORT))
    keys = search_rows(vault, SUPPORT, patient_id, full_name=name, phones=numbers)
    if keys:  # a name of signs only, and no number, has none
        tx.execute(insert(SearchKey), keys)


def note_done(tx: Session, file: HeldFile, by: By, verb: str, details: Mapping[str, object], now: datetime) -> None:
    """Add what was done to a file to its site's chain: the last thing of a transaction."""
    chain, action = audit.site_chain(file.site_id), f"{NOUNS[file.side]}.{verb}"
    audit.append(tx, chain, by.actor, action, f"patient:{file.patient_id}", details, now)
