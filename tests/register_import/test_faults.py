"""Each fault of a file is one plain sentence that names the row and the column; nothing of such a row is written."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from counseling.domain.refusal import Refusal
from counseling.routes.register_words import failure_sentence, fault_sentence
from tests.register_import.story import (
    DAT,
    HEADINGS,
    KHANH,
    add_communes,
    applied,
    checked,
    imported,
    outcomes,
    rows_of,
    sheet,
    table_sizes,
    text_file,
    with_cell,
)
from tests.support.cast import Cast

WRONG_CELLS = [
    ("Họ tên người bệnh", None, "B", "name_missing"),
    ("Mã BN", None, "A", "register_code_missing"),
    ("NS", None, "C", "birth_missing"),
    ("Xã/phường", "Xã Hư Vô", "D", "commune_unknown"),
    ("SĐT", "12345", "E", "phone_not_valid"),
    ("Số CCCD", "12", "F", "identity_number_not_understood"),
    ("Liều hiện tại", "6O", "G", "dose_not_a_number"),
    ("Liều hiện tại", "950", "G", "dose_above_ceiling"),
    ("Liều hiện tại", "350", "G", "dose_above_300"),
    ("Liều hiện tại", "-60", "G", "dose_not_above_zero"),
    ("Hạn đơn", "31/02/2026", "I", "date_not_real"),
    ("Hạn đơn", "01/11/2026", "I", "order_end_before_start"),
]


@pytest.mark.parametrize(("heading", "value", "letter", "code"), WRONG_CELLS)
def test_a_wrong_cell_is_named_with_row_and_column(
    app: Flask, session: Session, cast: Cast, heading: str, value: object, letter: str, code: str
) -> None:
    add_communes(session)
    facts = checked(session, cast, sheet(with_cell(KHANH, heading, value), DAT))
    wrong, right = rows_of(session, facts)
    assert (wrong.row_number, wrong.outcome, right.outcome) == (2, "wrong", "new")
    assert (letter, code) in [(fault["column"], fault["code"]) for fault in wrong.shown["faults"]]
    with app.app_context():
        sentences = [fault_sentence(fault) for fault in wrong.shown["faults"]]
    assert all(
        text.startswith(f"Cột {fault['column']}:") for text, fault in zip(sentences, wrong.shown["faults"], strict=True)
    )
    assert not any("không đọc được. Xem lại." in text for text in sentences)  # the sentence of unknown codes
    with pytest.raises(Refusal, match="import_has_wrong_rows"):
        applied(session, cast, facts)
    assert table_sizes(session)["patients"] == 0


def test_bad_rows_are_skipped_only_when_asked(session: Session, cast: Cast) -> None:
    add_communes(session)
    facts = checked(session, cast, sheet(with_cell(KHANH, "Liều hiện tại", "6O"), DAT))
    facts = applied(session, cast, facts, skip_wrong=True)
    assert table_sizes(session)["patients"] == 1 and facts.counts["wrong"] == 1


def test_one_person_twice_with_different_doses_is_a_fault(session: Session, cast: Cast) -> None:
    add_communes(session)
    facts = checked(session, cast, sheet(KHANH, with_cell(KHANH, "Liều hiện tại", 70)))
    first, second = rows_of(session, facts)
    assert (first.outcome, second.outcome) == ("new", "wrong")
    assert [(fault["code"], fault["value"]) for fault in second.shown["faults"]] == [("person_twice", "2")]


def test_a_row_that_repeats_word_for_word_counts_once(session: Session, cast: Cast) -> None:
    add_communes(session)
    facts = imported(session, cast, sheet(KHANH, KHANH))
    assert [row.outcome for row in rows_of(session, facts)] == ["new", "repeated"]
    assert table_sizes(session)["dose_orders"] == 1


@pytest.mark.parametrize(
    ("named", "outcome"),
    [("Đông Kinh", "new"), ("TYT P. Đông Kinh", "new"), ("CP-DK", "new"), ("Cao Lộc", "wrong"), (None, "new")],
)
def test_a_row_of_another_station_is_a_fault(session: Session, cast: Cast, named: str | None, outcome: str) -> None:
    add_communes(session)
    headings = (*HEADINGS, "Điểm cấp phát")
    facts = checked(session, cast, sheet((*KHANH, named), headings=headings))
    (row,) = rows_of(session, facts)
    assert row.outcome == outcome
    assert outcome == "new" or row.shown["faults"][0]["code"] == "another_station"


def test_text_with_semicolons_is_read_as_well(session: Session, cast: Cast) -> None:
    add_communes(session)
    facts = checked(session, cast, text_file(KHANH, DAT), name="so.csv")
    assert outcomes(session, facts)["new"] == 2


def test_every_code_of_a_file_as_a_whole_has_its_sentence(app: Flask) -> None:
    codes = ("wrong_type", "password_protected", "too_large", "too_many_rows", "empty", "damaged", "import_unfinished",
             "import_moved_on", "import_busy", "import_has_wrong_rows", "import_has_nothing", "world_changed",
             "elsewhere_not_before_today", "no_name_column", "no_code_column", "field_twice", "unforeseen")  # fmt: skip
    with app.app_context():
        sentences = [failure_sentence(code) for code in codes]
    assert len(set(sentences)) == len(codes)
