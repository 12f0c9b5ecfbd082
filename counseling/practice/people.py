"""The twenty invented people of a practice day: one of every kind that a window has to know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from counseling.demo.accounts import DONG_KINH
from counseling.demo.attendance import keep_apart, live_through_history
from counseling.demo.dice import Dice
from counseling.demo.people import Person
from counseling.demo.plan import A_DAY, Frame, PlannedOrder, PlannedPatient

DAYS = 21  # of history: enough for usual hours and for the gap of the longest absence
LONGEST = 30
TWIN = "Nông Văn Tập"


@dataclass(frozen=True)
class Invented:
    """`missed`: days not taken before today; `ends`, `starts`: first and last day of the order, counted from today."""

    story: str
    full_name: str
    birth_year: int
    parts: tuple[int, ...]  # tenths of a mg, by chance: nothing here is advice on a dose
    sex: str = "male"
    missed: int = 0
    ends: int = 16


CAST = (
    Invented("ordinary", "Lương Thị Ví Dụ", 1986, (600,), "female"),
    Invented("ordinary", "Hoàng Văn Thử", 1979, (800,)),
    Invented("ordinary", "Vi Văn Bịa", 1991, (450,)),
    Invented("ordinary", "Lý Văn Mẫu", 1983, (1000,)),
    Invented("half_mg", "Triệu Văn Nửa", 1988, (605,)),
    Invented("twin", TWIN, 1990, (700,)),
    Invented("twin", TWIN, 1990, (350,)),
    Invented("split", "Hứa Thị Chia", 1981, (400, 300), "female"),
    Invented("ends_today", "Bế Văn Hết", 1977, (550,), ends=0),
    Invented("starts_tomorrow", "Đàm Văn Mai", 1994, (650,), ends=-1),
    Invented("first_dose", "Lộc Văn Đầu", 1999, (200,)),
    Invented("gap_1", "Chu Văn Một", 1985, (750,), missed=1),
    Invented("gap_2", "Mã Văn Hai", 1982, (500,), missed=2),
    Invented("gap_3", "Dương Thị Ba", 1992, (900,), "female", missed=3),
    Invented("gap_4", "Tô Văn Bốn", 1987, (850,), missed=4),
    Invented("gap_7", "Phùng Văn Bảy", 1980, (950,), missed=7),
    Invented("hold", "Ngô Văn Dừng", 1984, (600,)),
    Invented("alert", "Trần Thị Nhắc", 1989, (400,), "female"),
    Invented("revoked_card", "Đỗ Văn Thẻ", 1993, (700,)),
    Invented("vomits", "Phạm Văn Nôn", 1978, (650,)),
)


def plan(frame: Frame) -> list[PlannedPatient]:
    """Everybody with their orders and the mornings of the last weeks; nobody has come today."""
    patients = [_patient(frame, number, one) for number, one in enumerate(CAST)]
    for patient in patients:
        live_through_history(patient, frame)
    keep_apart(patients, frame)
    return patients


def _patient(frame: Frame, number: int, one: Invented) -> PlannedPatient:
    is_new = one.story == "first_dose"
    patient = PlannedPatient(
        story="induction" if is_new else one.story,
        station=DONG_KINH,
        register_code=f"TAP-{number + 1:02d}",
        person=Person(one.full_name, one.sex, one.birth_year, "vi"),
        registered_at=frame.at(frame.yesterday if is_new else frame.first - A_DAY, 14 * 60 + number),
        dice_seed=("practice", frame.today, number),
        dosed_elsewhere_until=None if is_new else frame.first - A_DAY,
        elsewhere_source=None if is_new else "sổ mẫu",
        usual_minute=400 + number * 9,
        miss_share=0,
    )
    patient.orders = _orders(frame, patient, one)
    patient.absent_on = {frame.day(-offset) for offset in range(1, one.missed + 1)}
    patient.surely_on = {frame.day(-offset) for offset in range(1, frame.days + 1)} - patient.absent_on
    return patient


def _orders(frame: Frame, patient: PlannedPatient, one: Invented) -> list[PlannedOrder]:
    dice = Dice("practice orders", *patient.dice_seed)
    if one.story == "first_dose":
        return [_order(dice, frame, "induction", one.parts, frame.today, frame.day(4))]
    taken_over = _order(dice, frame, "maintenance", one.parts, frame.first, frame.day(-12))
    taken_over.origin, taken_over.written_at = "register_import", patient.registered_at
    orders = [taken_over, _order(dice, frame, "maintenance", one.parts, frame.day(-11), frame.day(one.ends))]
    if one.story == "starts_tomorrow":
        orders.append(_order(dice, frame, "maintenance", one.parts, frame.day(1), frame.day(LONGEST)))
    return orders


def _order(
    dice: Dice, frame: Frame, phase: str, parts: tuple[int, ...], starts_on: date, ends_on: date
) -> PlannedOrder:
    written_at = frame.at(min(starts_on, frame.today) - timedelta(days=1), 15 * 60)
    return PlannedOrder(phase, parts, starts_on, ends_on, ends_on, written_at, "doctor", dice.request_key())
