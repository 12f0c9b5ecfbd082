"""Recording that a dose was drunk at the window: the hot path of the product.

Prepared Core statements: the ORM took 5.5 ms for a dose, these take about 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NoReturn

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from counseling.database import AnySession, Transaction, last_writes, violated, writing
from counseling.domain.missed_doses import GapBand
from counseling.domain.refusal import Refusal
from counseling.domain.station_days import DayState
from counseling.domain.window import (
    Attendance,
    Cup,
    GivenDose,
    RunningOrder,
    ensure_as_seen,
    ensure_checked,
    ensure_may_dose,
    ensure_poured,
)
from counseling.models.doses import DayDose, StationDay
from counseling.models.patients import TreatmentFile
from counseling.models.tasks import FOLLOW_UP
from counseling.models.window import DosePour
from counseling.queries.attendance import list_doses_of_the_day, lock_attendance
from counseling.queries.bands import list_bands
from counseling.services import adherence, audit
from counseling.services.tasks import close_tasks_of


@dataclass(frozen=True)
class SeenDose:
    """What stood on the screen when the button was pressed. The order decides; this only has to agree with it."""

    dose_on: date
    order_id: int
    part: int
    mg_tenths: int
    gap_check: bool = False  # "not intoxicated, not sedated" was answered with yes; asked before it is poured


@dataclass(frozen=True)
class RecordedDose:
    id: int
    mg_tenths: int
    part: int
    recorded_at: datetime


COLUMNS = (
    *("patient_id", "dose_on", "part", "attempt", "voided_attempt", "kind", "order_id", "mg_tenths", "site_id"),
    *("gap_days", "gap_check", "source", "recorded_by_id", "recorded_at", "request_key"),
)
INSERT_DOSE = insert(DayDose.__table__).returning(DayDose.id)  # type: ignore[arg-type]  # Core table behind the class
END_POUR = (
    update(DosePour.__table__)  # type: ignore[arg-type]
    .where(DosePour.id == bindparam("pour_id"), DosePour.ended_at.is_(None))
    .values(ended_at=bindparam("at"), ended_by="swallowed", day_dose_id=bindparam("dose_id"))
    .returning(DosePour.day_dose_id)
)
# Both in one statement, for one way to the server and back less; SQLite has no INSERT within a WITH, and no way to go.
_drunk = INSERT_DOSE.values({name: bindparam(f"of_{name}") for name in COLUMNS}).cte("drunk")
DRINK = END_POUR.values(day_dose_id=select(_drunk.c.id).scalar_subquery())
BEGIN_RECORDING = (
    update(StationDay.__table__)  # type: ignore[arg-type]
    .where(StationDay.id == bindparam("day_id"), StationDay.state == DayState.OPENED.value)
    .values(state=DayState.RECORDING.value)
)
# A doctor's order of the same second: PostgreSQL reads only the locked rows again after waiting, the guard reads all.
OTHER_ORDER = ("day_doses_within_order", "day_doses_of_one_order")
ON_HOLD = "day_doses_not_on_hold"
# What either database calls the rule that a second dose meets.
SAME_DOSE = ("uq_day_doses_patient_day_part_attempt", "day_doses_never_replaced_2", "day_doses.attempt")


def record_dose(
    session: AnySession,
    ref: str,
    seen: SeenDose,
    *,
    site_id: int,
    by: int,
    actor: str,
    request_key: str,
    today: date,
    now: datetime,
) -> RecordedDose:
    """Record that the dose that stands poured was drunk. A repeat of `request_key` gives the first result.

    `ref` is the reference of the patient's treatment file; one of another station is as one that does not exist.
    Commits the dose, the end of the cup, the adherence summary, the day's state and the audit entry together.
    Refusals: the codes of domain.window, and day_changed, not_at_this_station.
    """
    try:
        with writing(session) as tx:
            return _record(tx.connection(), ref, seen, site_id, by, actor, request_key, today, now)
    except Refusal as refusal:
        # The answer was lost and the button pressed again later, perhaps after midnight: the first result stands.
        return _first_result(session, ref, request_key) or _refuse(refusal)
    except IntegrityError as error:
        return _first_result(session, ref, request_key) or _explain(session, error, ref, today)


def _refuse(refusal: Refusal) -> NoReturn:
    raise refusal


def _first_result(session: AnySession, ref: str, request_key: str) -> RecordedDose | None:
    query = select(DayDose).join(TreatmentFile, TreatmentFile.patient_id == DayDose.patient_id)
    own = query.where(DayDose.request_key == request_key, TreatmentFile.ref == ref)
    dose = session.execute(own).scalar_one_or_none()
    return _recorded(dose) if dose else None


def _record(
    tx: Connection,
    ref: str,
    seen: SeenDose,
    site_id: int,
    by: int,
    actor: str,
    key: str,
    today: date,
    now: datetime,
) -> RecordedDose:
    chain = audit.site_chain(site_id)
    loaded = lock_attendance(tx, ref, site_id, today)
    if loaded is None:
        raise Refusal(why_nothing_was_found(tx, ref, site_id))
    repeated = next((dose for dose in loaded.doses if dose.request_key == key), None)
    if repeated is not None:
        return _recorded(repeated)
    attendance, context = loaded.attendance, loaded.context
    patient_id: int = context.patient_id
    # Nobody who was dosed yesterday is asked about bands: `band_for` has none for a gap of nothing.
    bands = list_bands(tx, today, site_id) if attendance.unreviewed_gap else []
    order, cup = _ensure(attendance, bands, seen, today)
    attempt = 1 + sum(1 for dose in loaded.doses if dose.part == seen.part)
    values: dict[str, object] = {
        "patient_id": patient_id,
        "dose_on": today,
        "part": seen.part,
        "attempt": attempt,
        "voided_attempt": attempt - 1 or None,
        "kind": "observed",
        "order_id": seen.order_id,
        "mg_tenths": seen.mg_tenths,
        "site_id": site_id,
        "gap_days": attendance.gap,
        "gap_check": "alert" if cup.is_checked else None,
        "source": "window",
        "recorded_by_id": by,
        "recorded_at": now,
        "request_key": key,
    }
    dose_id = _drink(tx, values, cup, now)
    if context.is_followed_up:
        close_tasks_of(tx, patient_id, (FOLLOW_UP,), by_id=by, at=now)
    details: dict[str, object] = {
        "patient": patient_id,
        "order": seen.order_id,
        "part": seen.part,
        "mg_tenths": seen.mg_tenths,
        "attempt": attempt,
        "on": today,
    }
    head = audit.Head(context.sequence, context.hash)
    with last_writes(tx):
        _cover(tx, patient_id, context, order, attendance.given, seen.part, today)
        if context.day_state == DayState.OPENED:
            tx.execute(BEGIN_RECORDING, {"day_id": context.day_id})
        audit.append_after(tx, head, chain, actor, "dose.recorded", f"dose:{dose_id}", details, now)
    return RecordedDose(dose_id, seen.mg_tenths, seen.part, now)


def _drink(tx: Connection, dose: Mapping[str, object], cup: Cup, now: datetime) -> int:
    """Write down the dose and that its cup is empty; gives the dose's id.

    Refuses not_poured: poured away at the other window, while we waited for the lock.
    """
    end: dict[str, object] = {"pour_id": cup.pour_id, "at": now}
    if tx.dialect.name == "postgresql":
        ended = tx.execute(DRINK, end | {f"of_{name}": value for name, value in dose.items()})
    else:
        ended = tx.execute(END_POUR, end | {"dose_id": tx.execute(INSERT_DOSE, dose).scalar_one()})
    dose_id: int | None = ended.scalar()
    if dose_id is None:
        raise Refusal("not_poured")
    return dose_id


def _ensure(attendance: Attendance, bands: Sequence[GapBand], seen: SeenDose, today: date) -> tuple[RunningOrder, Cup]:
    order = ensure_may_dose(attendance, bands)
    if seen.dose_on != today:
        raise Refusal("day_changed", on=seen.dose_on)
    ensure_as_seen(attendance, seen.order_id, seen.part, seen.mg_tenths)
    cup = ensure_poured(attendance, seen.order_id, seen.part, seen.mg_tenths)
    ensure_checked(attendance, bands, is_checked=cup.is_checked)
    return order, cup


def _cover(
    tx: Transaction,
    patient_id: int,
    context: Any,
    order: RunningOrder,
    given: Sequence[GivenDose],
    part: int,
    today: date,
) -> None:
    complete = {number for number, _ in order.parts} <= {dose.part for dose in given} | {part}
    summary = adherence.from_columns(context.anchor_on, context.covered, context.complete)
    adherence.save_summary(tx, patient_id, summary.with_day(today, complete=complete))


def why_nothing_was_found(tx: Transaction, ref: str, site_id: int) -> str:
    here = select(TreatmentFile.patient_id).where(TreatmentFile.ref == ref, TreatmentFile.station_id == site_id)
    return "day_not_open" if tx.execute(here).first() else "not_at_this_station"


def _explain(session: AnySession, error: IntegrityError, ref: str, today: date) -> NoReturn:
    """Somebody else was faster, between our look and our insert: say it as the rules would have."""
    if any(name in violated(error) for name in OTHER_ORDER):
        raise Refusal("order_changed") from None
    if ON_HOLD in violated(error):
        raise Refusal("on_hold") from None
    if not any(name in violated(error) for name in SAME_DOSE):
        raise error
    patient_id = select(TreatmentFile.patient_id).where(TreatmentFile.ref == ref)
    dose = list_doses_of_the_day(session, session.execute(patient_id).scalar_one(), today)[-1]
    raise Refusal("already_dosed", at=dose.recorded_at, site=dose.site_name, mg_tenths=dose.mg_tenths) from None


def _recorded(dose: Any) -> RecordedDose:
    return RecordedDose(dose.id, dose.mg_tenths, dose.part, dose.recorded_at)
