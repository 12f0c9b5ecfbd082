"""One whole round, from a missed day to a closed gap, with everybody signed in at once: each in a browser of their own.

`ROUND_PICTURES=folder` keeps a picture of each step, to be looked at.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling import create_app
from counseling.config import Config
from counseling.database import db
from counseling.models.counseling import Appointment
from counseling.models.patients import PhoneNumber, SupportFile, TreatmentFile
from counseling.models.places import OutreachTeam
from counseling.models.texts import PhoneLine, Reminder, SmsConsent
from tests.support.browser import DESKTOP, PHONE, NewPage, sign_in
from tests.support.server import LiveServer, demo_environment

# Missed 21 November only, agreed to texts and to being looked in on; the other two agreed to texts only.
AGREED, NOT_ASKED = "DT-DK-0007", "DT-DK-0011"
MOST_HOURS = 13
# What no page of the support side may say of somebody in treatment.
TREATMENT_WORDS = re.compile(r"DT-DK|\bmg\b|\bml\b|liều|chưa uống|có thuốc|methadone|HIV|cấp phát", re.IGNORECASE)
# Drawn by lot: in some of a thousand there stands a word of three letters.
DRAWN = re.compile(r'<input type="hidden" name="(?:csrf_token|request_key)"[^>]*>|data-point="[^"]*"')


class Round:
    """The people of the round, each with a window of their own, and the demo's clock."""

    def __init__(self, new_page: NewPage, server: LiveServer, stored: Session) -> None:
        self._new_page, self.url, self.stored = new_page, server.url, stored
        self._count = 0
        self.phones = new_page(DESKTOP)
        self.phones.goto(f"{self.url}/simulator/")

    def window(self, username: str, size: tuple[int, int] = DESKTOP) -> Page:
        # The volunteers of this story have no script and use plain forms; the other way stands in tests/phone.
        page = self._new_page(size, has_touch=size == PHONE, java_script_enabled=size != PHONE)
        sign_in(page, self.url, username)
        return page

    def open(self, page: Page, path: str) -> None:
        page.goto(self.url + path)

    def move_clock(self, button: str) -> None:
        self.open(self.phones, "/simulator/")
        press(self.phones, self.phones.get_by_role("button", name=button))

    def next_hour(self) -> None:
        self.move_clock("Thêm 1 giờ")

    def next_morning(self) -> None:
        self.move_clock("Đến 6 giờ 30 sáng")

    def find_phone(self, name: str) -> None:
        self.open(self.phones, "/simulator/")
        self.phones.fill("#find", name)
        with self.phones.expect_navigation():
            self.phones.press("#find", "Enter")

    def picture(self, page: Page, name: str) -> None:
        folder = os.environ.get("ROUND_PICTURES")
        if folder:
            self._count += 1
            path = Path(folder) / f"round-{self._count:02d}-{name}.png"
            page.screenshot(path=str(path), caret="initial")  # hiding the caret would break the content policy


@pytest.fixture
def stored(live_server: LiveServer) -> Iterator[Session]:
    """What the server's database says, read beside it."""
    app = create_app(Config.from_environment(demo_environment(live_server.instance)))
    with app.app_context():
        engine = db.engine
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture
def round_(new_page: NewPage, live_server: LiveServer, stored: Session) -> Round:
    return Round(new_page, live_server, stored)


