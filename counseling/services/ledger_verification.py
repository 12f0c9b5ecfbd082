"""Does the ledger say what the chains say? A chain that holds proves nothing about a dose row changed beside it."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select

from counseling.database import AnySession
from counseling.domain.audit_chain import site_chain
from counseling.models.audit import AuditEntry
from counseling.models.doses import DayDose, DoseVoid
from counseling.queries.audit_chains import begin_snapshot

ROWS_AT_A_TIME = 5_000
WHOLE = 2**256


class Differing(NamedTuple):
    """A site's day on which dose rows and audit entries do not tell the same."""

    chain: str
    day: date


def verify_ledger(session: AnySession) -> list[Differing]:
    """Compare every dose and reversal with its entry: changed, removed and slipped-in rows show by site and day.

    Sums of digests, so that neither order nor number of rows matters to the memory it takes. Nothing is written.
    """
    begin_snapshot(session)
    sums: dict[Differing, int] = defaultdict(int)
    doses = select(
        DayDose.id, DayDose.patient_id, DayDose.order_id, DayDose.part, DayDose.mg_tenths, DayDose.attempt,
        DayDose.dose_on, DayDose.site_id,
    )  # fmt: skip
    for row in session.execute(doses.execution_options(yield_per=ROWS_AT_A_TIME)):
        facts = (row.id, row.patient_id, row.order_id, row.part, row.mg_tenths, row.attempt)
        sums[Differing(site_chain(row.site_id), row.dose_on)] += _digest(facts)
    voids = select(DoseVoid, DayDose.site_id).join(DayDose, DayDose.id == DoseVoid.day_dose_id)
    for void, site_id in session.execute(voids.execution_options(yield_per=ROWS_AT_A_TIME)):
        signed = (void.day_dose_id, void.request_id, void.patient_id, void.requested_by_id, void.confirmed_by_id)
        sums[Differing(site_chain(site_id), void.dose_on)] += _digest(signed)
    entries = select(AuditEntry.chain, AuditEntry.action, AuditEntry.subject, AuditEntry.details).where(
        AuditEntry.action.in_(("dose.recorded", "doses.entered_late", "dose.reversed"))
    )
    for entry in session.execute(entries.execution_options(yield_per=ROWS_AT_A_TIME)):
        said = json.loads(entry.details)
        place = Differing(entry.chain, date.fromisoformat(said["on"]))
        sums[place] -= sum(_digest(facts) for facts in _said(entry.action, entry.subject, said))
    session.rollback()
    return sorted(place for place, total in sums.items() if total % WHOLE)


def _said(action: str, subject: str, said: dict[str, Any]) -> list[tuple[int, ...]]:
    """The rows that an entry tells of, as they must stand in the tables."""
    if action == "doses.entered_late":
        return [tuple(row) for row in said["doses"]]
    dose_id = int(subject.removeprefix("dose:"))
    if action == "dose.reversed":
        return [(dose_id, said["request"], said["patient"], said["asked_by"], said["signed_by"])]
    return [(dose_id, said["patient"], said["order"], said["part"], said["mg_tenths"], said["attempt"])]


def _digest(facts: tuple[int, ...]) -> int:
    return int.from_bytes(hashlib.sha256(repr(facts).encode()).digest())
