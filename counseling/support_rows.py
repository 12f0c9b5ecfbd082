"""How a support file is kept. It holds a name that the person chose and nothing of any treatment.

Sealed fields are named "support_files.<column>" and bound to the file's own `ref`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from counseling.vault import Vault

SEALED_TEXTS = ("community_name", "notes")
PLAIN_COLUMNS = (
    "site_id",
    "team_id",
    "birth_year",
    "sex",
    "area_id",
    "hamlet",
    "language",
    "can_read",
    "status",
    "status_since",
)


@dataclass(frozen=True, kw_only=True)
class SupportDetails:
    """What the counseling point writes down of somebody who comes to it."""

    site_id: int
    community_name: str
    status_since: date
    team_id: int | None = None
    birth_year: int | None = None
    sex: str = "unknown"
    area_id: int | None = None
    hamlet: str | None = None
    language: str = "vi"
    can_read: bool | None = None
    notes: str | None = None
    status: str = "active"


@dataclass(frozen=True, kw_only=True)
class SupportPerson:
    """A support file as pages of the support side show it."""

    patient_id: int
    ref: str
    site_id: int
    team_id: int | None
    community_name: str
    birth_year: int | None
    sex: str
    area_id: int | None
    hamlet: str | None
    language: str
    can_read: bool | None
    notes: str | None
    status: str
    status_since: date


def sealed_support_columns(vault: Vault, ref: str, details: SupportDetails) -> dict[str, object]:
    """All columns of `support_files` that come from the details."""
    columns: dict[str, object] = {name: getattr(details, name) for name in PLAIN_COLUMNS}
    sealed = {name: vault.seal(f"support_files.{name}", ref, getattr(details, name) or None) for name in SEALED_TEXTS}
    return columns | sealed


def open_community_name(vault: Vault, ref: str, sealed: bytes) -> str:
    return vault.open("support_files.community_name", ref, sealed) or ""


def open_support_file(vault: Vault, row: Any) -> SupportPerson:
    """Open what a page shows. `row` has the columns of `support_files` as attributes; raises vault.CannotOpen."""
    columns: dict[str, Any] = {name: getattr(row, name) for name in PLAIN_COLUMNS}
    columns |= {name: vault.open(f"support_files.{name}", row.ref, getattr(row, name)) for name in SEALED_TEXTS}
    return SupportPerson(patient_id=row.patient_id, ref=row.ref, **columns)
