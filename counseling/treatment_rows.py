"""How a treatment file is kept: which columns are sealed, and what of it can be searched.

Sealed fields are named "treatment_files.<column>" and bound to the file's own `ref`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from counseling.domain.names import fold, words
from counseling.vault import Vault

TREATMENT = "treatment"
SUPPORT = "support"
HIV_LETTERS = {"unknown": "u", "positive": "p", "negative": "n"}
HIV_WORDS = {letter: word for word, letter in HIV_LETTERS.items()}
SEALED_TEXTS = ("full_name", "national_code", "identity_number", "address", "alias", "notes")
PLAIN_COLUMNS = (
    "station_id",
    "facility_id",
    "register_code",
    "birth_year",
    "sex",
    "area_id",
    "language",
    "can_read",
    "treatment_began_on",
    "status",
    "status_since",
)


@dataclass(frozen=True, kw_only=True)
class TreatmentDetails:
    """What somebody says of a person at registration. `phone` is E.164; `hiv_status` a word of HIV_LETTERS."""

    station_id: int
    facility_id: int
    register_code: str
    full_name: str
    birth_year: int
    status_since: date
    sex: str = "unknown"
    birth_on: date | None = None
    national_code: str | None = None
    identity_number: str | None = None
    phone: str | None = None
    area_id: int | None = None
    address: str | None = None
    alias: str | None = None
    language: str = "vi"
    can_read: bool | None = None
    hiv_status: str = "unknown"
    notes: str | None = None
    treatment_began_on: date | None = None
    status: str = "active"


@dataclass(frozen=True, kw_only=True)
class TreatmentPerson:
    """A treatment file as a page of the treatment team shows it; the HIV status is opened apart, where it is asked."""

    patient_id: int
    ref: str
    station_id: int
    facility_id: int
    register_code: str
    full_name: str
    birth_year: int
    sex: str
    area_id: int | None
    language: str
    can_read: bool | None
    treatment_began_on: date | None
    status: str
    status_since: date
    birth_on: date | None
    national_code: str | None
    identity_number: str | None
    address: str | None
    alias: str | None
    notes: str | None


def sealed_columns(vault: Vault, ref: str, details: TreatmentDetails) -> dict[str, object]:
    """All columns of `treatment_files` that come from the details; the phone is a row of its own (`phone_row`)."""
    columns: dict[str, object] = {name: getattr(details, name) for name in PLAIN_COLUMNS}
    columns |= {name: seal(vault, ref, name, getattr(details, name)) for name in SEALED_TEXTS}
    birth_on = details.birth_on.isoformat() if details.birth_on else None
    columns["birth_on"] = seal(vault, ref, "birth_on", birth_on)
    columns["hiv_status"] = seal(vault, ref, "hiv_status", HIV_LETTERS[details.hiv_status])
    return columns


def seal(vault: Vault, ref: str, column: str, text: str | None) -> bytes | None:
    """Seal one column of a treatment file; an empty text is kept as nothing."""
    return vault.seal(f"treatment_files.{column}", ref, text or None)


def open_text(vault: Vault, ref: str, column: str, sealed: bytes | None) -> str | None:
    return vault.open(f"treatment_files.{column}", ref, sealed)


def open_hiv_status(vault: Vault, ref: str, sealed: bytes) -> str:
    """`unknown`, `positive` or `negative`. Write the reading into the audit before showing it."""
    return HIV_WORDS[open_text(vault, ref, "hiv_status", sealed) or "u"]


def open_treatment_file(vault: Vault, row: Any) -> TreatmentPerson:
    """Open what a page shows. `row` has the columns of `treatment_files` as attributes; raises vault.CannotOpen."""
    columns: dict[str, Any] = {name: getattr(row, name) for name in PLAIN_COLUMNS}
    columns |= {name: open_text(vault, row.ref, name, getattr(row, name)) for name in SEALED_TEXTS}
    birth_on = open_text(vault, row.ref, "birth_on", row.birth_on)
    return TreatmentPerson(
        patient_id=row.patient_id,
        ref=row.ref,
        birth_on=date.fromisoformat(birth_on) if birth_on else None,
        **columns,
    )


def stamp_of(vault: Vault, person: TreatmentPerson) -> str:
    """A keyed digest of what a file says: an edit that was begun on an older version is noticed by it."""
    return vault.token("treatment:stamp", repr(person)).hex()


def phone_row(vault: Vault, side: str, patient_id: int, ref: str, number: str, now: datetime) -> dict[str, object]:
    """A row of `phone_numbers`; `ref` is the number's own (refs.new_ref()), `number` is E.164."""
    sealed = vault.seal("phone_numbers.number", ref, number)
    return {"ref": ref, "patient_id": patient_id, "side": side, "number": sealed, "added_at": now}


def open_phone(vault: Vault, ref: str, sealed: bytes) -> str:
    return vault.open("phone_numbers.number", ref, sealed) or ""


def open_card_code(vault: Vault, ref: str, sealed: bytes) -> str:
    """A card's code; `ref` is the card's own."""
    return vault.open("cards.code", ref, sealed) or ""


def open_status_reason(vault: Vault, ref: str, sealed: bytes | None) -> str | None:
    """Why a status changed; sealed under the `ref` of the file, of either side."""
    return vault.open("file_status_changes.reason", ref, sealed)


def search_value(kind: str, text: str) -> str:
    """The form that is compared: names without marks, numbers and codes without spaces and signs."""
    if kind in ("name", "word", "alias"):
        return fold(text)
    return "".join(char for char in text.upper() if char.isalnum() or char == "+")


def token_kind(side: str, kind: str) -> str:
    """Tokens of the two sides differ even for the same value, so that a copy of the table joins nobody."""
    return f"{side}:{kind}"


def search_rows(
    vault: Vault,
    side: str,
    patient_id: int,
    *,
    full_name: str,
    phones: tuple[str, ...] = (),
    phone: str | None = None,
    identity_number: str | None = None,
    national_code: str | None = None,
    alias: str | None = None,
) -> list[dict[str, object]]:
    """Rows of `search_keys` for one file, under the newest key: the whole name, each word of it, numbers, alias."""
    values = [("name", full_name), *(("word", word) for word in words(full_name))]
    values += [("phone", number) for number in (phone, *phones) if number]
    single = (("identity", identity_number), ("national_code", national_code), ("alias", alias))
    values += [(kind, text) for kind, text in single if text]
    # A dict drops what comes twice ("Lý A Lý"); a value of signs only gives no key, else it would match all such.
    wanted = dict.fromkeys((kind, search_value(kind, text)) for kind, text in values)
    return [
        {
            "token": vault.token(token_kind(side, kind), value),
            "side": side,
            "kind": kind,
            "patient_id": patient_id,
            "key_id": vault.newest_id,
        }
        for kind, value in wanted
        if value
    ]
