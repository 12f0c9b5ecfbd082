"""What the writers of demo rows share: the transaction, keys, ids and the audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from counseling.demo.accounts import CAO_LOC, DONG_KINH
from counseling.demo.chains import Chains
from counseling.demo.desk_rows import Places
from counseling.demo.plan import Frame
from counseling.domain.audit_chain import site_chain
from counseling.vault import Vault

SUNDAY = 6


@dataclass(frozen=True)
class Book:
    tx: Session
    vault: Vault
    frame: Frame
    chains: Chains
    places: Places
    staff: dict[str, int]

    def add(self, model: Any, rows: Sequence[dict[str, Any]]) -> list[int]:
        """Insert rows of one shape; gives their ids in the same order."""
        if not rows:
            return []
        statement = insert(model.__table__).returning(model.__table__.c.id, sort_by_parameter_order=True)
        return list(self.tx.execute(statement, list(rows)).scalars())

    def put(self, model: Any, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows of one shape whose ids nobody asks for."""
        if rows:
            self.tx.execute(insert(model.__table__), list(rows))

    def change(self, model: Any, row_id: int, **values: Any) -> None:
        self.tx.execute(update(model.__table__).where(model.__table__.c.id == row_id).values(**values))

    def dispenser(self, station: str, day: date) -> int:
        """Who stands at the window: at Cao Lộc the nurse on Sundays."""
        if station != CAO_LOC:
            return self.staff["dispenser"]
        return self.staff["nurse" if day.weekday() == SUNDAY else "dispenser2"]

    def counselor(self, point: str) -> int:
        return self.staff["counselor" if point == DONG_KINH else "nurse"]

    def note(
        self, at: datetime, site_id: int, staff_id: int, action: str, subject: str, details: Mapping[str, object]
    ) -> None:
        """An entry of the site's chain. Nobody was signed in, so no session is named."""
        self.chains.add(at, site_chain(site_id), f"staff:{staff_id}/demo", action, subject, details)
