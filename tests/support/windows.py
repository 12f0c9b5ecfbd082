"""A window in a process of its own. A module by itself, because the process imports it by its name."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from counseling import create_app
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.refs import new_request_key
from counseling.services.doses import SeenDose
from tests.support.cast import DONG_KINH
from tests.support.settings import MORNING, config_for
from tests.support.treatment import TODAY, pour_and_drink

Orders = list[tuple[str, int]]  # of the file, of the order


def press_all_buttons(
    database_url: str, instance: Path, orders: Orders, staff_id: int, gate: Any, results: Any
) -> None:
    """One window of its own process: everybody's button at once."""
    app = create_app(config_for(database_url, instance))
    outcomes: Counter[str] = Counter()
    at = {"site_id": DONG_KINH, "by": staff_id, "actor": "staff:1/session:1", "today": TODAY, "now": MORNING}
    with app.app_context():
        gate.wait(timeout=60)
        for ref, order_id in orders:
            try:
                seen = SeenDose(TODAY, order_id, 1, 600)
                pour_and_drink(db.session(), ref, seen, new_request_key(), at)
                outcomes["recorded"] += 1
            except Refusal as refusal:
                outcomes[refusal.code] += 1
        db.session.remove()
        db.engine.dispose()
    results.put(outcomes)
