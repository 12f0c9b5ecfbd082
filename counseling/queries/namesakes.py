"""How many people of one name a station has: "2 people of this name" is a stop to read."""

from __future__ import annotations

from sqlalchemy import func, select

from counseling.database import AnySession, vault_of
from counseling.domain.names import fold
from counseling.models.patients import SearchKey, TreatmentFile


def count_namesakes(session: AnySession, patient_id: int, station_id: int, full_name: str) -> int:
    """Other people in treatment at the station whose name reads the same without marks."""
    tokens = vault_of(session).tokens("treatment:name", fold(full_name))
    query = (
        select(func.count(func.distinct(SearchKey.patient_id)))
        .join(TreatmentFile, TreatmentFile.patient_id == SearchKey.patient_id)
        .where(
            SearchKey.token.in_(tokens),
            SearchKey.side == "treatment",
            SearchKey.kind == "name",
            SearchKey.patient_id != patient_id,
            TreatmentFile.station_id == station_id,
            TreatmentFile.status == "active",
        )
    )
    return session.execute(query).scalar_one()
