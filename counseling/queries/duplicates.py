"""People who may be registered already: shown before a file is saved, decided by whoever registers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from counseling.database import AnySession, vault_of
from counseling.models.patients import TreatmentFile
from counseling.models.places import Site
from counseling.permissions import Viewer
from counseling.queries.patient_search import has_keys
from counseling.scopes import treatment_files_visible_to
from counseling.treatment_rows import TREATMENT, TreatmentDetails, open_text, search_value
from counseling.vault import Vault

MOST_SHOWN = 10


@dataclass(frozen=True)
class DuplicateHere:
    """Somebody within the reader's scope."""

    patient_id: int
    ref: str
    register_code: str
    full_name: str
    birth_year: int
    status: str
    station_name: str


@dataclass(frozen=True)
class LikelyDuplicates:
    """`elsewhere` names stations only: who is treated there is not the reader's to see."""

    here: list[DuplicateHere]
    elsewhere: list[str]

    def __bool__(self) -> bool:
        return bool(self.here or self.elsewhere)


def likely_duplicate(vault: Vault, details: TreatmentDetails) -> ColumnElement[bool]:
    """Same folded name and birth year, or same phone, or same identity number; treatment files only."""
    column = TreatmentFile.patient_id
    same_name = has_keys(vault, TREATMENT, column, "name", search_value("name", details.full_name))
    conditions: list[ColumnElement[bool]] = [and_(TreatmentFile.birth_year == details.birth_year, same_name)]
    if details.phone:
        conditions.append(has_keys(vault, TREATMENT, column, "phone", details.phone))
    if details.identity_number:
        identity = search_value("identity", details.identity_number)
        conditions.append(has_keys(vault, TREATMENT, column, "identity", identity))
    return or_(*conditions)


def find_likely_duplicates(
    session: AnySession, viewer: Viewer, details: TreatmentDetails, *, but: int | None = None
) -> LikelyDuplicates:
    """Over the whole installation; `but` is the patient whose own file is being edited."""
    vault = vault_of(session)
    visible: Any = treatment_files_visible_to(viewer)
    query = (
        select(
            TreatmentFile.patient_id,
            TreatmentFile.ref,
            TreatmentFile.register_code,
            TreatmentFile.full_name,
            TreatmentFile.birth_year,
            TreatmentFile.status,
            Site.name.label("station_name"),
            visible.label("is_visible"),
        )
        .join(Site, Site.id == TreatmentFile.station_id)
        .where(likely_duplicate(vault, details))
        .order_by(TreatmentFile.status != "active", TreatmentFile.patient_id)
        .limit(MOST_SHOWN)
    )
    rows = [row for row in session.execute(query) if row.patient_id != but]
    here = [
        DuplicateHere(
            row.patient_id,
            row.ref,
            row.register_code,
            open_text(vault, row.ref, "full_name", row.full_name) or "",
            row.birth_year,
            row.status,
            row.station_name,
        )
        for row in rows
        if row.is_visible
    ]
    return LikelyDuplicates(here, sorted({row.station_name for row in rows if not row.is_visible}))
