"""Tables. Importing this package registers all of them in `Base.metadata`."""

from counseling.models import (
    audit,
    contacts,
    counseling,
    doctor_calls,
    doses,
    hands,
    help_numbers,
    installation,
    observations,
    orders,
    patients,
    people,
    phone_entries,
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
    "Base", "audit", "contacts", "counseling", "doctor_calls", "doses", "hands", "help_numbers", "installation",
    "observations", "orders", "patients", "people", "phone_entries", "places", "practice", "registers", "tasks",
    "texts", "usual_hours", "window", "witnesses",
]  # fmt: skip
