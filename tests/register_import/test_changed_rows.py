"""A register that comes again: what changed is shown, and only that is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.domain.refusal import Refusal
from counseling.models.orders import DoseOrder, OrderPart
from counseling.models.patients import Patient, PhoneNumber, SearchKey, TreatmentFile
from counseling.queries.register_imports import list_missing
from counseling.refs import new_request_key
from counseling.services.register_imports import confirm_row
from counseling.services.station_days import open_station_day
from counseling.treatment_rows import open_text
from tests.register_import.story import (
    DAT,
    KHANH,
    TODAY,
    add_communes,
    applied,
    by,
    checked,
    imported,
    outcomes,
    rows_of,
    sheet,
    table_sizes,
    with_cell,
)
from tests.support.cast import DONG_KINH, Cast
from tests.support.settings import MORNING
from tests.support.treatment import Person, dose


def changes(session: Session, cast: Cast, *rows: Any) -> dict[str, tuple[Any, Any]]:
    """What the check of these rows shows of the first one."""
    row = rows_of(session, checked(session, cast, sheet(*rows)))[0]
    assert row.outcome == "changed", row
    return {name: (old, new) for name, old, new in row.shown["changes"]}


def file_of(session: Session, code: str) -> TreatmentFile:
    session.rollback()
    session.expire_all()
    return session.execute(select(TreatmentFile).where(TreatmentFile.register_code == code)).scalar_one()


def orders_of(session: Session, code: str) -> list[tuple[int, date, date]]:
    query = select(OrderPart.mg_tenths, DoseOrder.starts_on, DoseOrder.last_on)
    query = query.join(OrderPart, OrderPart.order_id == DoseOrder.id).order_by(DoseOrder.id)
    return [
        tuple(row) for row in session.execute(query.where(DoseOrder.patient_id == file_of(session, code).patient_id))
    ]


def test_the_difference_is_shown_and_written(session: Session, cast: Cast) -> None:
    add_communes(session)
    imported(session, cast, sheet(KHANH, DAT))
    before = table_sizes(session)
    row = with_cell(with_cell(KHANH, "Họ tên người bệnh", "Trần Quốc Khánh"), "SĐT", "0987654321")
    facts = checked(session, cast, sheet(row, DAT))
    shown: Mapping[str, Any] = {name: (old, new) for name, old, new in rows_of(session, facts)[0].shown["changes"]}
    assert shown == {
        "full_name": ("Trần Văn Khánh", "Trần Quốc Khánh"),
        "phone": ("+84912345678", "+84987654321"),
    }
    assert outcomes(session, facts) == {"new": 0, "changed": 1, "unchanged": 1, "wrong": 0}
    applied(session, cast, facts)
    file = file_of(session, "LS-0001")
    assert open_text(vault_of(session), file.ref, "full_name", file.full_name) == "Trần Quốc Khánh"
    numbers = session.execute(select(PhoneNumber).where(PhoneNumber.patient_id == file.patient_id)).scalars().all()
    assert [number.removed_at is None for number in numbers] == [False, True]
    token = vault_of(session).token("treatment:word", "quoc")
    assert session.execute(select(SearchKey.patient_id).where(SearchKey.token == token)).scalar_one() == file.patient_id
    after = table_sizes(session)
    assert after["dose_orders"] == before["dose_orders"] and after["patients"] == before["patients"]
    assert outcomes(session, checked(session, cast, sheet(row, DAT)))["unchanged"] == 2


def test_a_later_order_ends_the_running_imported_one(session: Session, cast: Cast) -> None:
    add_communes(session)
    imported(session, cast, sheet(KHANH))
    later = [*KHANH[:6], 65, "25/11/2026", "24/12/2026"]
    facts = imported(session, cast, sheet(later))
    assert facts.counts["orders"] == 1
    assert orders_of(session, "LS-0001") == [
        (600, date(2026, 11, 3), date(2026, 11, 24)),
        (650, date(2026, 11, 25), date(2026, 12, 24)),
    ]


def test_a_corrected_dose_of_the_same_days_replaces_an_order_without_doses(session: Session, cast: Cast) -> None:
    add_communes(session)
    imported(session, cast, sheet(KHANH))
    imported(session, cast, sheet(with_cell(KHANH, "Liều hiện tại", 55)))
    assert orders_of(session, "LS-0001") == [
        (600, date(2026, 11, 3), date(2026, 11, 2)),
        (550, date(2026, 11, 3), date(2026, 12, 2)),
    ]


def test_an_order_with_doses_is_the_doctors_to_change(session: Session, cast: Cast) -> None:
    add_communes(session)
    imported(session, cast, sheet(KHANH))
    record_one_dose(session, cast)
    (row,) = rows_of(session, checked(session, cast, sheet(with_cell(KHANH, "Liều hiện tại", 55))))
    assert [fault["code"] for fault in row.shown["faults"]] == ["order_has_doses"]


def test_an_order_written_here_is_never_replaced_by_a_file(session: Session, cast: Cast) -> None:
    add_communes(session)
    imported(session, cast, sheet([*KHANH[:6], None, None, None]))
    write_order(session, cast)
    (row,) = rows_of(session, checked(session, cast, sheet(KHANH)))
    assert [fault["code"] for fault in row.shown["faults"]] == ["order_written_here"]


def test_who_is_not_in_the_file_is_listed_and_not_touched(session: Session, cast: Cast) -> None:
    add_communes(session)
    imported(session, cast, sheet(KHANH, DAT))
    facts = checked(session, cast, sheet(KHANH))
    assert [person.register_code for person in list_missing(session, facts)] == ["LS-0004"]
    applied(session, cast, facts)
    assert file_of(session, "LS-0004").status == "active"


def test_the_same_name_and_year_under_another_code_waits_for_a_person(session: Session, cast: Cast) -> None:
    add_communes(session)
    imported(session, cast, sheet(KHANH))
    twin = ["LS-0777", "trần văn khanh", 1971, "Xã Bắc Sơn", None, None, 40, "20/11/2026", "19/12/2026"]
    facts = checked(session, cast, sheet(twin, DAT))
    assert rows_of(session, facts)[0].shown["likely"] == [["LS-0001", "Trạm Y tế phường Đông Kinh"]]
    confirm_row(session, facts.ref, 2, is_another=True)
    confirm_row(session, facts.ref, 2, is_another=False)
    facts = applied(session, cast, facts)
    assert (facts.counts["new"], facts.counts["skipped"]) == (1, 1)
    facts = checked(session, cast, sheet(twin, DAT))
    confirm_row(session, facts.ref, 2, is_another=True)
    assert applied(session, cast, facts).counts["new"] == 1


def test_the_code_of_somebody_else_is_a_fault(session: Session, cast: Cast) -> None:
    add_communes(session)
    imported(session, cast, sheet(KHANH))
    (row,) = rows_of(session, checked(session, cast, sheet(["LS-0001", *DAT[1:]])))
    assert [fault["code"] for fault in row.shown["faults"]] == ["code_of_another"]


def test_a_person_with_another_code_is_known_by_the_identity_number(session: Session, cast: Cast) -> None:
    add_communes(session)
    imported(session, cast, sheet(KHANH))
    assert changes(session, cast, ["LS-9001", *KHANH[1:]]) == {"register_code": ("LS-0001", "LS-9001")}


@pytest.mark.parametrize("what", ["code", "order", "file"])
def test_a_world_that_changed_since_the_check_is_refused_whole(session: Session, cast: Cast, what: str) -> None:
    add_communes(session)
    imported(session, cast, sheet(KHANH))
    later = [KHANH[0], "Trần Quốc Khánh", *KHANH[2:6], 65, "25/12/2026", "23/01/2027"]
    facts = checked(session, cast, sheet(later, DAT))
    if what == "order":
        write_order(session, cast, date(2026, 12, 3))
    elif what == "file":
        with writing(session) as tx:
            tx.execute(update(TreatmentFile).values(birth_year=1970))
    else:
        with writing(session) as tx:
            columns = {column.name: column for column in TreatmentFile.__table__.columns}
            same = {
                name: column for name, column in columns.items() if name not in ("patient_id", "ref", "register_code")
            }
            tx.execute(insert(Patient).values(id=900, created_at=MORNING))
            row = select(*same.values()).limit(1)
            kept = tx.execute(row).mappings().one()
            values = dict(kept) | {"patient_id": 900, "ref": "abcabcabcabc", "register_code": "LS-0004"}
            tx.execute(insert(TreatmentFile).values(**values))
    before = table_sizes(session)
    with pytest.raises(Refusal, match="world_changed"):
        applied(session, cast, facts)
    assert table_sizes(session) == before


def write_order(session: Session, cast: Cast, starts_on: date = TODAY) -> None:
    patient_id = file_of(session, "LS-0001").patient_id
    with writing(session) as tx:
        values = {"starts_on": starts_on, "ends_on": date(2026, 12, 15), "last_on": date(2026, 12, 15)}
        who = {"patient_id": patient_id, "drug_id": 1, "phase": "maintenance", "origin": "doctor"}
        order = insert(DoseOrder).values(
            **values, **who, written_by_id=cast.staff["doctor"], written_at=MORNING, request_key=new_request_key()
        )
        order_id = tx.execute(order.returning(DoseOrder.id)).scalar_one()
        tx.execute(insert(OrderPart).values(order_id=order_id, part=1, mg_tenths=600))


def record_one_dose(session: Session, cast: Cast) -> None:
    who = by(cast)
    open_station_day(session, DONG_KINH, TODAY, by=who.staff_id, actor=who.actor, now=MORNING)
    file = file_of(session, "LS-0001")
    order_id = session.execute(select(DoseOrder.id).where(DoseOrder.patient_id == file.patient_id)).scalar_one()
    dose(session, cast, Person(file.patient_id, file.ref), order_id)
