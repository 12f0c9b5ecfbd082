"""The people of a measurement: rows as the product's own builders make them, many at a time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.domain.adherence import EMPTY
from counseling.models.doses import AdherenceSummary, DosedElsewhere
from counseling.models.orders import DoseOrder, OrderPart
from counseling.models.patients import Patient, SearchKey, TreatmentFile
from counseling.refs import new_ref, new_request_key
from counseling.services.adherence import columns
from counseling.services.defaults import ship_defaults
from counseling.services.station_days import open_station_day
from counseling.treatment_rows import TreatmentDetails, sealed_columns, search_rows
from tests.support.cast import CAO_LOC, DONG_KINH, FACILITY, PASSWORD, Cast, fill
from tests.support.settings import MORNING

TODAY = MORNING.date()
LISTED = 300  # at Đông Kinh, whose list is measured
DOSED = 2_200  # at Cao Lộc, where each can be dosed once
LISTS, DOSES = "dispenser", "dispenser2"  # who sits at which of the two
TENTHS = 605
DRUG = 1
FAMILY = ("Nguyễn", "Lý", "Hoàng", "Nông", "Vi", "Lương", "Đặng", "Triệu", "Hà", "Chu")
MIDDLE = ("Văn", "Đức", "Hữu", "Minh", "Quang", "Thị", "Xuân", "Ngọc")
GIVEN = ("An", "Bình", "Cường", "Dũng", "Hải", "Hiếu", "Khánh", "Lâm", "Nam", "Phúc", "Sơn", "Thắng", "Tuấn", "Đạt")

__all__ = ["CAO_LOC", "DONG_KINH", "DOSED", "DOSES", "LISTED", "LISTS", "PASSWORD", "TODAY", "People", "settle"]


@dataclass(frozen=True)
class People:
    """References of the two stations' people."""

    listed: list[str]
    dosed: list[str]


def settle(session: Session) -> People:
    """Fill a migrated, empty database: two stations with their day open, everybody active with an order."""
    ship_defaults(session, is_demo=True, now=MORNING)
    cast = fill(session)
    found = random.Random(1)
    people = People(
        _register(session, cast, found, DONG_KINH, "DK", LISTED), _register(session, cast, found, CAO_LOC, "CL", DOSED)
    )
    for username, station in ((LISTS, DONG_KINH), (DOSES, CAO_LOC)):
        who = cast.viewer_of(username)
        open_station_day(session, station, TODAY, by=who.staff_id, actor=who.actor, now=MORNING)
    return people


def _register(session: Session, cast: Cast, found: random.Random, station: int, code: str, count: int) -> list[str]:
    vault, refs = vault_of(session), [new_ref() for _ in range(count)]
    people = list(_details(found, station, code, count))
    files = [sealed_columns(vault, ref, details) for ref, details in zip(refs, people, strict=True)]
    with writing(session) as tx:
        ids = _ids(tx, insert(Patient).returning(Patient.id), [{"created_at": MORNING}] * count)
        by = {"registered_at": MORNING, "registered_by_id": cast.staff[LISTS]}
        tx.execute(
            insert(TreatmentFile),
            [{**file, **by, "patient_id": n, "ref": ref} for n, ref, file in zip(ids, refs, files, strict=True)],
        )
        keys = [search_rows(vault, "treatment", n, full_name=who.full_name) for n, who in zip(ids, people, strict=True)]
        tx.execute(insert(SearchKey), list(chain.from_iterable(keys)))
        _cover_yesterday(tx, cast, ids)
        _order(tx, cast, ids)
    return refs


def _ids(tx: Session, statement: Any, rows: list[dict[str, Any]]) -> list[int]:
    return list(tx.execute(statement, rows).scalars())


def _details(found: random.Random, station: int, code: str, count: int) -> Iterator[TreatmentDetails]:
    for number in range(count):
        yield TreatmentDetails(
            station_id=station,
            facility_id=FACILITY,
            register_code=f"{code}-{number + 1:04d}",
            full_name=" ".join(found.choice(part) for part in (FAMILY, MIDDLE, GIVEN)),
            birth_year=found.randint(1960, 2002),
            status_since=TODAY,
        )


def _cover_yesterday(tx: Session, cast: Cast, ids: list[int]) -> None:
    yesterday = TODAY - timedelta(days=1)
    days = {"first_on": yesterday, "last_on": yesterday}
    said = {"source": "sổ cũ", "recorded_by_id": cast.staff[LISTS], "recorded_at": MORNING}
    tx.execute(insert(DosedElsewhere), [{"patient_id": patient_id, **days, **said} for patient_id in ids])
    summary = columns(EMPTY.with_day(yesterday, complete=True))
    tx.execute(insert(AdherenceSummary), [{"patient_id": patient_id, **summary} for patient_id in ids])


def _order(tx: Session, cast: Cast, ids: list[int]) -> None:
    order = {
        "drug_id": DRUG,
        "phase": "maintenance",
        "starts_on": TODAY,
        "ends_on": TODAY + timedelta(days=29),
        "last_on": TODAY + timedelta(days=29),
        "origin": "doctor",
        "written_by_id": cast.staff["doctor"],
        "written_at": MORNING,
    }
    rows = [{**order, "patient_id": patient_id, "request_key": new_request_key()} for patient_id in ids]
    orders = _ids(tx, insert(DoseOrder).returning(DoseOrder.id), rows)
    tx.execute(insert(OrderPart), [{"order_id": order_id, "part": 1, "mg_tenths": TENTHS} for order_id in orders])
