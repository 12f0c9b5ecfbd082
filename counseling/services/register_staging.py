"""From a checked row to what is staged: every column sealed, every search key hashed, outside any lock."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from counseling.models import Base
from counseling.refs import new_ref, new_request_key
from counseling.registers.comparing import Change, OrderPlan
from counseling.registers.known_people import KnownPerson
from counseling.registers.register_row import RegisterRow, RowFault
from counseling.treatment_rows import (
    HIV_LETTERS,
    SEALED_TEXTS,
    TREATMENT,
    seal,
    search_rows,
)
from counseling.vault import Vault

STAGED_ROWS = Base.metadata.tables["register_import_rows"]
STAGED_KEYS = Base.metadata.tables["register_import_keys"]
_NONE: dict[str, Any] = {
    column.name: False if column.name in ("has_warnings", "is_likely", "is_confirmed", "clears_birth_on", "redoes_keys")
    else "" if column.name == "fields" else None
    for column in STAGED_ROWS.columns
}  # fmt: skip
_PLAIN = ("register_code", "birth_year", "sex", "area_id", "treatment_began_on")
_SEARCHED = ("full_name", "national_code", "identity_number", "phone")


@dataclass(frozen=True, slots=True)
class Likely:
    """Somebody who may be the same person; `register_code` is None where that file is not the importer's to see."""

    register_code: str | None
    station_name: str


@dataclass(slots=True)
class CheckedRow:
    """What the check found out about one row."""

    row: RegisterRow
    outcome: str
    faults: Sequence[RowFault] = ()
    warnings: Sequence[RowFault] = ()
    known: KnownPerson | None = None
    change: Change | None = None
    order: OrderPlan | None = None
    area_id: int | None = None
    likely: list[Likely] = field(default_factory=list)