def test_one_whole_round(round_: Round, stored: Session) -> None:
    dispenser, doctor = round_.window("dispenser"), round_.window("doctor", PHONE)
    volunteer, other_volunteer = round_.window("volunteer", PHONE), round_.window("volunteer2", PHONE)
    counselor, supervisor = round_.window("counselor"), round_.window("supervisor")
    community = round_.window("community")
    assert doctor.url.endswith("/doctor/")

    # 1 · In the morning of the 22nd the neutral text goes out by itself.
    name = name_of(round_, dispenser, AGREED)
    silent_name = name_of(round_, dispenser, NOT_ASKED)
    before = look_ins(round_, volunteer)
    for _ in range(3):
        round_.next_hour()
    round_.find_phone(name)
    phone = round_.phones.locator(".phone", has_text=name).first
    expect(phone.locator(".text").last).to_contain_text("viec hang ngay hom qua chua xong. Khong sao")
    round_.picture(round_.phones, "the-text-arrives")

    # 2, 3 · The patient asks to be called; whoever agreed is handed on, whoever did not stays with the station.
    answer(phone, "2")
    round_.find_phone(silent_name)
    answer(round_.phones.locator(".phone", has_text=silent_name).first, "2")
    round_.open(dispenser, "/tasks/")
    expect(row_of(dispenser, name)).to_contain_text("Đã nhờ ghé thăm")
    expect(row_of(dispenser, silent_name)).to_contain_text("Xin gọi lại")
    expect(row_of(dispenser, silent_name)).not_to_contain_text("ghé thăm")
    round_.picture(dispenser, "the-station-knows")
    assert look_ins(round_, volunteer) == before, "nothing appears on the day of the answer"
    close_day(round_, dispenser)

    # 4 · On the 23rd, at some hour, the volunteer is asked to look in, and is told nothing else.
    round_.next_morning()
    chosen = wait_for_look_in(round_, volunteer, before)
    assert len(chosen) == 1, "only whoever agreed is handed on"
    chosen_name = chosen.pop()
    assert not TREATMENT_WORDS.search(DRAWN.sub("", volunteer.content()))
    assert name not in volunteer.content()
    assert chosen_name not in names(round_, other_volunteer)
    round_.picture(volunteer, "the-worklist")
    log_visit(round_, volunteer, chosen_name)
    round_.picture(volunteer, "the-visit-is-logged")
    press(volunteer, volunteer.get_by_role("button", name="Bỏ ghi"))
    round_.open(volunteer, "/outreach/")
    expect(row_of(volunteer, chosen_name)).to_contain_text("Ghé thăm")
    log_visit(round_, volunteer, chosen_name)

    # 5 · The counselor sees the visit, talks with somebody who gives no name, and books an appointment.
    round_.open(counselor, "/counseling/")
    expect(row_of(counselor, chosen_name)).to_contain_text("Gặp, ổn")
    round_.picture(counselor, "the-point-sees-the-visit")
    talk_with_somebody_unknown(counselor)
    booked = somebody_who_reads_texts(stored)
    book_appointment(round_, counselor, booked)
    round_.picture(counselor, "the-appointment")

    # 6 · Two supervisors, two lists, no word of the one on the other.
    round_.open(supervisor, "/supervision/?sort=code")
    line = supervisor.locator("tr", has_text=AGREED)
    expect(gap_of(line)).to_have_text("2")
    expect(line).to_contain_text("/30")
    expect(line).to_contain_text("Đã gặp 23/11/2026")
    assert chosen_name not in supervisor.content()
    file = line.locator("th a").get_attribute("href") or ""
    round_.picture(supervisor, "treatment-side")
    give_task(supervisor, line, "Gặp sớm ở điểm")
    round_.open(community, "/supervision/")
    found = find_in_area(community, chosen_name)
    assert not TREATMENT_WORDS.search(DRAWN.sub("", community.content()))
    assert name not in community.content()
    expect(found).to_contain_text("Đã gặp, ổn")
    round_.picture(community, "community-side")
    give_task(community, found, "Nhờ đội ghé thăm")
    open_and_close_day(round_, dispenser)

    # 7 · On the 24th the patient drinks: the check of the third day is asked, what was planned is cleared.
    round_.next_morning()
    assert reminders_of(stored, booked, "appointment") == {"planned"}, "the appointment will be reminded of"
    open_day(round_, dispenser)
    round_.open(dispenser, "/station/")
    dispenser.locator(f"[data-code={AGREED.lower()}] a").click()
    expect(dispenser.locator(".facts").first).to_contain_text("3 ngày")
    dispenser.locator("[name=gap_check][value=alert]").check()
    round_.picture(dispenser, "three-days-are-asked-about")
    dispenser.get_by_role("button", name=re.compile("Rót")).click()
    dispenser.get_by_role("button", name=re.compile("Xác nhận đã uống")).click()
    expect(dispenser.locator(".notice.done")).to_contain_text(name)
    round_.next_hour()
    missed = stored.execute(select(TreatmentFile.patient_id).where(TreatmentFile.register_code == AGREED)).scalar_one()
    assert reminders_of(stored, missed, "missed_yesterday") == {"cleared"}
    round_.open(supervisor, "/supervision/")
    expect(supervisor.locator("tr", has_text=AGREED)).to_have_count(0)  # moved down, behind the fifty longest gaps
    round_.open(supervisor, file)
    expect(supervisor.locator(".facts").first).to_contain_text("Có thuốc đến hết ngày24/11/2026")
    round_.picture(supervisor, "the-gap-is-closed")


def name_of(round_: Round, page: Page, code: str) -> str:
    round_.open(page, "/station/")
    shown = page.locator(f"[data-code={code.lower()}] .who").inner_text()
    return shown.rpartition(",")[0]


def row_of(page: Page, name: str) -> Locator:
    return page.locator(".row", has_text=name).first


def press(page: Page, place: Locator) -> None:
    """Press what leads to another page, and wait until it is there."""
    with page.expect_navigation():
        place.click()


