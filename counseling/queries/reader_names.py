"""The name by which the reader may know somebody: of the own side and within their scope, or none at all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from counseling.database import AnySession, vault_of
from counseling.models.patients import SupportFile, TreatmentFile
from counseling.permissions import Side, Viewer
from counseling.scopes import support_files_visible_to, treatment_files_visible_to
from counseling.support_rows import open_community_name
from counseling.treatment_rows import open_text

AT_ONCE = 500  # ids in one statement


@dataclass(frozen=True)
class Named:
    """`ref` leads to the file; `code` is the register's, on the treatment side only."""

    ref: str
    name: str
    code: str | None


def list_names(session: AnySession, viewer: Viewer, patient_ids: Collection[int | None]) -> dict[int, Named]:
    """Names by inner id; whoever is outside the reader's scope is missing."""
    ids = sorted({patient_id for patient_id in patient_ids if patient_id is not None})
    found: dict[int, Named] = {}
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        found |= (_treated if viewer.side is Side.TREATMENT else _supported)(session, viewer, some)
    return found


def _treated(session: AnySession, viewer: Viewer, ids: list[int]) -> dict[int, Named]:
    vault, file = vault_of(session), TreatmentFile
    query = select(file.patient_id, file.ref, file.full_name, file.register_code)
    rows = session.execute(query.where(treatment_files_visible_to(viewer), file.patient_id.in_(ids)))
    return {
        row.patient_id: Named(row.ref, open_text(vault, row.ref, "full_name", row.full_name) or "", row.register_code)
        for row in rows
    }


def _supported(session: AnySession, viewer: Viewer, ids: list[int]) -> dict[int, Named]:
    vault, file = vault_of(session), SupportFile
    query = select(file.patient_id, file.ref, file.community_name)
    rows = session.execute(query.where(support_files_visible_to(viewer), file.patient_id.in_(ids)))
    return {
        row.patient_id: Named(row.ref, open_community_name(vault, row.ref, row.community_name), None) for row in rows
    }
