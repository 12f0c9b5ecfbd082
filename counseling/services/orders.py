"""A doctor writes a dose order, or stops one. The doctor decides; this only refuses what the rules do not allow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.database import AnySession, vault_of, violated, writing
from counseling.domain.orders import Phase
from counseling.domain.refusal import Refusal
from counseling.models.doses import DayDose
from counseling.models.orders import DoseOrder, OrderPart
from counseling.models.patients import TreatmentFile
from counseling.queries.bands import list_bands
from counseling.services import audit, order_rules
from counseling.services.order_rules import A_DAY, NewOrder
from counseling.services.tasks import close_tasks_of

CLOSED_BY_AN_ORDER = ("order_review", "renewal", "withheld_review", "vomited_review")
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
    )
    try:
        with writing(session) as tx:
            file = order_rules.lock_file(tx, order)
            earlier = _written_before(tx, request_key, patient_id)
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

    `reason` is a word of STOP_REASONS. Refusals: order_not_for_this_person, order_has_later_doses.
    """
    if reason not in STOP_REASONS:
        raise ValueError("a reason that the form does not offer")
    with writing(session) as tx:
        order_rules.lock_summary(tx, patient_id)
        order = tx.execute(
            select(DoseOrder.starts_on, DoseOrder.last_on, TreatmentFile.station_id)
            .join(TreatmentFile, TreatmentFile.patient_id == DoseOrder.patient_id)
            .where(DoseOrder.id == order_id, DoseOrder.patient_id == patient_id)
        ).first()
        if order is None:
            raise Refusal("order_not_for_this_person")
        dosed_on = order_rules.last_live_dose(tx, DayDose.order_id == order_id)
        if dosed_on is not None and dosed_on > today:
            raise Refusal("order_has_later_doses", dose_on=dosed_on)
        # An order that never began ends on the day before its first: an empty span, for both databases.
        last_on = max(today if dosed_on == today else today - A_DAY, order.starts_on - A_DAY)
        if order.last_on <= last_on:
            return
        _lower(tx, order_id, last_on, by, now)
        details = {"patient": patient_id, "last_on": last_on, "reason": reason}
        chain = audit.site_chain(order.station_id)
        audit.append(tx, chain, actor, "order.stopped", f"order:{order_id}", details, now)


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
    drug_id = order_rules.ensure_all_pourable(tx, order.parts_tenths, file.pour_step_hundredths)
    order_rules.ensure_no_dose_from(tx, order.patient_id, order.starts_on)
    reviewed = order_rules.gap_reviewed(order, file.covered_through, list_bands(tx, today), today)
    replaced = _end_what_overlaps(tx, order, by, now)
    row = DoseOrder(
        patient_id=order.patient_id,
        drug_id=drug_id,
        phase=order.phase.value,
        starts_on=order.starts_on,
        ends_on=order.ends_on,
        last_on=order.ends_on,
        gap_reviewed_through=reviewed,
        origin="doctor",
        written_by_id=by,
        second_doctor_id=order.second_doctor_id,
        written_at=now,
        note=vault_of(tx).seal("dose_orders.note", request_key, order.note),
        request_key=request_key,
    )
    tx.add(row)
    tx.flush()
    parts = [{"order_id": row.id, "part": n, "mg_tenths": mg} for n, mg in enumerate(order.parts_tenths, start=1)]
    tx.execute(insert(OrderPart), parts)
    closed = close_tasks_of(tx, order.patient_id, CLOSED_BY_AN_ORDER, by_id=by, at=now)
    details = {
        "patient": order.patient_id,
        "replaces": replaced,
        "closes": closed,
        "second_doctor": order.second_doctor_id,
        "restart": reviewed is not None,
        "content": _digest(tx, order),
    }
    audit.append(tx, audit.site_chain(order.station_id), actor, "order.written", f"order:{row.id}", details, now)
    return row.id


def _digest(tx: Session, order: NewOrder) -> str:
    """Shows later whether the stored order is the one that was written, without telling the dose."""
    content = (order.phase.value, order.parts_tenths, order.starts_on, order.ends_on, order.note)
    return audit.digest_of(tx, *content)


def _end_what_overlaps(tx: Session, order: NewOrder, by: int, now: datetime) -> list[int]:
    """Let every regular order that would overlap end before the new one begins; gives their ids."""
    overlapping = tx.execute(
        select(DoseOrder.id, DoseOrder.starts_on)
        .where(
            DoseOrder.patient_id == order.patient_id,
            DoseOrder.phase != Phase.ONE_TIME.value,
            DoseOrder.starts_on <= order.ends_on,
            DoseOrder.last_on >= order.starts_on,
        )
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