def answer(phone: Locator, digit: str) -> None:
    said = phone.locator(".text.ours .said")
    before = said.count()
    phone.get_by_role("button", name=digit, exact=True).click()
    expect(said).to_have_count(before + 1)
    expect(said.last).to_have_text(digit)


def names(round_: Round, page: Page, having: str = "") -> set[str]:
    round_.open(page, "/outreach/")
    rows = page.locator(".row", has_text=having) if having else page.locator(".row")
    return set(rows.locator(".who").all_inner_texts())


def look_ins(round_: Round, page: Page) -> set[str]:
    return names(round_, page, "Ghé thăm")


def wait_for_look_in(round_: Round, page: Page, before: set[str]) -> set[str]:
    for _ in range(MOST_HOURS):
        found = look_ins(round_, page) - before
        if found:
            return found
        round_.next_hour()
    return set()


def log_visit(round_: Round, page: Page, name: str) -> None:
    """Two taps from the worklist, no keyboard."""
    round_.open(page, "/outreach/")
    press(page, page.locator(".row a", has_text=name).first)
    press(page, page.get_by_role("button", name="Gặp, ổn"))
    expect(page.get_by_role("button", name="Bỏ ghi")).to_be_visible()


def talk_with_somebody_unknown(page: Page) -> None:
    page.get_by_role("link", name="Ghi tư vấn").click()
    for field in ("kind", "form", "minutes"):
        page.locator(f"[name={field}]").first.check()
    page.get_by_role("button", name="Ghi buổi tư vấn").click()
    expect(page.locator(".row", has_text="Không nêu tên").first).to_be_visible()


def somebody_who_reads_texts(session: Session) -> int:
    """Somebody of the Đông Kinh point with an agreement and a confirmed number, and no appointment yet."""
    session.rollback()
    point = select(OutreachTeam.site_id).where(OutreachTeam.name.contains("Mẫu Sơn")).scalar_subquery()
    booked = select(Appointment.patient_id).where(Appointment.state == "booked")
    found = session.execute(
        select(SupportFile.patient_id)
        .join(SmsConsent, SmsConsent.patient_id == SupportFile.patient_id)
        .join(PhoneNumber, PhoneNumber.patient_id == SupportFile.patient_id)
        .join(PhoneLine, PhoneLine.id == PhoneNumber.line_id)
        .where(SupportFile.site_id == point, SupportFile.status == "active", SupportFile.patient_id.not_in(booked))
        .where(SmsConsent.side == "support", SmsConsent.withdrawn_at.is_(None))
        .where(PhoneNumber.side == "support", PhoneNumber.confirmed_at.is_not(None), PhoneNumber.removed_at.is_(None))
        .where(PhoneNumber.calls_only.is_(False), PhoneLine.opted_out_at.is_(None), PhoneLine.permanent_failures == 0)
        .order_by(SupportFile.patient_id)
    )
    return int(found.scalars().first() or 0)


def book_appointment(round_: Round, page: Page, patient_id: int) -> None:
    ref = round_.stored.execute(select(SupportFile.ref).where(SupportFile.patient_id == patient_id)).scalar_one()
    round_.open(page, f"/patients/{ref}/")
    page.get_by_role("link", name="Hẹn gặp").click()
    page.locator("summary", has_text="Ngày khác").click()
    page.fill("[name=other_day]", "25/11/2026")
    page.select_option("[name=at]", "08:00")
    page.get_by_role("button", name="Hẹn gặp").click()
    page.wait_for_url(re.compile(r"/(patients|counseling)/"))
    expect(page.locator(".errors")).to_have_count(0)


def gap_of(line: Locator) -> Locator:
    """The cell of the days missed."""
    return line.locator("td").nth(1)


def find_in_area(page: Page, name: str) -> Locator:
    return page.locator("tr", has_text=name).first


def give_task(page: Page, line: Locator, button: str) -> None:
    press(page, line.get_by_role("link", name=re.compile("Giao việc")))
    press(page, page.get_by_role("button", name=button))


def open_day(round_: Round, page: Page) -> None:
    round_.open(page, "/station/")
    press(page, page.get_by_role("button", name="Mở ngày"))


def close_day(round_: Round, page: Page) -> None:
    round_.open(page, "/station/close")
    press(page, page.get_by_role("button", name=re.compile("Chốt ngày")))


def open_and_close_day(round_: Round, page: Page) -> None:
    open_day(round_, page)
    close_day(round_, page)


def reminders_of(session: Session, patient_id: int, kind: str) -> set[str]:
    """The states of what is planned for somebody on 24 November."""
    session.rollback()
    on_the_24th = (
        (Reminder.patient_id == patient_id) & (Reminder.kind == kind) & (Reminder.on_date == date(2026, 11, 24))
    )
    return set(session.execute(select(Reminder.state).where(on_the_24th)).scalars())
