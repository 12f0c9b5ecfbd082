"""Read text with separators (CSV), as Excel, LibreOffice and old office programs save it."""

from __future__ import annotations

import csv
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from itertools import islice
from statistics import median

from counseling.registers.reading import Cell, Sheet, UnreadableRegister, gather, plain

_SEPARATORS = (";", ",", "\t")
_SAMPLE_LINES = 200
_DECLARED = re.compile(r"sep=(.)\r?\n")  # a first line that Excel writes and reads
_NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f]")
_OTHER_KINDS = ("%pdf", "{\\rtf", "<html", "<!doctype", "<?xml", "<table")


def read(data: bytes) -> Sheet:
    """Raise UnreadableRegister: wrong_type, damaged, empty, too_many_rows."""
    text = _decode(data)
    if _NOT_TEXT.search(text) or text.lstrip().lower().startswith(_OTHER_KINDS):
        raise UnreadableRegister("wrong_type")
    declared = _DECLARED.match(text)
    first_row = 2 if declared else 1
    body = text[declared.end() :] if declared else text
    return gather(_numbered(body, declared.group(1) if declared else _separator(body), first_row), {})


def _decode(data: bytes) -> str:
    if data.startswith(BOM_UTF8):
        return _decoded(data, "utf-8-sig")
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return _decoded(data, "utf-16")
    if b"\x00" in data[:400]:
        # "Unicode text" without its mark: the zero byte of plain letters tells which half comes first.
        return _decoded(data, "utf-16-le" if data[1:400:2].count(0) >= data[0:400:2].count(0) else "utf-16-be")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _decoded(data, "cp1258")


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableRegister("wrong_type") from error


def _separator(text: str) -> str:
    """Take the separator that cuts the typical line into most columns ("60,5" must not win over ";")."""
    lines = [line for line in islice(text.splitlines(), _SAMPLE_LINES) if line.strip()]
    return max(_SEPARATORS, key=lambda separator: median([line.count(separator) for line in lines] or [0]))


def _numbered(text: str, separator: str, first_row: int) -> Iterator[tuple[int, list[Cell]]]:
    reader = csv.reader(text.splitlines(keepends=True), delimiter=separator)
    try:
        # A record over several lines is one row, as a spreadsheet program would number it.
        for number, record in enumerate(reader, first_row):
            yield number, [plain(value) for value in record]
    except csv.Error as error:
        raise UnreadableRegister("damaged") from error
