"""The import in pages: who may see it, and the way from the file to the applied register without JavaScript."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from counseling.refs import new_request_key
from counseling.services.register_imports import begin, upload_register
from tests.register_import.story import (
    DAT,
    HEADINGS,
    KHANH,
    add_communes,
    by,
    checked,
    facts_of,
    imported,
    sheet,
    table_sizes,
    with_cell,
)
from tests.support.cast import CAO_LOC, DONG_KINH, Cast, csrf_token, sign_in
from tests.support.settings import MORNING

PATIENCE_SECONDS = 60


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Pages are told on one database; what is beneath them, and a sample of the pages, on both."""
    return sqlite_url


@pytest.fixture(autouse=True)
def morning(app: Flask, start_clock_at: Callable[[datetime], None]) -> None:
    # After the application, which sets the clock itself.
    start_clock_at(MORNING)


def send(client: FlaskClient, data: bytes, name: str = "so.xlsx", station: int = DONG_KINH) -> TestResponse:
    fields = {"csrf_token": csrf_token(client), "request_key": "a" * 32, "station": str(station)}
    return client.post("/register/", data=fields | {"file": (io.BytesIO(data), name)})


def wait_for(client: FlaskClient, url: str, words: str) -> str:
    """Look again until the worker's thread is done, as a person does with the link on the page."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while words not in (text := client.get(url).text):
        assert time.monotonic() < deadline, text
        time.sleep(0.05)
    return text


def test_from_the_file_to_the_register(client: FlaskClient, session: Session, cast: Cast) -> None:
    add_communes(session)
    imported(session, cast, sheet(DAT))
    sign_in(client, "dispenser")
    answer = send(client, sheet(KHANH, with_cell(DAT, "Liều hiện tại", 25)))
    assert answer.status_code == 303
    page = wait_for(client, answer.location, "Kết quả kiểm tra")
    assert "Nhập 1 người mới, sửa 1 hồ sơ" in page
    assert "20,5 mg, 18/11/2026–17/12/2026 → <strong>25 mg, 18/11/2026–17/12/2026</strong>" in page
    late = client.post(
        answer.location + "apply", data={"csrf_token": csrf_token(client), "elsewhere_until": "22/11/2026"}
    )
    assert late.status_code == 422 and "hôm qua (21/11/2026)" in late.text
    client.post(answer.location + "apply", data={"csrf_token": csrf_token(client), "elsewhere_until": "21/11/2026"})
    wait_for(client, answer.location, "đã nhập xong")
    assert table_sizes(session)["patients"] == 2


def test_wrong_rows_are_named_and_can_be_taken_home(client: FlaskClient, session: Session, cast: Cast) -> None:
    add_communes(session)
    sign_in(client, "dispenser")
    answer = send(client, sheet(with_cell(KHANH, "Liều hiện tại", "6O"), DAT))
    page = wait_for(client, answer.location, "Kết quả kiểm tra")
    assert "Cột G: Liều “6O” không phải là số." in page and "dòng 2" in page
    assert client.get(answer.location + "wrong.xlsx").data.startswith(b"PK")
    refused = client.post(
        answer.location + "apply", data={"csrf_token": csrf_token(client), "elsewhere_until": "21/11/2026"}
    )
    assert refused.status_code == 422 and table_sizes(session)["patients"] == 0


def test_columns_that_nobody_understands_are_asked_about(client: FlaskClient, session: Session, cast: Cast) -> None:
    add_communes(session)
    sign_in(client, "dispenser")
    answer = send(client, sheet((*KHANH, "gì đó"), headings=(*HEADINGS, "Cột lạ")))
    page = client.get(answer.location).text
    assert "Cột J: Cột lạ" in page and "gì đó" in page
    chosen = ("register_code", "full_name", "birth_year", "commune", "phone", "identity_number", "dose_mg", "ignored",
              "ignored", "notes")  # fmt: skip
    fields = {f"column-{at}": field for at, field in enumerate(chosen)} | {"csrf_token": csrf_token(client)}
    bad = client.post(answer.location + "columns", data=fields | {"column-0": "full_name"})
    assert bad.status_code == 422 and "mã người bệnh" in bad.text
    assert client.post(answer.location + "columns", data=fields).status_code == 303
    wait_for(client, answer.location, "Kết quả kiểm tra")


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"%PDF-1.4", "so.pdf", "không đọc được như bảng tính"),
        (b"", "so.xlsx", "Tệp trống"),
        (b"PK\x03\x04 cut short", "so.xlsx", "bị hỏng"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(
    client: FlaskClient, cast: Cast, data: bytes, name: str, words: str
) -> None:
    sign_in(client, "dispenser")
    answer = send(client, data, name)
    assert answer.status_code == 422 and words in answer.text


def test_fifty_megabytes_are_refused_before_they_are_read(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "dispenser")
    answer = send(client, b"x" * (50 * 1024 * 1024), "so.csv")
    assert answer.status_code == 413 and "Tệp quá lớn" in answer.text


def test_a_dead_worker_does_not_leave_a_page_that_waits_for_ever(
    client: FlaskClient, session: Session, cast: Cast, start_clock_at: Callable[[datetime], None]
) -> None:
    add_communes(session)
    key = {"by": by(cast), "request_key": new_request_key(), "now": MORNING}
    ref = upload_register(session, DONG_KINH, sheet(KHANH), "so.xlsx", **key).ref
    import_id = facts_of(session, cast, ref).id
    begin(session, import_id, "checking", MORNING)
    sign_in(client, "dispenser")
    assert "Xem lại tiến độ" in client.get(f"/register/{ref}/").text
    start_clock_at(MORNING + timedelta(seconds=31))
    assert "dừng giữa chừng" in client.get(f"/register/{ref}/").text
    assert client.get(f"/register/{ref}/progress").headers["HX-Redirect"] == f"/register/{ref}/"
    client.post(f"/register/{ref}/check", data={"csrf_token": csrf_token(client)})
    wait_for(client, f"/register/{ref}/", "Kết quả kiểm tra")


@pytest.mark.parametrize(
    ("username", "status"),
    [("dispenser", 200), ("doctor", 200), ("dispenser2", 404), ("counselor", 404), ("supervisor", 404), ("admin", 404)],
)
def test_an_import_exists_only_for_its_station_and_its_doctor(
    client: FlaskClient, session: Session, cast: Cast, username: str, status: int
) -> None:
    add_communes(session)
    facts = checked(session, cast, sheet(KHANH))
    sign_in(client, username)
    assert client.get(f"/register/{facts.ref}/").status_code == status
    token = {"csrf_token": csrf_token(client)}
    for action in ("check", "columns", "apply", "discard", "rows/2"):
        if status == 404:
            assert client.post(f"/register/{facts.ref}/{action}", data=token).status_code == 404, action


def test_a_dispenser_imports_for_the_own_station_only(client: FlaskClient, session: Session, cast: Cast) -> None:
    sign_in(client, "dispenser")
    assert send(client, sheet(KHANH), station=CAO_LOC).status_code == 422


def test_a_doctor_chooses_among_the_stations_of_the_facility(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "doctor")
    page = client.get("/register/").text
    assert "Trạm Y tế phường Đông Kinh" in page and "Trung tâm Y tế Cao Lộc" in page


def run(app: Flask, *arguments: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["patients", "import", *arguments])
    return result.exit_code, result.output


def test_the_command_saves_nothing_when_a_row_is_wrong(
    app: Flask, session: Session, cast: Cast, tmp_path: Path
) -> None:
    add_communes(session)
    file = tmp_path / "so.xlsx"
    file.write_bytes(sheet(with_cell(KHANH, "Liều hiện tại", "6O"), DAT))
    options = (str(file), "--station", "CP-DK", "--by", "dispenser")
    code, said = run(app, *options)
    assert code == 1 and "Dòng 2: cần sửa Cột G" in said and table_sizes(session)["patients"] == 0
    code, said = run(app, *options, "--dry-run")
    assert code == 0 and "Dòng 3: mới" in said and table_sizes(session)["patients"] == 0
    code, said = run(app, *options, "--skip-bad", "--dosed-elsewhere-until", "2026-11-20")
    assert code == 0, said
    assert table_sizes(session)["patients"] == 1
    assert (tmp_path / "so-dong-can-sua.xlsx").read_bytes().startswith(b"PK")


def test_the_command_asks_who_answers_for_it(app: Flask, session: Session, cast: Cast, tmp_path: Path) -> None:
    add_communes(session)
    file = tmp_path / "so.xlsx"
    file.write_bytes(sheet(KHANH))
    for username in ("dispenser2", "counselor", "admin", "nobody"):
        code, said = run(app, str(file), "--station", "CP-DK", "--by", username)
        assert code == 1 and "không được nhập sổ" in said
    assert run(app, str(file), "--station", "CP-DK", "--by", "doctor")[0] == 0
    assert run(app, str(file), "--station", "CP-DK", "--by", "doctor")[0] == 0  # the second time changes nothing
    assert table_sizes(session)["patients"] == 1
