"""What the desk says beside the list: who is later than usual, and a kind word on a round day."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.adherence import recount
from counseling.models.doses import DosedElsewhere
from counseling.services.adherence import save_summary
from tests.support.cast import Cast, sign_in
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, dose, opened, ordered, somebody
from tests.treatment.story import A_DAY, ago, agreed_to_texts, at, usually_at, with_number

NUMBER = "+84912345678"
LATER = re.compile(r"/station/later\?seen=[\w-]+")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def clock(start_clock_at: Callable[[datetime], None], app: object) -> Callable[[datetime], None]:
    start_clock_at(MORNING)
    return start_clock_at


def usual(session: Session, cast: Cast, code: str, **details: object) -> tuple[Person, int]:
    """Somebody with an order of today who is usually there at 6:31."""
    person = somebody(session, cast, code=code, **details)  # type: ignore[arg-type]
    order_id = ordered(session, cast, person)
    usually_at(session, person, 6 * 60 + 31)
    return person, order_id


def covered_for(session: Session, person: Person, days: int, through: int = 1) -> None:
    """Days in a row, the last of them so many days ago, that another register answers for."""
    with writing(session) as tx:
        span = {"first_on": ago(through + days - 1), "last_on": ago(through), "source": "sổ cũ"}
        tx.execute(insert(DosedElsewhere).values(patient_id=person.id, recorded_by_id=1, recorded_at=MORNING, **span))
        run = [ago(through + back) for back in range(days)]
        save_summary(tx, person.id, recount(run, run))


def fields_of(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))


def test_who_is_later_than_usual_stands_on_the_desk_with_a_tap_to_ring(
    client: FlaskClient, session: Session, cast: Cast, clock: Callable[[datetime], None]
) -> None:
    person, _ = usual(session, cast, "A-1", name="Vi Văn Muộn")
    with_number(session, cast, person, NUMBER)
    agreed_to_texts(session, cast, person)
    opened(session, cast)
    session.rollback()
    sign_in(client, "dispenser")
    assert "Giờ này thường đã đến" not in client.get("/station/").text
    clock(at(TODAY, 7, 20))
    sign_in(client, "dispenser")
    page = client.get("/station/").text
    assert "Thường đến trước 7 giờ" in page and f'href="tel:{NUMBER}"' in page
    assert f'href="/patients/{person.ref}/"' in page, "nothing was ever texted: the file instead"


def test_a_long_list_is_folded_and_a_short_one_is_not(
    client: FlaskClient, session: Session, cast: Cast, clock: Callable[[datetime], None]
) -> None:
    for number in range(3):
        usual(session, cast, f"A-{number}")
    opened(session, cast)
    session.rollback()
    clock(at(TODAY, 7, 20))
    sign_in(client, "dispenser")
    assert '<details class="no-print" open>' in client.get("/station/").text
    usual(session, cast, "A-9")
    session.rollback()
    assert '<details class="no-print">' in client.get("/station/").text


def test_the_list_asks_again_and_is_told_only_what_is_new(
    client: FlaskClient, session: Session, cast: Cast, clock: Callable[[datetime], None]
) -> None:
    person, order_id = usual(session, cast, "A-1")
    opened(session, cast)
    session.rollback()
    sign_in(client, "dispenser")

    def asks(page: str) -> str:
        found = LATER.search(page)
        assert found, page[:200]
        return found[0]

    nobody = asks(client.get("/station/").text)
    assert client.get(nobody).status_code == 204
    clock(at(TODAY, 7, 20))
    sign_in(client, "dispenser")
    block = client.get(nobody).text
    assert "<details" in block and "A-1" in block
    assert client.get(asks(block)).status_code == 204
    dose(session, cast, person, order_id)
    session.rollback()
    emptied = client.get(asks(block)).text
    assert "<details" not in emptied and "Không còn ai" in emptied and 'id="later-count"' in emptied
    assert client.get(asks(emptied)).status_code == 204
    usual(session, cast, "A-2")
    session.rollback()
    again = client.get(asks(emptied)).text
    assert "A-2" in again and "<details" not in again, "it is put into the list that stands there"


@pytest.mark.parametrize("username", ["doctor", "supervisor", "counselor", "volunteer", "community"])
def test_the_station_alone_is_told(
    client: FlaskClient, session: Session, cast: Cast, clock: Callable[[datetime], None], username: str
) -> None:
    usual(session, cast, "A-1")
    opened(session, cast)
    session.rollback()
    clock(at(TODAY, 7, 20))
    sign_in(client, username)
    answer = client.get("/station/later")
    assert answer.status_code == 403 and "A-1" not in answer.text


def test_the_hundredth_day_is_said_before_and_after_the_dose_to_the_one_who_gives_it(
    client: FlaskClient, session: Session, cast: Cast, clock: Callable[[datetime], None]
) -> None:
    person = somebody(session, cast)
    ordered(session, cast, person)
    opened(session, cast)
    covered_for(session, person, 99)
    session.rollback()
    sign_in(client, "dispenser")
    page = client.get(f"/patients/{person.ref}/dose").text
    assert "Uống liều này là tròn 100 ngày liền" in page
    for step in ("pour", "dose"):
        page = client.get(f"/patients/{person.ref}/dose").text
        answer = client.post(f"/patients/{person.ref}/{step}", data=fields_of(page))
    after = client.get(answer.location).text
    assert "Hôm nay tròn 100 ngày liền." in after
    assert '<div class="no-print"><div class="notice done"><p>Nói với người bệnh' in " ".join(after.split())


@pytest.mark.parametrize(("days", "through"), [(98, 1), (100, 1), (99, 2)])
def test_on_other_days_nothing_is_said(
    client: FlaskClient, session: Session, cast: Cast, clock: Callable[[datetime], None], days: int, through: int
) -> None:
    person = somebody(session, cast)
    order_id = ordered(session, cast, person)
    opened(session, cast)
    covered_for(session, person, days, through)
    session.rollback()
    sign_in(client, "dispenser")
    assert "ngày liền" not in client.get(f"/patients/{person.ref}/dose").text
    dose(session, cast, person, order_id)
    session.rollback()
    assert "ngày liền" not in client.get(f"/station/?done={person.ref}").text


def test_yesterdays_round_number_is_not_said_today(
    client: FlaskClient, session: Session, cast: Cast, clock: Callable[[datetime], None]
) -> None:
    """The address of the line was kept; the dose that it speaks of is yesterday's."""
    since = MORNING - A_DAY
    person = somebody(session, cast, elsewhere_until=ago(2), now=since)
    order_id = ordered(session, cast, person, starts_on=ago(1), ends_on=TODAY, now=since)
    opened(session, cast, ago(1), now=since)
    covered_for(session, person, 98, through=2)
    dose(session, cast, person, order_id, day=ago(1), now=since)
    session.rollback()
    sign_in(client, "dispenser")
    assert "ngày liền" not in client.get(f"/station/?done={person.ref}").text
