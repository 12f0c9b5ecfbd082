"""The year of somebody's treatment as a page: by role, printed truths, and the same few statements for any history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.orders import Phase
from counseling.models.doses import DosedElsewhere
from tests.supervision.story import statements_of
from tests.support.cast import Cast, sign_in
from tests.support.orders import write
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, somebody
from tests.treatment.story import A_DAY, ago, at, dosed, long_known, voided


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Pages are told on one database; the statements beneath them on both, in test_treatment_year.py."""
    return sqlite_url


@pytest.fixture(autouse=True)
def at_half_past_six(start_clock_at: Callable[[datetime], None], app: object) -> None:
    start_clock_at(MORNING)


class Cells(HTMLParser):
    """What a screen reader reads of each day: the words of the cells of the calendar's tables."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.skips = self.inside = False
        self.feed(page[page.index('id="days"') : page.index("</section>", page.index('id="days"'))])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "td":
            self.inside = True
            self.cells.append("")
        self.skips = dict(attrs).get("aria-hidden") == "true"

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "td"
        self.skips = False

    def handle_data(self, data: str) -> None:
        if self.inside and not self.skips:
            self.cells[-1] += f" {data.strip()}"

    def words(self) -> list[str]:
        return [" ".join(cell.split()) for cell in self.cells if cell.strip()]


def page_of(client: FlaskClient, person: Person, username: str = "doctor", query: str = "") -> str:
    sign_in(client, username)
    answer = client.get(f"/patients/{person.ref}/treatment{query}")
    assert answer.status_code == 200
    return answer.text


def test_every_day_is_said_in_words(client: FlaskClient, session: Session, cast: Cast) -> None:
    person, order_id = long_known(session, cast, days=4)
    dosed(session, cast, person, order_id, at(ago(3), 7))
    session.rollback()
    words = Cells(page_of(client, person)).words()
    assert words[-5:] == [
        "18 chưa uống", "19 uống đủ", "20 chưa uống", "21 chưa uống", "22 hôm nay, còn chờ",
    ]  # fmt: skip
    assert words[0] == "1 trước khi lập hồ sơ" and "17 uống ở nơi khác" in words


def test_months_before_the_file_are_not_drawn(client: FlaskClient, session: Session, cast: Cast) -> None:
    person, _ = long_known(session, cast, days=4)
    session.rollback()
    page = page_of(client, person)
    assert "Tháng 11/2026" in page and "Tháng 10/2026" not in page


def test_a_voided_entry_stays_and_is_said_in_words(client: FlaskClient, session: Session, cast: Cast) -> None:
    person, order_id = long_known(session, cast, days=4)
    voided(session, cast, dosed(session, cast, person, order_id, at(ago(2), 7)))
    session.rollback()
    page = page_of(client, person)
    assert "<s>60 mg</s>" in page and "đã đính chính" in page
    assert "Người mẫu dispenser báo ghi nhầm, Người mẫu doctor ký" in page
    assert "20 chưa uống" in Cells(page).words()


def test_what_was_recorded_is_paged(client: FlaskClient, session: Session, cast: Cast) -> None:
    person, order_id = long_known(session, cast)
    for back in range(1, 26):
        dosed(session, cast, person, order_id, at(ago(back), 7, back))
    session.rollback()
    first = page_of(client, person)
    assert "7h01 hôm qua" in first and "7h25" not in first and "page=2" in first
    second = client.get(f"/patients/{person.ref}/treatment?page=2").text
    assert "7h25" in second and "7h01 hôm qua" not in second
    assert client.get(f"/patients/{person.ref}/treatment?page=999999").status_code == 200


def test_orders_say_their_phase_and_who_wrote_them(client: FlaskClient, session: Session, cast: Cast) -> None:
    person = somebody(session, cast, elsewhere_until=None)
    write(session, cast, person, phase=Phase.INDUCTION, parts_tenths=(200,), ends_on=TODAY + 6 * A_DAY)
    session.rollback()
    page = page_of(client, person)
    assert "20 mg · 2,0 ml" in page and "Dò liều, khởi liều" in page and "Người mẫu doctor" in page


def test_the_curve_is_a_drawing_without_script_or_style(client: FlaskClient, session: Session, cast: Cast) -> None:
    person, order_id = long_known(session, cast)
    dosed(session, cast, person, order_id, at(ago(2), 7))
    session.rollback()
    page = page_of(client, person)
    drawing = page[page.index("<svg viewBox") : page.index("</svg>", page.index("<svg viewBox")) + 6]
    tree = ElementTree.fromstring(drawing)
    assert not [
        node for node in tree.iter() if {"style", "class", "onload"} & node.attrib.keys() or "script" in node.tag
    ]
    assert len([node for node in tree.iter() if node.tag == "rect"]) == 1
    assert "Liều theo đơn: 60 mg mỗi ngày" in page and "1 trong 30 ngày" in page


@pytest.mark.parametrize("username", ["supervisor", "province"])
def test_who_reads_a_file_by_its_code_sees_days_and_shares_alone(
    client: FlaskClient, session: Session, cast: Cast, username: str
) -> None:
    person, order_id = long_known(session, cast, days=4, name="Lý Văn Kín", code="K-17")
    dosed(session, cast, person, order_id, at(ago(2), 7))
    session.rollback()
    sign_in(client, username)
    page = client.get(f"/patients/{person.ref}/treatment").text
    assert "K-17" in page and "20 uống đủ" in Cells(page).words() and "1 trong 4 ngày" in page
    for kept in ("Lý Văn Kín", "60 mg", "Người mẫu dispenser", "<svg viewBox", "Ai ghi gì"):
        assert kept not in page, kept


@pytest.mark.parametrize("username", ["dispenser2", "counselor", "volunteer", "community", "admin"])
def test_for_everybody_else_there_is_no_such_page(
    client: FlaskClient, session: Session, cast: Cast, username: str
) -> None:
    person, _ = long_known(session, cast, days=4)
    session.rollback()
    sign_in(client, username)
    assert client.get(f"/patients/{person.ref}/treatment").status_code == 404


def test_the_page_asks_as_often_after_years_as_after_a_day(client: FlaskClient, session: Session, cast: Cast) -> None:
    new = somebody(session, cast, elsewhere_until=None)
    old, order_id = long_known(session, cast)
    for back in range(1, 30):
        made = dosed(session, cast, old, order_id, at(ago(back), 7))
        if back % 9 == 0:
            voided(session, cast, made)
    with writing(session) as tx:
        for back in range(40, 400, 7):
            span = {"patient_id": old.id, "first_on": ago(back + 5), "last_on": ago(back), "source": "sổ cũ"}
            tx.execute(insert(DosedElsewhere).values(recorded_by_id=1, recorded_at=MORNING, **span))
    session.rollback()
    sign_in(client, "doctor")
    asked = []
    for person in (new, old):
        client.get(f"/patients/{person.ref}/treatment")
        with statements_of(session) as statements:
            assert client.get(f"/patients/{person.ref}/treatment").status_code == 200
        asked.append(len(statements))
    assert asked[0] == asked[1] <= 25, asked


def test_everybody_on_the_team_finds_the_page_from_the_file(client: FlaskClient, session: Session, cast: Cast) -> None:
    person, _ = long_known(session, cast, days=4)
    session.rollback()
    sign_in(client, "dispenser")
    assert f"/patients/{person.ref}/treatment" in client.get(f"/patients/{person.ref}/").text
