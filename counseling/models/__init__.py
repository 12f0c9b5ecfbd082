"""Tables. Importing this package registers all of them in `Base.metadata`."""

from counseling.models import (
    audit,
    contacts,
    counseling,
    doses,
    installation,
    observations,
    orders,
    patients,
    people,
    places,
    practice,
    registers,
    tasks,
    texts,
    usual_hours,
    window,
)
from counseling.models.base import Base

__all__ = [
    "Base", "audit", "contacts", "counseling", "doses", "installation", "observations", "orders", "patients", "people",
    "places", "practice", "registers", "tasks", "texts", "usual_hours", "window",
]  # fmt: skip
