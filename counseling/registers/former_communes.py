"""Lạng Sơn's communes from before July 2025, out of the shipped table (its first lines name the source)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).parents[1] / "data" / "former_communes_lang_son.csv"


@dataclass(frozen=True, slots=True)
class FormerCommune:
    """One former commune and one commune of today that it went into; split ones come once per part."""

    former_name: str
    former_district: str
    until: str  # its last day, ISO
    commune_name: str
    commune_code: str  # five digits, as vietnam-provinces numbers it
    is_whole: bool


@cache
def list_former_communes() -> tuple[FormerCommune, ...]:
    lines = [line for line in _TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return tuple(
        FormerCommune(
            former_name=row["former_name"],
            former_district=row["former_district"],
            until=row["until"],
            commune_name=row["commune_name"],
            commune_code=row["commune_code"],
            is_whole=row["share"] == "whole",
        )
        for row in csv.DictReader(lines)
    )
