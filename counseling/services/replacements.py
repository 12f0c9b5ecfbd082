"""A doctor's one-time order for a vomited dose, and the replacement that is drunk by it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from counseling.database import AnySession, vault_of, writing
from counseling.domain.order_limits import values_of
from counseling.domain.orders import Phase, ensure_writable
from counseling.domain.refusal import Refusal
from counseling.domain.replacement import VomitedDose, ensure_may_give, ensure_may_order
from counseling.domain.station_days import DayState, may_record
from counseling.models.doses import DayDose, StationDay
from counseling.models.orders import DoseOrder, OrderPart
from counseling.models.patients import TreatmentFile
from counseling.queries.bands import list_limits
from counseling.queries.holds import is_on_hold
from counseling.queries.replacements import find_vomited
from counseling.services import audit, order_rules


@dataclass(frozen=True, kw_only=True)
class Signed:
    """Who signs or records, on which day, from which form."""

    by: int
    actor: str
    request_key: str
    now: datetime
    today: date
    second_doctor_id: int | None = None


def write_one_time_order(
    session: AnySession, patient_id: int, mg_tenths: int, signed: Signed, *, station_id: int, note: str | None
) -> int:
    """Commit a one-time order of today for the last dose that was vomited today; gives its id.

    A repeat of the request_key gives the first order. Refusals: the codes of domain.replacement.ensure_may_order, and
    order_not_for_this_person, patient_not_active, second_doctor_is_the_same, second_doctor_not_a_doctor, not_pourable,
    not_measurable, those of domain.orders, request_key_taken.
    """
    order = order_rules.NewOrder(
        patient_id=patient_id,
        station_id=station_id,
        phase=Phase.ONE_TIME,
        parts_tenths=(mg_tenths,),
        starts_on=signed.today,
        ends_on=signed.today,
        note=note or None,
        restart_examined=False,
        second_doctor_id=signed.second_doctor_id,
        latest_seen=None,
    )
    with writing(session) as tx:
        file = order_rules.lock_file(tx, order)
        query = select(DoseOrder.id, DoseOrder.patient_id).where(DoseOrder.request_key == signed.request_key)
        earlier = tx.execute(query).first()
        if earlier is not None:
            if earlier.patient_id != patient_id:
                raise Refusal("request_key_taken")
            return int(earlier.id)
        vomited = ensure_may_order(find_vomited(tx, patient_id, signed.today), mg_tenths)
        order_rules.ensure_second_doctor(tx, signed.second_doctor_id, signed.by)
        ensure_writable(
            phase=Phase.ONE_TIME,
            parts_tenths=order.parts_tenths,
            starts_on=signed.today,
            ends_on=signed.today,
            today=signed.today,
            longest_days=1,
            is_first_ever=False,  # the vomited dose was the first
            second_doctor=signed.second_doctor_id is not None,
            limits=values_of(list_limits(tx, signed.today, station_id)),
        )
        drug_id = order_rules.ensure_all_pourable(tx, order.parts_tenths, file.pour_step_hundredths)
        return _add_order(tx, order, vomited, drug_id, signed)


def _add_order(tx: Session, order: order_rules.NewOrder, vomited: VomitedDose, drug_id: int, signed: Signed) -> int:
    row = insert(DoseOrder).values(
        patient_id=order.patient_id,
        drug_id=drug_id,
        phase=Phase.ONE_TIME.value,
        starts_on=signed.today,
        ends_on=signed.today,
        last_on=signed.today,
        origin="doctor",
        written_by_id=signed.by,
        second_doctor_id=signed.second_doctor_id,
        written_at=signed.now,
        note=vault_of(tx).seal("dose_orders.note", signed.request_key, order.note),
        request_key=signed.request_key,
    )
    order_id: int = tx.execute(row.returning(DoseOrder.id)).scalar_one()
    (mg_tenths,) = order.parts_tenths
    tx.execute(insert(OrderPart).values(order_id=order_id, part=vomited.replacing_part, mg_tenths=mg_tenths))
    details = {
        "patient": order.patient_id,
        "replaces_dose": vomited.dose_id,
        "second_doctor": signed.second_doctor_id,
        "content": audit.digest_of(tx, Phase.ONE_TIME.value, mg_tenths, signed.today, order.note),
    }
    chain = audit.site_chain(order.station_id)
    audit.append(tx, chain, signed.actor, "order.written", f"order:{order_id}", details, signed.now)
    return order_id


def record_replacement(
    session: AnySession,
    patient_id: int,
    order_id: int,
    mg_tenths: int,
    signed: Signed,
    *,
    site_id: int,
    is_alert: bool,
) -> None:
    """Record that a replacement was drunk. `order_id` and `mg_tenths` are what stood on the screen,
    `is_alert` that somebody looked: not intoxicated, not sedated.

    A repeat of the request_key does nothing. Refusals: the codes of domain.replacement.ensure_may_give, and
    not_at_this_station, not_active, day_not_open, on_hold, check_missing.
    """
    with writing(session) as tx:
        order_rules.lock_summary(tx, patient_id)
        repeated = select(DayDose.id).where(DayDose.request_key == signed.request_key)
        if tx.execute(repeated).first() is not None:
            return
        _ensure_open(tx, patient_id, site_id, signed.today)
        if is_on_hold(tx, patient_id):
            raise Refusal("on_hold")
        vomited = ensure_may_give(find_vomited(tx, patient_id, signed.today), order_id, mg_tenths)
        if not is_alert:
            raise Refusal("check_missing")
        values = {
            "patient_id": patient_id,
            "dose_on": signed.today,
            "part": vomited.replacing_part,
            "attempt": 1,
            "kind": "replacement",
            "order_id": order_id,
            "mg_tenths": mg_tenths,
            "site_id": site_id,
            "replaces_id": vomited.dose_id,
            "gap_days": 0,
            "gap_check": "alert",
            "source": "window",
            "recorded_by_id": signed.by,
            "recorded_at": signed.now,
            "request_key": signed.request_key,
        }
        dose_id = tx.execute(insert(DayDose).values(**values).returning(DayDose.id)).scalar_one()
        details: dict[str, object] = {
            "patient": patient_id,
            "order": order_id,
            "part": vomited.replacing_part,
            "mg_tenths": mg_tenths,
            "attempt": 1,
            "on": signed.today,
            "replaces_dose": vomited.dose_id,
        }
        chain = audit.site_chain(site_id)
        audit.append(tx, chain, signed.actor, "dose.recorded", f"dose:{dose_id}", details, signed.now)


def _ensure_open(tx: Session, patient_id: int, site_id: int, today: date) -> None:
    file = tx.execute(
        select(TreatmentFile.status).where(TreatmentFile.patient_id == patient_id, TreatmentFile.station_id == site_id)
    ).first()
    if file is None:
        raise Refusal("not_at_this_station")
    if file.status != "active":
        raise Refusal("not_active")
    day = select(StationDay.state).where(StationDay.site_id == site_id, StationDay.day_on == today)
    state = tx.execute(day).scalar()
    if not may_record(DayState(state) if state else None):
        raise Refusal("day_not_open", state=state)
