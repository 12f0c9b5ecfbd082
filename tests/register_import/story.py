"""What the stories of this folder share: all communes, files made on the spot, one import from end to end."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import xlsxwriter
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models import Base
from counseling.models.places import Area
from counseling.models.registers import RegisterImport, RegisterImportRow
from counseling.queries.register_imports import CheckedRow, ImportFacts, count_rows, find_import, list_rows
from counseling.refs import new_request_key
from counseling.registers.former_communes import list_former_communes
from counseling.services.register_applying import apply_import
from counseling.services.register_checking import check_import
from counseling.services.register_imports import begin, upload_register
from counseling.services.treatment_files import By
from tests.support.cast import DONG_KINH, Cast
from tests.support.settings import MORNING

REGISTER = Path(__file__).parents[1] / "data" / "register-dong-kinh.xlsx"
TODAY = MORNING.date()
YESTERDAY = date(2026, 11, 21)
HEADINGS = ("Mã BN", "Họ tên người bệnh", "NS", "Xã/phường", "SĐT", "Số CCCD", "Liều hiện tại", "Từ ngày", "Hạn đơn")
KHANH = ("LS-0001", "Trần Văn Khánh", 1971, "Xã Bình Gia", "0912345678", "020071000001", 60, "03/11/2026", "02/12/2026")
DAT = ("LS-0004", "Lý Văn Đạt", 2001, "Xã Thiện Tân", None, None, "20,5", "18/11/2026", "17/12/2026")


def add_communes(session: Session) -> None:
    """All communes of the province, as `init` gives them to a real installation."""
    known = set(session.execute(select(Area.name)).scalars())
    communes = {one.commune_code: one.commune_name for one in list_former_communes() if one.commune_name not in known}
    with writing(session) as tx:
        for code, name in communes.items():
            kind = "ward" if name.startswith("Phường") else "commune"
            tx.execute(insert(Area).values(code=f"x{code}", kind=kind, name=name, parent_id=1))


def by(cast: Cast, username: str = "dispenser") -> By:
    return By(cast.staff[username], cast.viewer_of(username).actor)


def sheet(*rows: Sequence[object], headings: Sequence[str] = HEADINGS) -> bytes:
    """A workbook with these rows under the headings."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    page = book.add_worksheet()
    for number, row in enumerate([headings, *rows]):
        for column, value in enumerate(row):
            if value is not None:
                page.write(number, column, value)
    book.close()
    return stream.getvalue()


def text_file(*rows: Sequence[object], headings: Sequence[str] = HEADINGS) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, delimiter=";").writerows([headings, *rows])
    return stream.getvalue().encode("utf-8-sig")


def with_cell(row: Sequence[object], heading: str, value: object) -> list[object]:
    changed = list(row)
    changed[HEADINGS.index(heading)] = value
    return changed


def checked(
    session: Session,
    cast: Cast,
    data: bytes,
    *,
    station: int = DONG_KINH,
    name: str = "so.xlsx",
    now: datetime = MORNING,
) -> ImportFacts:
    """Upload a file and check it."""
    who = by(cast)
    uploaded = upload_register(session, station, data, name, by=who, request_key=new_request_key(), now=now)
    facts = facts_of(session, cast, uploaded.ref)
    claim = begin(session, facts.id, "checking", now)
    assert claim
    check_import(session, facts.id, claim, lambda: now)
    return facts_of(session, cast, uploaded.ref)


def applied(
    session: Session, cast: Cast, facts: ImportFacts, *, skip_wrong: bool = False, now: datetime = MORNING
) -> ImportFacts:
    """Apply a checked import as of `now`."""
    claim = begin(session, facts.id, "applying", now)
    assert claim
    apply_import(
        session,
        facts.id,
        claim,
        elsewhere_until=YESTERDAY,
        skip_wrong=skip_wrong,
        by=by(cast),
        today=TODAY,
        now=now,
    )
    return facts_of(session, cast, facts.ref)


def imported(session: Session, cast: Cast, data: bytes, **options: bool) -> ImportFacts:
    return applied(session, cast, checked(session, cast, data), **options)


def facts_of(session: Session, cast: Cast, ref: str) -> ImportFacts:
    session.rollback()
    facts = find_import(session, cast.viewer_of("doctor"), ref)
    assert facts
    return facts


def rows_of(session: Session, facts: ImportFacts) -> list[CheckedRow]:
    return list_rows(session, facts, "all", 1).rows


def outcomes(session: Session, facts: ImportFacts) -> dict[str, int]:
    counts = count_rows(session, facts.id)
    return {name: counts[name] for name in ("new", "changed", "unchanged", "wrong")}


def table_sizes(session: Session) -> dict[str, int]:
    """How many rows every table has but those of the import itself."""
    session.rollback()
    own = (RegisterImport.__tablename__, RegisterImportRow.__tablename__, "register_import_keys")
    return {
        name: session.execute(select(func.count()).select_from(table)).scalar_one()
        for name, table in Base.metadata.tables.items()
        if name not in own
    }
