"""Read XLSX workbooks with calamine, after looking into the file for what calamine would not survive or not tell."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator

import python_calamine as calamine

from counseling.registers.reading import Cell, Sheet, UnreadableRegister, gather, plain
from counseling.registers.sheet_contents import SheetContents

MAX_UNPACKED = 200 * 1024 * 1024
_CHUNK = 1 << 20
_SHEET_TAG = re.compile(rb"<(?:\w+:)?sheet\b[^>]*>")
_RELATION_TAG = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
_ATTRIBUTE = re.compile(rb'([\w:]+)="([^"]*)"')

# What the standard library raises on a file that is not what it says: names that are no text, wrong offsets …
DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    LookupError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    OSError,
)


def read_xlsx(data: bytes) -> Sheet:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                raise UnreadableRegister("wrong_type")
            _ensure_unpacked_size(data, archive)
            paths = _worksheet_paths(archive)
            workbook = _open(data)
            for position, name in _visible(workbook):
                contents = _look_through(archive, paths[position])
                if contents.rows:
                    return gather(_rows(workbook, position), contents.faults, name)
    except DAMAGES as error:
        raise UnreadableRegister("damaged") from error
    raise UnreadableRegister("empty")


def _open(data: bytes) -> calamine.CalamineWorkbook:
    try:
        return calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except calamine.PasswordError as error:
        raise UnreadableRegister("password_protected") from error
    except calamine.CalamineError as error:
        raise UnreadableRegister("damaged") from error


def _visible(workbook: calamine.CalamineWorkbook) -> Iterator[tuple[int, str]]:
    for position, sheet in enumerate(workbook.sheets_metadata):
        is_table = sheet.typ == calamine.SheetTypeEnum.WorkSheet
        if is_table and sheet.visible == calamine.SheetVisibleEnum.Visible:
            yield position, sheet.name


def _rows(workbook: calamine.CalamineWorkbook, position: int) -> Iterator[tuple[int, list[Cell]]]:
    try:
        sheet = workbook.get_sheet_by_index(position)
        if sheet.start is None:
            return
        # iter_rows begins at the sheet's first row, but at the first column that holds something.
        before: list[Cell] = [None] * sheet.start[1]
        for number, cells in enumerate(sheet.iter_rows(), 1):
            yield number, before + [plain(cell) for cell in cells]
    except calamine.CalamineError as error:
        raise UnreadableRegister("damaged") from error


def _ensure_unpacked_size(data: bytes, archive: zipfile.ZipFile) -> None:
    """Unpack every member and count: the sizes that a file states about itself can lie."""
    left = MAX_UNPACKED
    for member in archive.infolist():
        if member.flag_bits & 1:
            raise UnreadableRegister("password_protected")
        if member.file_size > left:
            raise UnreadableRegister("too_large")
        left -= _unpacked_size(data, member, left)


def _unpacked_size(data: bytes, member: zipfile.ZipInfo, limit: int) -> int:
    if member.compress_type == zipfile.ZIP_STORED:
        return member.compress_size
    if member.compress_type != zipfile.ZIP_DEFLATED:
        raise UnreadableRegister("damaged")
    # Fixed part of the local header: 30 bytes, the lengths of name and extra field at 26 and 28 (APPNOTE.TXT 4.3.7).
    header = data[member.header_offset : member.header_offset + 30]
    start = (
        member.header_offset + 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    )
    inflater, packed, size = zlib.decompressobj(-15), data[start : start + member.compress_size], 0
    while packed and not inflater.eof:
        size += len(inflater.decompress(packed, _CHUNK))
        packed = inflater.unconsumed_tail
        if size > limit:
            raise UnreadableRegister("too_large")
    return size


def _worksheet_paths(archive: zipfile.ZipFile) -> list[str]:
    """List the members of the worksheets in the workbook's order, which is calamine's order too."""
    relations = [_attributes(tag) for tag in _RELATION_TAG.findall(archive.read("xl/_rels/workbook.xml.rels"))]
    targets = {relation["Id"]: relation["Target"] for relation in relations}
    sheets = [_attributes(tag) for tag in _SHEET_TAG.findall(archive.read("xl/workbook.xml"))]
    found = [next((value for key, value in sheet.items() if key.endswith(":id")), "") for sheet in sheets]
    return [targets[key].removeprefix("/") if targets[key].startswith("/") else f"xl/{targets[key]}" for key in found]


def _attributes(tag: bytes) -> dict[str, str]:
    return {key.decode(): value.decode() for key, value in _ATTRIBUTE.findall(tag)}


def _look_through(archive: zipfile.ZipFile, path: str) -> SheetContents:
    """Note rows and unreadable cells; raise before calamine would lay out too large a rectangle."""
    contents = SheetContents()
    with archive.open(path) as stream:
        contents.read(stream)
    return contents
