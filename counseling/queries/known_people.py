"""The station's people as a register is compared with them, and people elsewhere who may be the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, func, select

from counseling.database import AnySession, vault_of
from counseling.models import Base
from counseling.models.doses import DayDose, DoseVoid
from counseling.models.orders import DoseOrder, OrderPart
from counseling.models.patients import PhoneNumber, SearchKey, TreatmentFile
from counseling.models.places import Site
from counseling.registers.known_people import KnownOrder, KnownPerson
from counseling.treatment_rows import (
    TREATMENT,
    open_hiv_status,
    open_phone,
    open_treatment_file,
    stamp_of,
)

FILE = Base.metadata.tables["treatment_files"]


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Somebody whose search key has a token: enough to tell whether it may be the same person."""

    patient_id: int
    kind: str
    birth_year: int
    station_id: int
    station_name: str
    register_code: str


def list_known_people(session: AnySession, station_id: int) -> Iterator[KnownPerson]:
    """Every file of the station, of any status, with its numbers in use and its regular orders."""
    phones, orders = _phones(session, station_id), _orders(session, station_id)
    query = select(*FILE.columns).where(TreatmentFile.station_id == station_id).order_by(TreatmentFile.patient_id)
    for row in session.execute(query):
        yield known_person(session, row, tuple(phones.get(row.patient_id, ())), tuple(orders.get(row.patient_id, ())))


def known_person(
    session: AnySession, row: Row[Any], phones: tuple[tuple[int, str], ...] = (), orders: tuple[KnownOrder, ...] = ()
) -> KnownPerson:
    """Open one row of `treatment_files`; its `stamp` changes when anything that the file says changes."""
    vault = vault_of(session)
    person = open_treatment_file(vault, row)
    return KnownPerson(
        patient_id=person.patient_id,
        ref=person.ref,
        register_code=person.register_code,
        full_name=person.full_name,
        birth_year=person.birth_year,
        birth_on=person.birth_on,
        sex=person.sex,
        national_code=person.national_code,
        identity_number=person.identity_number,
        area_id=person.area_id,
        address=person.address,
        alias=person.alias,
        hiv_status=open_hiv_status(vault, row.ref, row.hiv_status),
        notes=person.notes,
        treatment_began_on=person.treatment_began_on,
        status=person.status,
        stamp=stamp_of(vault, person),
        phones=phones,
        orders=orders,
    )


def list_key_holders(session: AnySession, tokens: Iterable[bytes]) -> Mapping[bytes, list[KeyHolder]]:
    """Who has which of these tokens of the treatment side, over the whole installation."""
    found: dict[bytes, list[KeyHolder]] = defaultdict(list)
    columns = (SearchKey.patient_id, SearchKey.kind, TreatmentFile.birth_year, TreatmentFile.station_id, Site.name)
    rows = session.execute(
        select(SearchKey.token, *columns, TreatmentFile.register_code)
        .join(TreatmentFile, TreatmentFile.patient_id == SearchKey.patient_id)
        .join(Site, Site.id == TreatmentFile.station_id)
        .where(SearchKey.token.in_(list(tokens)), SearchKey.side == TREATMENT)
        .order_by(SearchKey.patient_id)
    )
    for token, patient_id, kind, birth_year, held_at, station_name, code in rows:
        found[bytes(token)].append(KeyHolder(patient_id, kind, birth_year, held_at, station_name, code))
    return found


def _phones(session: AnySession, station_id: int) -> dict[int, list[tuple[int, str]]]:
    vault = vault_of(session)
    phones: dict[int, list[tuple[int, str]]] = defaultdict(list)
    rows = session.execute(
        select(PhoneNumber.id, PhoneNumber.ref, PhoneNumber.patient_id, PhoneNumber.number)
        .join(TreatmentFile, TreatmentFile.patient_id == PhoneNumber.patient_id)
        .where(TreatmentFile.station_id == station_id, PhoneNumber.side == TREATMENT, PhoneNumber.removed_at.is_(None))
        .order_by(PhoneNumber.id)
    )
    for number_id, ref, patient_id, number in rows:
        phones[patient_id].append((number_id, open_phone(vault, ref, number)))
    return phones


def _orders(session: AnySession, station_id: int) -> dict[int, list[KnownOrder]]:
    here = select(TreatmentFile.patient_id).where(TreatmentFile.station_id == station_id)
    dosed = _dosed_through(session, station_id)
    orders: dict[int, list[KnownOrder]] = defaultdict(list)
    columns = (DoseOrder.id, DoseOrder.starts_on, DoseOrder.ends_on, DoseOrder.last_on, DoseOrder.origin)
    rows = session.execute(
        select(DoseOrder.patient_id, *columns, func.count(OrderPart.id), func.sum(OrderPart.mg_tenths))
        .outerjoin(OrderPart, OrderPart.order_id == DoseOrder.id)
        .where(DoseOrder.patient_id.in_(here), DoseOrder.phase != "one_time")
        .group_by(DoseOrder.patient_id, *columns)
        .order_by(DoseOrder.id)
    )
    for patient_id, order_id, starts_on, ends_on, last_on, origin, parts, tenths in rows:
        amount = int(tenths) if parts == 1 else None
        is_imported = origin == "register_import"
        orders[patient_id].append(
            KnownOrder(order_id, amount, starts_on, ends_on, last_on, is_imported, dosed.get(order_id))
        )
    return orders


def _dosed_through(session: AnySession, station_id: int) -> dict[int, date]:
    """The last day with a dose that counts, by order; only imported orders are ever asked about."""
    rows = session.execute(
        select(DayDose.order_id, func.max(DayDose.dose_on).label("dosed_through"))
        .join(DoseOrder, DoseOrder.id == DayDose.order_id)
        .join(TreatmentFile, TreatmentFile.patient_id == DayDose.patient_id)
        .outerjoin(DoseVoid, DoseVoid.day_dose_id == DayDose.id)
        .where(TreatmentFile.station_id == station_id, DoseOrder.origin == "register_import", DoseVoid.id.is_(None))
        .group_by(DayDose.order_id)
    )
    return {row.order_id: row.dosed_through for row in rows}