class Stager:
    """Makes the rows of `register_import_rows` and `register_import_keys` of one import."""

    def __init__(self, vault: Vault, import_id: int, import_ref: str) -> None:
        self._vault = vault
        self._import_id = import_id
        self._import_ref = import_ref

    def stage(self, checked: CheckedRow, area_names: dict[int, str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The staged row and its keys."""
        values = dict(_NONE)
        values |= {
            "import_id": self._import_id,
            "row_number": checked.row.row_number,
            "outcome": checked.outcome,
            "has_warnings": bool(checked.warnings),
            "is_likely": bool(checked.likely),
            "patient_id": checked.known.patient_id if checked.known else None,
            "shown": self._shown(checked, area_names),
        }
        keys: list[dict[str, Any]] = []
        if checked.outcome == "new":
            keys = self._add_new(values, checked)
        elif checked.outcome == "changed" and checked.change and checked.known:
            keys = self._add_change(values, checked.change, checked.known)
        return values, keys

    def _add_new(self, values: dict[str, Any], checked: CheckedRow) -> list[dict[str, Any]]:
        row, ref = checked.row, new_ref()
        values |= {
            "ref": ref,
            "birth_on": seal(self._vault, ref, "birth_on", row.birth_on.isoformat() if row.birth_on else None),
            "sex": row.sex or "unknown",
            "area_id": checked.area_id,
            "hiv_status": seal(self._vault, ref, "hiv_status", HIV_LETTERS[row.hiv_status or "unknown"]),
        }
        values |= {name: getattr(row, name) for name in ("register_code", "birth_year", "treatment_began_on")}
        texts = [name for name in SEALED_TEXTS if name != "alias"]
        values |= {name: seal(self._vault, ref, name, getattr(row, name)) for name in texts}
        self._add_phone(values, row.phone)
        self._add_order(values, checked.order)
        return self._keys(
            row.row_number,
            full_name=row.full_name or "",
            phone=row.phone,
            identity_number=row.identity_number,
            national_code=row.national_code,
        )

    def _add_change(self, values: dict[str, Any], change: Change, known: KnownPerson) -> list[dict[str, Any]]:
        new = change.values
        values |= {
            "ref": known.ref,
            "fields": ",".join(change.fields)[:300],
            "seen_stamp": known.stamp if new else None,
            "replaces_phone_id": change.replaces_phone_id,
            "clears_birth_on": "birth_on" in new and new["birth_on"] is None,
        }
        values |= {name: new[name] for name in _PLAIN if name in new}
        values |= {name: seal(self._vault, known.ref, name, str(new[name])) for name in SEALED_TEXTS if name in new}
        if new.get("birth_on"):
            values["birth_on"] = seal(self._vault, known.ref, "birth_on", str(new["birth_on"]))
        if "hiv_status" in new:
            values["hiv_status"] = seal(self._vault, known.ref, "hiv_status", HIV_LETTERS[str(new["hiv_status"])])
        self._add_phone(values, change.phone)
        self._add_order(values, change.order, known)
        if not set(change.fields) & set(_SEARCHED):
            return []
        values["redoes_keys"] = True
        kept = tuple(number for number_id, number in known.phones if number_id != change.replaces_phone_id)
        return self._keys(
            values["row_number"],
            full_name=str(new.get("full_name", known.full_name)),
            phones=kept,
            phone=change.phone,
            identity_number=_text(new.get("identity_number", known.identity_number)),
            national_code=_text(new.get("national_code", known.national_code)),
            alias=known.alias,
        )

    def _add_phone(self, values: dict[str, Any], number: str | None) -> None:
        if number:
            ref = new_ref()
            values["phone_ref"] = ref
            values["phone"] = self._vault.seal("phone_numbers.number", ref, number)

    def _add_order(self, values: dict[str, Any], plan: OrderPlan | None, known: KnownPerson | None = None) -> None:
        if plan is None:
            return
        values |= {
            "order_key": new_request_key(),
            "order_tenths": plan.tenths,
            "order_starts_on": plan.starts_on,
            "order_ends_on": plan.ends_on,
            "seen_order_id": max((order.id for order in known.orders), default=0) if known else 0,
            "lowers_order_id": plan.lowers.id if plan.lowers else None,
            "lowers_from": plan.lowers.last_on if plan.lowers else None,
        }

    def _keys(self, row_number: int, **values: Any) -> list[dict[str, Any]]:
        rows = search_rows(self._vault, TREATMENT, 0, **values)
        place = {"import_id": self._import_id, "row_number": row_number}
        return [place | {"kind": row["kind"], "token": row["token"]} for row in rows]

    def _shown(self, checked: CheckedRow, area_names: dict[int, str]) -> bytes | None:
        row = checked.row
        shown = {
            "name": row.full_name or "",
            "code": row.register_code or (checked.known.register_code if checked.known else ""),
            "year": row.birth_year,
            "order": _order_shown(checked.order),
            "faults": [_fault_shown(fault) for fault in checked.faults],
            "warnings": [_fault_shown(fault) for fault in checked.warnings],
            "changes": [
                (name, _value_shown(name, old, area_names), _value_shown(name, new, area_names))
                for name, old, new in (checked.change.shown if checked.change else ())
            ],
            "likely": [(likely.register_code, likely.station_name) for likely in checked.likely],
            "same_as_row": row.same_as_row,
        }
        return self._vault.seal("register_import_rows.shown", self._import_ref, json.dumps(shown, ensure_ascii=False))


def _fault_shown(fault: RowFault) -> dict[str, Any]:
    return {
        "column": fault.column_letter,
        "field": fault.field,
        "code": fault.code,
        "value": fault.value[:80],
        "choices": list(fault.choices),
    }


def _order_shown(plan: OrderPlan | None) -> list[Any] | None:
    return [plan.tenths, plan.starts_on.isoformat(), plan.ends_on.isoformat()] if plan else None


def _value_shown(name: str, value: object, area_names: dict[int, str]) -> object:
    if isinstance(value, tuple):
        return [_value_shown(name, part, area_names) for part in value]
    if name == "area_id" and isinstance(value, int):
        return area_names.get(value, "")
    return value.isoformat() if isinstance(value, date) else value


def _text(value: object) -> str | None:
    return None if value is None else str(value)
