"""Who comes on the morning that test_a_whole_morning.py tells: one of every kind, all of them invented."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.domain.card_codes import grouped
from counseling.domain.orders import Phase
from counseling.models.hands import StaffPin
from counseling.models.patients import Card
from counseling.models.people import Staff, StaffRole
from counseling.refs import new_request_key
from counseling.services.cards import issue_card, revoke_card
from counseling.services.holds import set_hold
from counseling.services.patients import change_status
from tests.hands.story import CHEAP, PIN
from tests.late_entries.story import dosed_elsewhere
from tests.support.cast import CAO_LOC, DONG_KINH, Cast, cheap_hash
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, by, ordered, somebody

A_DAY = timedelta(days=1)
LONG_AGO = MORNING - timedelta(days=20)
YESTERDAY = MORNING - A_DAY
TWIN = "Nông Văn Tập"
HOLD = "Chờ kết quả điện tim. Gọi bác sĩ trước khi cho uống."
ALERT = "Mới bắt đầu uống thuốc lao: hỏi xem có đau bụng, vàng mắt không."
COLLEAGUE, COLLEAGUE_NAME = "thao", "Hoàng Phủ Thị Phương Thảo"


@dataclass(frozen=True)
class Invented:
    """`missed`: days without a dose before today; `starts`, `ends`: first and last day of the order, from today on."""

    story: str
    name: str
    birth_year: int
    parts: tuple[int, ...] = (600,)
    missed: int = 0
    starts: int = -20
    ends: int = 9
    station: int = DONG_KINH
    phase: Phase = Phase.MAINTENANCE


PEOPLE = (
    Invented("ordinary", "Lương Thị Ví Dụ", 1986),
    Invented("handed_over", "Tôn Nữ Hoàng Nguyễn Thị Phương Thảo Vân Anh", 1979, (805,)),
    Invented("twin", TWIN, 1990, (700,)),
    Invented("other_twin", TWIN, 1990, (350,)),
    Invented("split", "Hứa Thị Chia", 1981, (400, 300)),
    Invented("gap_2", "Mã Văn Hai", 1982, (500,), missed=2),
    Invented("gap_3", "Dương Thị Ba", 1992, (900,), missed=3),
    Invented("gap_4", "Tô Văn Bốn", 1987, (850,), missed=4),
    Invented("gap_7", "Phùng Văn Bảy", 1980, (950,), missed=7),
    Invented("ended", "Bế Văn Hết", 1977, (550,), ends=-1),
    Invented("tomorrow", "Đàm Văn Mai", 1994, (650,), starts=1),
    Invented("held", "Ngô Văn Dừng", 1984),
    Invented("alert", "Trần Thị Nhắc", 1989, (400,)),
    Invented("refuses", "Vi Văn Từ", 1991, (450,)),
    Invented("spills", "Lý Văn Mẫu", 1983, (1000,)),
    Invented("refuses_cup", "Triệu Văn Nửa", 1988, (605,)),
    Invented("vomits", "Phạm Văn Nôn", 1978, (650,)),
    Invented("first_dose", "Lộc Văn Đầu", 1999, (200,), starts=0, ends=4, phase=Phase.INDUCTION),
    Invented("card", "Đỗ Văn Thẻ", 1993, (700,)),
    Invented("mistaken", "Chu Văn Nhầm", 1985, (750,)),
    Invented("on_paper", "Hà Thị Giấy", 1975, (300,)),
    Invented("left", "Quách Văn Xa", 1970),
    Invented("elsewhere", "Lã Thị Nơi Khác", 1972, station=CAO_LOC),
)
LISTED = [one.story for one in PEOPLE if one.story not in ("left", "elsewhere")]


@dataclass(frozen=True)
class Known:
    """What the story needs to know of somebody: what is typed, who it is, and which card was theirs."""

    person: Person
    code: str
    name: str
    birth_year: int
    card: str = ""


def invite(session: Session, cast: Cast) -> dict[str, Known]:
    """Everybody registered weeks ago, with their orders; and a colleague at the same window."""
    _colleague(session, cast)
    known = {one.story: _one(session, cast, number, one) for number, one in enumerate(PEOPLE, start=1)}
    doctor = by(cast, "doctor")
    for story, kind, words in (("held", "hold", HOLD), ("alert", "alert", ALERT)):
        person_id = known[story].person.id
        set_hold(
            session, person_id, kind, words, by_doctor=True, by=doctor, request_key=new_request_key(), now=YESTERDAY
        )
    left, yesterday = known["left"].person.id, YESTERDAY.date()
    change_status(
        session, left, status="moved", since_on=yesterday, reason="về quê", by=doctor, today=yesterday, now=YESTERDAY
    )
    return known


def _one(session: Session, cast: Cast, number: int, one: Invented) -> Known:
    code, is_new = f"SM-{number:02d}", one.story == "first_dose"
    registered_at = YESTERDAY if is_new else LONG_AGO
    elsewhere_until = None if is_new else LONG_AGO.date() - A_DAY
    person = somebody(
        session, cast, name=one.name, birth_year=one.birth_year, code=code, station=one.station,
        elsewhere_until=elsewhere_until, now=registered_at,
    )  # fmt: skip
    ordered(
        session, cast, person, *one.parts, starts_on=_day(one.starts), ends_on=_day(one.ends), phase=one.phase,
        now=registered_at, station=one.station,
    )  # fmt: skip
    if not is_new:
        dosed_elsewhere(session, cast, person, _day(-one.missed - 1))
    return Known(
        person, code, one.name, one.birth_year, _lost_card(session, cast, person) if one.story == "card" else ""
    )


def _day(offset: int) -> date:
    return TODAY + offset * A_DAY


def _lost_card(session: Session, cast: Cast, person: Person) -> str:
    """A card that was reported lost; gives what is printed on it."""
    who = by(cast, "dispenser")
    ref = issue_card(session, person.id, by=who, request_key=new_request_key(), now=LONG_AGO)
    revoke_card(session, person.id, ref, "lost", by=who, now=YESTERDAY)
    sealed = session.execute(select(Card.code).where(Card.ref == ref)).scalar_one()
    return grouped(vault_of(session).open("cards.code", ref, sealed) or "")


def _colleague(session: Session, cast: Cast) -> None:
    """A second dispenser of the same station; both have a PIN."""
    with writing(session) as tx:
        account = {"username": COLLEAGUE, "display_name": COLLEAGUE_NAME, "password_hash": cheap_hash()}
        staff_id = tx.execute(insert(Staff).values(**account, created_at=LONG_AGO).returning(Staff.id)).scalar_one()
        desk = {"kind": "dispenser", "side": "treatment", "site_id": DONG_KINH, "given_at": LONG_AGO}
        tx.execute(insert(StaffRole).values(staff_id=staff_id, **desk))
        for one in (staff_id, cast.staff["dispenser"]):
            tx.execute(insert(StaffPin).values(staff_id=one, pin_hash=CHEAP.hash(PIN), set_at=LONG_AGO))
