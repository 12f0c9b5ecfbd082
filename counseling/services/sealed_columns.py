"""Every column that holds something sealed, in one place: what a rotation of keys goes through.

A house test compares this list, and KEPT_AS_THEY_ARE, with the models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Table, case, select

from counseling.models import Base
from counseling.models.contacts import OutreachContact, VisitConsent
from counseling.models.counseling import CounselingSession
from counseling.models.doses import DoseVoidRequest, StationVisit
from counseling.models.duty import DutyPhone
from counseling.models.hands import StaffTotp
from counseling.models.observations import DoseObservation
from counseling.models.orders import DoseOrder
from counseling.models.patients import Card, FileStatusChange, PhoneNumber, SupportFile, TreatmentFile
from counseling.models.phone_entries import WaitingVisit
from counseling.models.registers import RegisterImport, RegisterImportRow
from counseling.models.texts import InboundMessage, OutboundMessage, PhoneLine, SimulatedText
from counseling.models.window import PatientHold

BATCH = 50


@dataclass(frozen=True)
class SealedTable:
    """Columns of one table that are bound to the same row reference, and the field that each is bound to.

    `row` is an expression over the table's own row; `batch` rows are re-encrypted in one transaction.
    """

    table: Table
    row: ColumnElement[Any]
    fields: Mapping[str, str]
    batch: int = field(default=BATCH)


def _own(model: type[Base], row: Any, *columns: str, batch: int = BATCH) -> SealedTable:
    """Columns that are bound to their own name."""
    table = Base.metadata.tables[model.__tablename__]
    return SealedTable(table, row, {name: f"{table.name}.{name}" for name in columns}, batch)


def _staged(row: Any, fields: Mapping[str, str]) -> SealedTable:
    """Columns of an import that are bound already to what they become when it is applied."""
    return SealedTable(Base.metadata.tables[RegisterImportRow.__tablename__], row, fields)


_TREATMENT_REF = select(TreatmentFile.ref).where(TreatmentFile.patient_id == FileStatusChange.patient_id)
_SUPPORT_REF = select(SupportFile.ref).where(SupportFile.patient_id == FileStatusChange.patient_id)
# The reason of a change is bound to the file that it is about, on either side.
_CHANGED_FILE = case(
    (FileStatusChange.side == "treatment", _TREATMENT_REF.scalar_subquery()), else_=_SUPPORT_REF.scalar_subquery()
)
_IMPORT = select(RegisterImport.ref).where(RegisterImport.id == RegisterImportRow.import_id).scalar_subquery()
_STAGED_TEXTS = ("full_name", "national_code", "birth_on", "identity_number", "address", "hiv_status", "notes")

SEALED: tuple[SealedTable, ...] = (
    _own(TreatmentFile, TreatmentFile.ref, *_STAGED_TEXTS, "alias"),
    _own(SupportFile, SupportFile.ref, "community_name", "notes"),
    _own(PhoneNumber, PhoneNumber.ref, "number"),
    _own(Card, Card.ref, "code"),
    _own(FileStatusChange, _CHANGED_FILE, "reason"),
    _own(DoseOrder, DoseOrder.request_key, "note"),
    _own(StationVisit, StationVisit.request_key, "observations"),
    _own(PatientHold, PatientHold.ref, "words", "lifted_words"),
    _own(DoseObservation, DoseObservation.request_key, "note"),
    _own(DoseVoidRequest, DoseVoidRequest.request_key, "note"),
    _own(StaffTotp, StaffTotp.ref, "secret"),
    _own(PhoneLine, PhoneLine.ref, "number"),
    _own(DutyPhone, DutyPhone.ref, "number"),
    _own(OutboundMessage, OutboundMessage.ref, "body"),
    _own(InboundMessage, InboundMessage.ref, "body"),
    _own(SimulatedText, SimulatedText.message_ref, "body"),
    _own(VisitConsent, VisitConsent.ref, "never_by"),
    _own(OutreachContact, OutreachContact.ref, "note"),
    _own(WaitingVisit, WaitingVisit.ref, "said"),
    _own(CounselingSession, CounselingSession.ref, "agreed"),
    _own(RegisterImport, RegisterImport.ref, "file_name"),
    _own(RegisterImport, RegisterImport.ref, "file", batch=1),  # up to 20 MiB each
    _own(RegisterImportRow, _IMPORT, "shown"),
    _staged(RegisterImportRow.ref, {name: f"treatment_files.{name}" for name in _STAGED_TEXTS}),
    _staged(RegisterImportRow.phone_ref, {"phone": "phone_numbers.number"}),
)

# Binary columns that a rotation does not re-encrypt, each with its reason.
KEPT_AS_THEY_ARE: Mapping[str, str] = {
    "adherence_summaries.covered": "bits of days under a row number: tells no name, and is searched by no key",
    "adherence_summaries.complete": "as covered",
    "installation.digest_salt": "a salt, no secret of a person; changing it would break old digests of the audit",
    "staff_sessions.token_hash": "a hash of a random token",
    "devices.token_hash": "a hash of a random token",
    "phone_tokens.token_hash": "a hash of a random token",
    "phone_entries.body": "sealed by the phone to a key of OUTBOX_KEYS; what waits to be matched is sealed anew",
    "recovery_codes.code_hash": "a hash of a random code of 79 bits",
    "search_keys.token": "blind index: redone from the opened fields",
    "search_keys.key_id": "names the key of the token",
    "cards.token": "blind index: redone from the opened code",
    "cards.key_id": "names the key of the token",
    "phone_lines.token": "blind index: redone from the opened number",
    "phone_lines.key_id": "names the key of the token",
    "inbound_messages.content_token": "blind index of a report, sought under older keys too; of no use after days",
    "register_import_keys.token": "blind index of an import that is not applied; with an older key it is checked again",
    "register_imports.key_id": "names the key of those tokens",
}
