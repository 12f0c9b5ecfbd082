"""Tables. Importing this package registers all of them in `Base.metadata`."""

from counseling.models import (
    audit,
    channels,
    contacts,
    counseling,
    doctor_calls,
    doses,
    duty,
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
    text_choices,
    text_keeping,
    texts,
    usual_hours,
    window,
    witnesses,
    wordings,
)
from counseling.models.base import Base

__all__ = [
    "Base", "audit", "channels", "contacts", "counseling", "doctor_calls", "doses", "duty", "hands", "help_numbers",
    "installation", "observations", "orders", "patients", "people", "phone_entries", "places", "practice", "registers",
    "tasks", "text_choices", "text_keeping", "texts", "usual_hours", "window", "witnesses", "wordings",
]  # fmt: skip
