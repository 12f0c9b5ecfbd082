"""Numbers of people in stories that begin after the desk has confirmed them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.models.patients import PhoneNumber
from counseling.services.phone_lines import ensure_line
from counseling.services.treatment_files import By
from counseling.treatment_rows import open_phone


def compared(session: Session, phone_ref: str, *, by: By, now: datetime) -> int:
    """Its digits were compared; the text that brought them is long gone. Gives the number's line."""
    vault = vault_of(session)
    with writing(session) as tx:
        own = PhoneNumber.ref == phone_ref
        row = tx.execute(select(PhoneNumber.ref, PhoneNumber.number).where(own)).one()
        line_id = ensure_line(tx, vault, open_phone(vault, row.ref, row.number))
        values = {"line_id": line_id, "compared_at": now, "confirmed_at": now, "confirmed_by_id": by.staff_id}
        tx.execute(update(PhoneNumber).where(own).values(**values))
    session.expire_all()
    session.rollback()
    return line_id
