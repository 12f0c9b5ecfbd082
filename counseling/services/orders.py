"""A doctor writes a dose order, or stops one. The doctor decides; this only refuses what the rules do not allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.database import AnySession, vault_of, violated, writing
from counseling.domain.orders import Phase, ensure_steps
from counseling.domain.refusal import Refusal
from counseling.models.doses import DayDose
from counseling.models.orders import DoseOrder, OrderPart
from counseling.models.patients import TreatmentFile
from counseling.queries.bands import list_bands
from counseling.services import audit, order_rules
from counseling.services.order_rules import A_DAY, NewOrder, Span
from counseling.services.tasks import close_tasks_of

CLOSED_BY_AN_ORDER = ("order_review", "renewal", "withheld_review", "vomited_review", "first_dose_review")
STOP_REASONS = ("medical", "patient_asks", "transferred", "treatment_ended", "written_by_mistake")


def write_dose_order(
    session: AnySession,
    *,
    patient_id: int,
    phase: Phase,
    parts_tenths: Sequence[int],
    starts_on: date,
    ends_on: date,
    note: str | None,
    by: int,
    actor: str,
    restart_examined: bool,
    request_key: str,
    now: datetime,
    today: date,
    station_id: int,
    second_doctor_id: int | None = None,
    latest_seen: int | None = None,
    above_usual_considered: bool = False,
) -> int:
    """Commit a new order and its parts, end what it replaces, close the tasks that asked for it; gives its id.

    A repeat of `request_key` gives the first order. `station_id`: the station whose measure pours it, as the doctor
    saw it. `latest_seen`: the newest order on the doctor's screen (0: none), refused as order_written_meanwhile when
    another stands there now; None asks nothing. `second_doctor_id`: whoever has just proved to be that doctor.
    Refusals: the codes of domain.orders, and order_not_for_this_person, patient_not_active, order_phase_one_time,
    order_starts_too_late, not_pourable, not_measurable, order_after_todays_dose, restart_needs_examination,
    restart_needs_induction, order_written_meanwhile, second_doctor_is_the_same, second_doctor_not_a_doctor,
    order_overlaps, request_key_taken.
    """
    order = NewOrder(
        patient_id=patient_id,
        station_id=station_id,
        phase=phase,
        parts_tenths=tuple(parts_tenths),
        starts_on=starts_on,
        ends_on=ends_on,
        note=note or None,
        restart_examined=restart_examined,
        second_doctor_id=second_doctor_id,
        latest_seen=latest_seen,
        above_usual_considered=above_usual_considered,
    )
    return _write_once(session, order, by=by, actor=actor, request_key=request_key, now=now, today=today)


def write_taper(
    session: AnySession,
    *,
    patient_id: int,
    steps: Sequence[tuple[date, int]],
    ends_on: date,
    note: str | None,
    by: int,
    actor: str,
    restart_examined: bool,
    request_key: str,
    now: datetime,
    today: date,
    station_id: int,
    second_doctor_id: int | None = None,
    latest_seen: int | None = None,
) -> int:
    """Commit a taper: steps of (first day, tenths of mg a day) as one order. Gives the id of its first step.

    The steps are rows one after the other that share `taper_key`; what stops or replaces one ends all that follow.
    Refusals: the codes of domain.orders.ensure_steps, and those of `write_dose_order`.
    """
    ensure_steps(steps, ends_on)
    order = NewOrder(
        patient_id=patient_id,
        station_id=station_id,
        phase=Phase.TAPER,
        parts_tenths=(steps[0][1],),
        starts_on=steps[0][0],
        ends_on=ends_on,
        note=note or None,
        restart_examined=restart_examined,
        second_doctor_id=second_doctor_id,
        latest_seen=latest_seen,
        steps=tuple(steps),
    )
    return _write_once(session, order, by=by, actor=actor, request_key=request_key, now=now, today=today)


def _write_once(
    session: AnySession, order: NewOrder, *, by: int, actor: str, request_key: str, now: datetime, today: date
) -> int:
    try:
        with writing(session) as tx:
            file = order_rules.lock_file(tx, order)
            earlier = _written_before(tx, request_key, order.patient_id)
            if earlier is None:
                earlier = _write(tx, order, file, by=by, actor=actor, request_key=request_key, now=now, today=today)
            return earlier
    except IntegrityError as error:
        raise _as_refusal(error) from None


def stop_dose_order(
    session: AnySession,
    *,
    order_id: int,
    patient_id: int,
    reason: str,
    by: int,
    actor: str,
    now: datetime,
    today: date,
) -> None:
    """End an order with yesterday, or with today when today's dose was given; one that has ended stays as it is.

    Of a taper all steps that are left end with it. `reason` is a word of STOP_REASONS.
    Refusals: order_not_for_this_person, order_has_later_doses.
    """
    if reason not in STOP_REASONS:
        raise ValueError("a reason that the form does not offer")
    with writing(session) as tx:
        order_rules.lock_summary(tx, patient_id)
        order = tx.execute(
            select(DoseOrder.taper_key, TreatmentFile.station_id)
            .join(TreatmentFile, TreatmentFile.patient_id == DoseOrder.patient_id)
            .where(DoseOrder.id == order_id, DoseOrder.patient_id == patient_id)
        ).first()
        if order is None:
            raise Refusal("order_not_for_this_person")
        steps = _steps_of(tx, patient_id, order_id, order.taper_key)
        dosed_on = order_rules.last_live_dose(tx, DayDose.order_id.in_([step.id for step in steps]), replacements=True)
        if dosed_on is not None and dosed_on > today:
            raise Refusal("order_has_later_doses", dose_on=dosed_on)
        last_on = today if dosed_on == today else today - A_DAY
        ended = [step for step in steps if step.last_on > max(last_on, step.starts_on - A_DAY)]
        if not ended:
            return
        for step in ended:
            # One that never began ends on the day before its first: an empty span, for both databases.
            _lower(tx, step.id, max(last_on, step.starts_on - A_DAY), by, now)
        details = {"patient": patient_id, "last_on": last_on, "reason": reason, "orders": [step.id for step in ended]}
        chain = audit.site_chain(order.station_id)
        audit.append(tx, chain, actor, "order.stopped", f"order:{order_id}", details, now)


def _steps_of(tx: Session, patient_id: int, order_id: int, taper_key: str | None) -> Sequence[Any]:
    """The order, with every other step where it is one of a taper."""
    same = DoseOrder.id == order_id if taper_key is None else DoseOrder.taper_key == taper_key
    query = select(DoseOrder.id, DoseOrder.starts_on, DoseOrder.last_on).where(DoseOrder.patient_id == patient_id, same)
    return tx.execute(query.order_by(DoseOrder.starts_on)).all()


def _written_before(tx: Session, request_key: str, patient_id: int) -> int | None:
    query = select(DoseOrder.id, DoseOrder.patient_id).where(DoseOrder.request_key == request_key)
    row = tx.execute(query).first()
    if row is not None and row.patient_id != patient_id:
        raise Refusal("request_key_taken")
    return None if row is None else row.id


def _write(
    tx: Session,
    order: NewOrder,
    file: order_rules.OrderFile,
    *,
    by: int,
    actor: str,
    request_key: str,
    now: datetime,
    today: date,
) -> int:
    order_rules.ensure_nothing_written_since(tx, order)
    order_rules.ensure_second_doctor(tx, order.second_doctor_id, by)
    order_rules.ensure_within_rules(tx, order, today)
    every_part = [part for span in order.spans for part in span.parts_tenths]
    drug_id = order_rules.ensure_all_pourable(tx, every_part, file.pour_step_hundredths)
    order_rules.ensure_no_dose_from(tx, order.patient_id, order.starts_on)
    bands = list_bands(tx, today, order.station_id)
    reviewed = order_rules.gap_reviewed(order, file.covered_through, bands, today)
    replaced = _end_what_overlaps(tx, order, by, now)
    signed = {
        "patient_id": order.patient_id,
        "drug_id": drug_id,
        "phase": order.phase.value,
        "gap_reviewed_through": reviewed,
        "origin": "doctor",
        "written_by_id": by,
        "second_doctor_id": order.second_doctor_id,
        "written_at": now,
        "taper_key": request_key if order.steps else None,
    }
    ids = [_add(tx, span, number, order.note, request_key, signed) for number, span in enumerate(order.spans)]
    closed = close_tasks_of(tx, order.patient_id, CLOSED_BY_AN_ORDER, by_id=by, at=now)
    details = {
        "patient": order.patient_id,
        "replaces": replaced,
        "closes": closed,
        "second_doctor": order.second_doctor_id,
        "restart": reviewed is not None,
        "content": _digest(tx, order),
    }
    if order.steps:
        details["steps"] = ids
    audit.append(tx, audit.site_chain(order.station_id), actor, "order.written", f"order:{ids[0]}", details, now)
    return ids[0]


def _add(tx: Session, span: Span, number: int, note: str | None, request_key: str, signed: Mapping[str, object]) -> int:
    """One row with its parts. The note stands with the first step; later steps have keys made from the form's own."""
    key = sha256(f"{request_key}:{number}".encode()).hexdigest()[:32] if number else request_key
    values = {
        **signed,
        "starts_on": span.starts_on,
        "ends_on": span.ends_on,
        "last_on": span.ends_on,
        "note": vault_of(tx).seal("dose_orders.note", key, None if number else note),
        "request_key": key,
    }
    order_id: int = tx.execute(insert(DoseOrder).values(**values).returning(DoseOrder.id)).scalar_one()
    parts = [{"order_id": order_id, "part": n, "mg_tenths": mg} for n, mg in enumerate(span.parts_tenths, start=1)]
    tx.execute(insert(OrderPart), parts)
    return order_id


