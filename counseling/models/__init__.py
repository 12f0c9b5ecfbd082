"""Tables. Importing this package registers all of them in `Base.metadata`."""

from counseling.models import (
    audit,
    channels,
    contacts,
    counseling,
    doctor_calls,
    doses,
    hands,
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
    witnesses,
)
from counseling.models.base import Base

__all__ = [
    "Base", "audit", "channels", "contacts", "counseling", "doctor_calls", "doses", "hands", "installation",
    "observations", "orders", "patients", "people", "places", "practice", "registers", "tasks", "texts", "usual_hours",
    "window", "witnesses",
]  # fmt: skip
