"""Tables. Importing this package registers all of them in `Base.metadata`."""

from counseling.models import audit, doses, installation, orders, patients, people, places, registers, tasks
from counseling.models.base import Base

__all__ = ["Base", "audit", "doses", "installation", "orders", "patients", "people", "places", "registers", "tasks"]
