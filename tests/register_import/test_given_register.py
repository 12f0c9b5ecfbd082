"""The register that an office hands over, from the file to today's orders."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from counseling.domain.adherence import EMPTY
from counseling.models.doses import AdherenceSummary, DosedElsewhere
from counseling.models.orders import DoseOrder, OrderPart
from counseling.models.patients import FileStatusChange, Patient, PhoneNumber, SearchKey, TreatmentFile
from counseling.queries.register_imports import list_missing
from counseling.services.adherence import recount_from_rows
from tests.register_import.story import (
    REGISTER,
    TODAY,
    YESTERDAY,
    add_communes,
    applied,
    checked,
    imported,
    outcomes,
    rows_of,
    table_sizes,
)
from tests.support.cast import DONG_KINH, FACILITY, Cast


def count(session: Session, *where: object) -> int:
    return int(session.execute(select(func.count()).where(*where)).scalar_one())  # type: ignore[arg-type]


def test_three_hundred_people_come_in_with_their_orders(session: Session, cast: Cast) -> None:
    add_communes(session)
    facts = checked(session, cast, REGISTER.read_bytes())
    assert outcomes(session, facts) == {"new": 300, "changed": 0, "unchanged": 0, "wrong": 0}
    assert facts.state == "checked" and facts.rows_total == facts.rows_done == 300
    before = table_sizes(session)
    assert before["patients"] == 0
    facts = applied(session, cast, facts)
    assert facts.state == "applied" and facts.counts["new"] == 300
    sizes = table_sizes(session)
    for table in ("patients", "treatment_files", "adherence_summaries", "dosed_elsewhere", "file_status_changes",
                  "dose_orders", "order_parts"):  # fmt: skip
        assert sizes[table] == 300, table
    assert sizes["audit_entries"] == before["audit_entries"] + 1
    runs = count(session, DoseOrder.starts_on <= TODAY, DoseOrder.last_on >= TODAY)
    ended = count(session, DoseOrder.last_on < TODAY)
    assert (runs, ended) == (146, 154)


def test_each_person_is_whole(session: Session, cast: Cast) -> None:
    add_communes(session)
    facts = imported(session, cast, REGISTER.read_bytes())
    file = session.execute(select(TreatmentFile).where(TreatmentFile.register_code == "LS-0002")).scalar_one()
    assert (file.station_id, file.facility_id, file.birth_year, file.sex) == (DONG_KINH, FACILITY, 1992, "male")
    assert (file.status, file.status_since, file.import_id) == ("active", TODAY, facts.id)
    order = session.execute(select(DoseOrder).where(DoseOrder.patient_id == file.patient_id)).scalar_one()
    assert (order.phase, order.origin, order.last_on) == ("maintenance", "register_import", order.ends_on)
    assert order.written_by_id == cast.staff["dispenser"]
    part = session.execute(select(OrderPart).where(OrderPart.order_id == order.id)).scalar_one()
    assert (part.part, part.mg_tenths) == (1, 605)
    elsewhere = session.execute(select(DosedElsewhere).where(DosedElsewhere.patient_id == file.patient_id)).scalar_one()
    assert (elsewhere.first_on, elsewhere.last_on) == (YESTERDAY, YESTERDAY)
    assert session.get_one(AdherenceSummary, file.patient_id).is_active
    assert facts.ref in elsewhere.source
    assert count(session, SearchKey.patient_id == file.patient_id, SearchKey.kind == "word") == 3
    assert count(session, PhoneNumber.patient_id == file.patient_id) == 1
    assert count(session, FileStatusChange.patient_id == file.patient_id) == 1


def test_the_summary_is_what_a_recount_gives(session: Session, cast: Cast) -> None:
    add_communes(session)
    imported(session, cast, REGISTER.read_bytes())
    for patient_id in session.execute(select(Patient.id).limit(20)).scalars().all():
        kept = session.get_one(AdherenceSummary, patient_id)
        assert kept.covered_through == YESTERDAY
        assert recount_from_rows(session, patient_id) == EMPTY.with_day(YESTERDAY, complete=True)


def test_the_same_file_twice_changes_nothing(session: Session, cast: Cast) -> None:
    add_communes(session)
    imported(session, cast, REGISTER.read_bytes())
    before = table_sizes(session)
    facts = checked(session, cast, REGISTER.read_bytes())
    assert outcomes(session, facts) == {"new": 0, "changed": 0, "unchanged": 300, "wrong": 0}
    assert list_missing(session, facts) == []
    assert all(not row.shown["changes"] for row in rows_of(session, facts))
    applied(session, cast, facts)
    after = table_sizes(session)
    assert after.pop("audit_entries") == before.pop("audit_entries") + 1  # that it was done is itself noted
    assert after == before
