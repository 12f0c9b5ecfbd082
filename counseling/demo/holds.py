"""A hold that a doctor has set, and an alert that is to be read: one of each stands at the first station."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from counseling.demo.accounts import DONG_KINH
from counseling.demo.book import Book
from counseling.demo.dice import Dice
from counseling.demo.plan import PlannedPatient
from counseling.models.window import PatientHold

AFTER_THE_WINDOW = 15 * 60 + 40  # minutes after midnight
WORDS = {
    "hold": "Chờ kết quả điện tim. Bác sĩ gọi lại sáng nay rồi mới cho uống.",
    "alert": "Bắt đầu uống thuốc lao từ thứ Hai: hỏi xem có đau bụng, vàng mắt không.",
}


def add_holds(book: Book, people: list[tuple[int, PlannedPatient]]) -> None:
    """The last two of the register who have an order, no part in another story, and have not come today."""
    today, at = book.frame.today, book.frame.at(book.frame.yesterday, AFTER_THE_WINDOW)
    free = [
        (patient_id, patient)
        for patient_id, patient in people
        if patient.station == DONG_KINH
        and not patient.staged
        and patient.order_on(today) is not None
        and patient.order_on(book.frame.yesterday) is not None
        and all(event.on < today for event in patient.events)
    ]
    for kind, by, (patient_id, _) in zip(WORDS, ("doctor", "dispenser"), reversed(free), strict=False):
        (hold_id,) = book.add(PatientHold, [_row(book, kind, by, patient_id, at)])
        facts = {"hold": hold_id}
        book.note(at, book.places.sites[DONG_KINH], book.staff[by], f"{kind}.set", f"patient:{patient_id}", facts)


def _row(book: Book, kind: str, by: str, patient_id: int, at: datetime) -> dict[str, Any]:
    dice = Dice("hold", kind, book.frame.today)
    ref = dice.ref()
    return {
        "ref": ref,
        "patient_id": patient_id,
        "kind": kind,
        "words": book.vault.seal("patient_holds.words", ref, WORDS[kind]),
        "by_doctor": by == "doctor",
        "set_by_id": book.staff[by],
        "set_at": at,
        "request_key": dice.request_key(),
    }
