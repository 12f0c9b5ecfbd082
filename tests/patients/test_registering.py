"""Registering somebody: everything in one transaction, once, and never a second file by accident."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from counseling.database import vault_of
from counseling.domain.refusal import Refusal
from counseling.models.audit import AuditEntry
from counseling.models.base import Base
from counseling.models.doses import AdherenceSummary, DosedElsewhere
from counseling.models.patients import FileStatusChange, Patient, TreatmentFile
from counseling.queries.file_parts import list_phones
from counseling.queries.patients import get_treatment_row
from counseling.services.adherence import from_columns, recount_from_rows
from counseling.services.patients import DosedElsewhereUntil, register_patient
from counseling.treatment_rows import TREATMENT, open_hiv_status, open_treatment_file
from tests.support.cast import CAO_LOC, Cast
from tests.support.files import TODAY, by, details, patient_of, registered
from tests.support.settings import MORNING

FULL = {
    "full_name": "Hoàng Thị Ngọc",
    "birth_on": datetime(1985, 3, 5).date(),  # noqa: DTZ001 - a day of birth
    "national_code": "QG-778",
    "identity_number": "020185001234",
    "phone": "+84912345678",
    "address": "Tổ 3, đường Bà Triệu",
    "alias": "Cô Ngọc",
    "language": "tyz",
    "can_read": False,
    "hiv_status": "positive",
    "notes": "Đi cùng mẹ",
}


def count(session: Session, table: type[Base]) -> int:
    found = session.execute(select(func.count()).select_from(table)).scalar_one()
    session.rollback()
    return found


def test_what_was_registered_is_read_again(session: Session, cast: Cast) -> None:
    ref = registered(session, cast, **FULL)
    row = get_treatment_row(session, cast.viewer_of("dispenser"), ref)
    person = open_treatment_file(vault_of(session), row)
    kept = {name: getattr(person, name) for name in FULL if name not in ("phone", "hiv_status")}
    assert kept == {name: value for name, value in FULL.items() if name in kept}
    assert [line.number for line in list_phones(session, row.patient_id, TREATMENT)] == ["+84912345678"]
    assert open_hiv_status(vault_of(session), ref, row.hiv_status) == "positive"


def test_registering_writes_history_and_audit_by_id_only(session: Session, cast: Cast) -> None:
    patient_id = patient_of(session, registered(session, cast, **FULL))
    change = session.execute(select(FileStatusChange)).scalar_one()
    assert (change.patient_id, change.status, change.since_on) == (patient_id, "active", TODAY)
    entry = session.execute(select(AuditEntry).where(AuditEntry.action == "patient.registered")).scalar_one()
    assert (entry.chain, entry.subject) == ("site:2", f"patient:{patient_id}")
    assert "Ngọc" not in entry.details


def test_a_form_sent_twice_gives_the_first_file(session: Session, cast: Cast) -> None:
    first = registered(session, cast, request_key="a" * 32)
    assert registered(session, cast, request_key="a" * 32, full_name="Người Khác") == first
    assert count(session, TreatmentFile) == 1


def test_the_same_form_from_several_hands_at_once_makes_one_file(session: Session, cast: Cast) -> None:
    def send(_: int) -> str:
        with Session(session.get_bind(), expire_on_commit=False) as own:
            return registered(own, cast, request_key="b" * 32)

    with ThreadPoolExecutor(6) as hands:
        refs = set(hands.map(send, range(6)))
    assert len(refs) == 1
    assert count(session, Patient) == 1


def test_a_taken_code_is_refused_and_nothing_is_kept(session: Session, cast: Cast) -> None:
    registered(session, cast)
    with pytest.raises(Refusal, match="register_code_taken"):
        registered(session, cast, full_name="Lý Văn Đạt", birth_year=1990)
    assert count(session, Patient) == 1


def test_the_same_code_at_another_station_is_somebody_else(session: Session, cast: Cast) -> None:
    registered(session, cast)
    registered(session, cast, station_id=CAO_LOC)
    assert count(session, TreatmentFile) == 2


def test_a_likely_duplicate_needs_to_be_confirmed(session: Session, cast: Cast) -> None:
    registered(session, cast)
    again = details(register_code="LS-0013", full_name="NGUYEN VAN DUC")
    who, when = by(cast, "dispenser"), {"today": TODAY, "now": MORNING}
    with pytest.raises(Refusal, match="likely_duplicates"):
        register_patient(session, again, by=who, request_key="c" * 32, **when)
    register_patient(session, again, by=who, request_key="c" * 32, confirmed_duplicates=True, **when)
    assert count(session, TreatmentFile) == 2


def test_days_that_another_register_answers_for_are_covered(session: Session, cast: Cast) -> None:
    elsewhere = DosedElsewhereUntil(TODAY - timedelta(days=1), "giấy chuyển")
    patient_id = patient_of(session, registered(session, cast, elsewhere=elsewhere))
    kept = session.execute(select(AdherenceSummary).where(AdherenceSummary.patient_id == patient_id)).scalar_one()
    assert kept.covered_through == TODAY - timedelta(days=1)
    assert from_columns(kept.anchor_on, kept.covered, kept.complete) == recount_from_rows(session, patient_id)
    assert session.execute(select(DosedElsewhere.source)).scalar_one() == "giấy chuyển"


def test_nobody_was_dosed_elsewhere_tomorrow(session: Session, cast: Cast) -> None:
    with pytest.raises(Refusal, match="dosed_elsewhere_in_future"):
        registered(session, cast, elsewhere=DosedElsewhereUntil(TODAY + timedelta(days=1), ""))
    assert count(session, Patient) == 0


@pytest.mark.parametrize("make", [lambda n: "Ầ" * n, lambda n: ("Nguyễn " * n)[:n].strip()])
def test_names_of_sixty_letters_are_kept_whole(session: Session, cast: Cast, make: Callable[[int], str]) -> None:
    name = make(60)
    ref = registered(session, cast, full_name=name)
    row = get_treatment_row(session, cast.viewer_of("dispenser"), ref)
    assert open_treatment_file(vault_of(session), row).full_name == name