def _digest(tx: Session, order: NewOrder) -> str:
    """Shows later whether the stored order is the one that was written, without telling the dose."""
    content = (order.phase.value, order.parts_tenths, order.starts_on, order.ends_on, order.note, *order.steps)
    return audit.digest_of(tx, *content)


def _end_what_overlaps(tx: Session, order: NewOrder, by: int, now: datetime) -> list[int]:
    """Let every regular order that would overlap end before the new one begins; gives their ids.

    Of a taper that is cut into, every later step ends too: else it would come back to life after the new order.
    """
    reaches = DoseOrder.last_on >= order.starts_on, DoseOrder.last_on >= DoseOrder.starts_on
    own = DoseOrder.patient_id == order.patient_id, DoseOrder.phase != Phase.ONE_TIME.value
    cut = select(DoseOrder.taper_key).where(
        *own, *reaches, DoseOrder.starts_on <= order.ends_on, DoseOrder.taper_key.is_not(None)
    )
    overlapping = tx.execute(
        select(DoseOrder.id, DoseOrder.starts_on)
        .where(*own, *reaches, or_(DoseOrder.starts_on <= order.ends_on, DoseOrder.taper_key.in_(cut)))
        .order_by(DoseOrder.id)
    ).all()
    for old in overlapping:
        # One that has not begun becomes empty: it ends on the day before its own first day, no earlier, because
        # PostgreSQL's ranges may be empty and not negative.
        _lower(tx, old.id, max(order.starts_on, old.starts_on) - A_DAY, by, now)
    return [old.id for old in overlapping]


def _lower(tx: Session, order_id: int, last_on: date, by: int, now: datetime) -> None:
    values = {"last_on": last_on, "stopped_by_id": by, "stopped_at": now}
    tx.execute(update(DoseOrder).where(DoseOrder.id == order_id).values(**values))


def _as_refusal(error: IntegrityError) -> Exception:
    """What the database refused behind our back, in the words of the rules where it is one of them."""
    words = violated(error)
    if "dose_orders_never_overlap" in words:
        return Refusal("order_overlaps")
    if "dose_orders_keep_their_doses" in words:
        return Refusal("order_after_todays_dose")
    return error
