"""The country's emergency numbers as they ship, and what a number of an area must look like."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from counseling.domain.contacts import DANGERS
from counseling.domain.refusal import Refusal

LONGEST_LABEL = 80
_NUMBER = re.compile(r"\+?[0-9]{3,15}")


@dataclass(frozen=True)
class ShippedNumber:
    number: str
    label: str
    signs: tuple[str, ...]
    source: str


# 113 stands where somebody is being hurt, and nowhere else: for whoever has collapsed it is the ambulance alone.
SHIPPED = (
    ShippedNumber("115", "Cấp cứu y tế", DANGERS, "số cấp cứu toàn quốc"),
    ShippedNumber("113", "Công an", ("violence",), "số khẩn cấp toàn quốc"),
    ShippedNumber("111", "Tổng đài quốc gia bảo vệ trẻ em", ("violence",), "Nghị định 56/2017/NĐ-CP"),
)


def tidy_number(text: str) -> str:
    """Without the signs that people group digits by. Refuses number_not_right."""
    number = re.sub(r"[ .\-()]", "", text)
    if not _NUMBER.fullmatch(number):
        raise Refusal("number_not_right")
    return number


def ensure_label(label: str, signs: Collection[str]) -> None:
    """Refuses label_missing and signs_missing."""
    if not label or len(label) > LONGEST_LABEL:
        raise Refusal("label_missing")
    if not signs or not set(signs) <= set(DANGERS):
        raise Refusal("signs_missing")
