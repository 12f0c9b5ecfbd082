"""What the verbs on support files share: the lock, and that the person is one of this point."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.domain.refusal import Refusal
from counseling.models.patients import SupportFile


def lock_of_point(tx: Session, patient_id: int, site_id: int) -> str:
    """Lock the file of somebody of this point until the transaction ends; its status. Refuses not_at_this_point."""
    query = select(SupportFile.status).where(SupportFile.patient_id == patient_id, SupportFile.site_id == site_id)
    status: str | None = tx.execute(query.with_for_update()).scalar()
    if status is None:
        raise Refusal("not_at_this_point")
    return status


def ensure_supported(status: str) -> None:
    """Refuse (support_ended) what is done only with somebody who is supported now."""
    if status != "active":
        raise Refusal("support_ended")
