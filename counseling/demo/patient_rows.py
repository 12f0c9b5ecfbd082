"""Rows of treatment files: the person, search keys, phones, cards, where they come from."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from counseling.demo import people, words
from counseling.demo.accounts import DONG_KINH
from counseling.demo.book import Book
from counseling.demo.dice import Dice
from counseling.demo.plan import PlannedPatient
from counseling.domain.card_codes import new_card_code
from counseling.models.doses import DosedElsewhere
from counseling.models.patients import (
    Card,
    FileStatusChange,
    Patient,
    SearchKey,
    TreatmentFile,
)
from counseling.treatment_rows import (
    TREATMENT,
    TreatmentDetails,
    sealed_columns,
    search_rows,
    token_kind,
)

# Where a station's people live, by commune, the near ones first.
HOMES = {
    DONG_KINH: ("05977", "05983", "05986", "06187", "06541", "06529", "06463", "06253"),
    "": ("06193", "06187", "06184", "06220", "06202", "06541", "06214"),
}
NEARNESS = (30, 18, 16, 14, 8, 6, 5, 3)
BEGAN_WITHIN_DAYS = 3000


def add_patients(book: Book, patients: list[PlannedPatient]) -> list[int]:
    """Files of everybody with all that belongs to them; gives the patients' ids."""
    ids = book.add(Patient, [{"created_at": patient.registered_at} for patient in patients])
    files: list[dict[str, Any]] = []
    keys: list[dict[str, Any]] = []
    for patient_id, patient in zip(ids, patients, strict=True):
        dice, ref = Dice("file", *patient.dice_seed), Dice("ref", *patient.dice_seed).ref()
        details = _details(dice, book, patient)
        files.append(
            sealed_columns(book.vault, ref, details)
            | {
                "patient_id": patient_id,
                "ref": ref,
                "registered_at": patient.registered_at,
                "registered_by_id": book.dispenser(patient.station, patient.registered_at.date()),
                "request_key": dice.request_key(),
            }
        )
        keys += _keys(book, patient_id, details)
    book.put(TreatmentFile, files)
    book.put(SearchKey, keys)
    _add_beginnings(book, ids, patients)
    _add_cards(book, ids, patients)
    return ids


def _details(dice: Dice, book: Book, patient: PlannedPatient) -> TreatmentDetails:
    person, registered_on = patient.person, patient.registered_at.date()
    homes = HOMES.get(patient.station, HOMES[""])
    commune = dice.one_of(homes, NEARNESS[: len(homes)])
    is_new = patient.story == "induction"
    began_on = registered_on if is_new else registered_on - timedelta(days=dice.between(40, BEGAN_WITHIN_DAYS))
    return TreatmentDetails(
        station_id=book.places.sites[patient.station],
        facility_id=book.places.facilities[patient.station],
        register_code=patient.register_code,
        full_name=person.full_name,
        birth_year=person.birth_year,
        status_since=began_on,
        sex=person.sex,
        national_code=f"DT{dice.digits(8)}" if dice.chance(0.6) else None,
        identity_number=people.identity_number(dice) if dice.chance(0.8) else None,
        phone=patient.phone,
        area_id=book.places.areas[commune],
        address=people.hamlet(dice, commune, book.places.kinds[commune]),
        alias=people.alias(dice) if dice.chance(0.3) else None,
        language=person.language,
        can_read=dice.one_of((True, False, None), (85, 8, 7)),
        hiv_status=dice.one_of(("negative", "positive", "unknown"), (62, 16, 22)),
        notes=dice.one_of(words.TREATMENT_NOTES) if dice.chance(0.12) else None,
        treatment_began_on=began_on,
    )


def _keys(book: Book, patient_id: int, details: TreatmentDetails) -> list[dict[str, object]]:
    return search_rows(
        book.vault,
        TREATMENT,
        patient_id,
        full_name=details.full_name,
        phone=details.phone,
        identity_number=details.identity_number,
        national_code=details.national_code,
        alias=details.alias,
    )


def _add_beginnings(book: Book, ids: list[int], patients: list[PlannedPatient]) -> None:
    """Since when the file is active, and which day another register answers for."""
    changes, elsewhere = [], []
    for patient_id, patient in zip(ids, patients, strict=True):
        at = patient.registered_at
        by = book.dispenser(patient.station, at.date())
        who: dict[str, Any] = {"patient_id": patient_id, "recorded_by_id": by, "recorded_at": at}
        changes.append({**who, "side": TREATMENT, "status": "active", "since_on": at.date(), "reason": None})
        until = patient.dosed_elsewhere_until
        if until is not None:
            elsewhere.append({**who, "first_on": until, "last_on": until, "source": patient.elsewhere_source})
        site_id = book.places.sites[patient.station]
        book.note(at, site_id, by, "patient.registered", f"patient:{patient_id}", {})
    book.put(FileStatusChange, changes)
    book.put(DosedElsewhere, elsewhere)


def _add_cards(book: Book, ids: list[int], patients: list[PlannedPatient]) -> None:
    """Most people carry a card; a few lost one and got another."""
    rows = []
    for patient_id, patient in zip(ids, patients, strict=True):
        dice = Dice("card", *patient.dice_seed)
        if not dice.chance(0.85):
            continue
        issued_at = patient.registered_at + timedelta(minutes=3)
        rows.append((patient, _card(dice, book, patient_id, patient, issued_at)))
        lost_at = issued_at + timedelta(days=2, minutes=dice.between(0, 90))
        if dice.chance(0.05) and lost_at < book.frame.now:
            rows[-1][1].update(revoked_at=lost_at, revoked_by_id=rows[-1][1]["issued_by_id"], revoke_reason="lost")
            rows.append((patient, _card(dice, book, patient_id, patient, lost_at + timedelta(minutes=1))))
    for card_id, (patient, row) in zip(book.add(Card, [row for _, row in rows]), rows, strict=True):
        site_id, subject = book.places.sites[patient.station], f"patient:{row['patient_id']}"
        book.note(row["issued_at"], site_id, row["issued_by_id"], "card.issued", subject, {"card": card_id})
        if row["revoked_at"] is not None:
            facts = {"card": card_id, "reason": row["revoke_reason"]}
            book.note(row["revoked_at"], site_id, row["revoked_by_id"], "card.revoked", subject, facts)


def _card(dice: Dice, book: Book, patient_id: int, patient: PlannedPatient, issued_at: Any) -> dict[str, Any]:
    ref, code = dice.request_key()[:16], new_card_code(dice.random_bytes)
    return {
        "ref": ref,
        "patient_id": patient_id,
        "code": book.vault.seal("cards.code", ref, code),
        "token": book.vault.token(token_kind(TREATMENT, "card"), code),
        "key_id": book.vault.newest_id,
        "issued_at": issued_at,
        "issued_by_id": book.dispenser(patient.station, issued_at.date()),
        "revoked_at": None,
        "revoked_by_id": None,
        "revoke_reason": None,
    }
