"""What the default demo holds: enough of everything, and all of it as the product itself would have written it."""

from collections import Counter, defaultdict
from datetime import date, timedelta

import phonenumbers
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from counseling.database import vault_of
from counseling.demo.accounts import ACCOUNTS, PASSWORD, USERNAMES
from counseling.domain.card_codes import read_card_code
from counseling.domain.missed_doses import SHIPPED_BANDS, GapResponse, band_for, gap_days
from counseling.models import guards
from counseling.models.audit import AuditEntry
from counseling.models.doses import AdherenceSummary, DayDose, DosedElsewhere, StationDay, StationVisit
from counseling.models.orders import DoseOrder
from counseling.models.patients import Card, PhoneNumber, SupportFile, TreatmentFile
from counseling.models.places import Area, Site
from counseling.models.tasks import DOCTOR_TASKS, Task
from counseling.queries.bands import list_bands
from counseling.queries.readiness import list_problems
from counseling.queries.today import list_today
from counseling.queries.viewers import list_desks
from counseling.services import audit_verification
from counseling.services.adherence import from_columns, recount_from_rows
from counseling.services.signing_in import Attempt, sign_in
from tests.demo.looking import TODAY, ZONE, count, site_id
from tests.support.settings import MORNING


def test_it_has_as_many_people_as_interfaces_promise(demo: Session) -> None:
    by_station = select(Site.code, func.count()).join(TreatmentFile, TreatmentFile.station_id == Site.id)
    assert dict(demo.execute(by_station.group_by(Site.code)).all()) == {"TYT-DK": 180, "TTYT-CL": 120}
    assert count(demo, SupportFile.patient_id > 0) == 40
    assert len(set(demo.execute(select(SupportFile.area_id)).scalars())) >= 4
    assert count(demo, TreatmentFile.register_code.startswith("DT-", autoescape=True)) == 300


def test_some_people_have_both_files_and_nothing_joins_them(demo: Session) -> None:
    vault = vault_of(demo)
    both = demo.execute(
        select(TreatmentFile, SupportFile).join(SupportFile, SupportFile.patient_id == TreatmentFile.patient_id)
    ).all()
    assert len(both) == 8
    for treatment, support in both:
        assert treatment.ref != support.ref
        names = {
            vault.open("treatment_files.full_name", treatment.ref, treatment.full_name),
            vault.open("treatment_files.alias", treatment.ref, treatment.alias),
        }
        assert vault.open("support_files.community_name", support.ref, support.community_name) not in names


def test_every_summary_equals_a_recount_of_the_rows(demo: Session) -> None:
    summaries = demo.execute(select(AdherenceSummary)).scalars().all()
    assert len(summaries) == 300
    for kept in summaries:
        counted = recount_from_rows(demo, kept.patient_id)
        assert from_columns(kept.anchor_on, kept.covered, kept.complete) == counted
        assert kept.covered_through == counted.covered_through


def test_the_audit_chains_hold_and_run_forward_in_time(demo: Session) -> None:
    verified = audit_verification.verify(demo)
    assert verified.broken == []
    assert verified.entries > 15_000
    site_chains = select(AuditEntry.chain, AuditEntry.at).where(AuditEntry.chain.startswith("site:"))
    instants = defaultdict(list)
    for chain, at in demo.execute(site_chains.order_by(AuditEntry.chain, AuditEntry.sequence)):
        instants[chain].append(at)
    assert len(instants) >= 3
    assert all(times == sorted(times) and times[-1] <= MORNING for times in instants.values())


def test_every_dose_stands_in_the_audit(demo: Session) -> None:
    noted = demo.execute(select(AuditEntry.subject).where(AuditEntry.action == "dose.recorded")).scalars().all()
    assert sorted(noted) == sorted(f"dose:{number}" for number in demo.execute(select(DayDose.id)).scalars())


def test_the_database_still_has_its_guards_and_is_ready(demo: Session) -> None:
    assert guards.missing(demo.connection()) == []
    assert list_problems(demo, MORNING) == []


def test_every_dose_was_given_within_an_open_day_and_by_the_bands(demo: Session) -> None:
    days = {(day.site_id, day.day_on): day for day in demo.execute(select(StationDay)).scalars()}
    reviewed = dict(demo.execute(select(DoseOrder.id, DoseOrder.gap_reviewed_through)).all())
    covered: dict[int, date] = dict(demo.execute(select(DosedElsewhere.patient_id, DosedElsewhere.last_on)).all())
    withheld = set(
        demo.execute(
            select(StationVisit.patient_id, StationVisit.visit_on).where(StationVisit.outcome == "withheld")
        ).all()
    )
    for dose in demo.execute(select(DayDose).order_by(DayDose.recorded_at)).scalars():
        day = days[(dose.site_id, dose.dose_on)]
        assert day.opened_at <= dose.recorded_at <= (day.closed_at or MORNING)
        assert dose.recorded_at.astimezone(ZONE).date() == dose.dose_on
        last = covered.get(dose.patient_id)
        gap = 0 if last == dose.dose_on else gap_days(last, dose.dose_on)
        assert dose.gap_days == gap
        unreviewed = 0 if gap == 0 else gap_days(last, dose.dose_on, reviewed[dose.order_id])
        band = band_for(unreviewed, SHIPPED_BANDS)
        assert band is None or not band.response.stops
        asks = (band is not None and band.response is GapResponse.CHECK) or (dose.patient_id, dose.dose_on) in withheld
        assert (dose.gap_check == "alert") == asks
        covered[dose.patient_id] = dose.dose_on


def test_past_days_are_closed_and_only_dong_kinh_has_opened_today(demo: Session) -> None:
    dong_kinh, cao_loc = site_id(demo, "TYT-DK"), site_id(demo, "TTYT-CL")
    states = select(StationDay.day_on, StationDay.state)
    days = dict(demo.execute(states.where(StationDay.site_id == dong_kinh)).all())
    assert days.pop(TODAY) == "opened"
    assert list(days.values()) == ["closed"] * 60
    others = demo.execute(states.where(StationDay.site_id == cao_loc))
    assert Counter(state for _, state in others) == {"closed": 60}


def test_the_window_has_every_case_waiting(demo: Session) -> None:
    bands = list_bands(demo, TODAY, site_id(demo, "TYT-DK"))
    lists = [list_today(demo, site_id(demo, code), TODAY, bands) for code in ("TYT-DK", "TTYT-CL")]
    waiting = [row for one in lists for row in one.waiting]
    gaps = Counter(row.gap for row in waiting)
    assert sum(row.stops for row in waiting) == 4
    assert all(gaps[days] >= 2 for days in (1, 2, 3))
    assert sum(len(one.without_order) for one in lists) == 6
    assert sum(row.namesakes > 1 for row in waiting) >= 8
    assert any(len(row.parts) == 2 for row in waiting)
    assert sum(bool(part % 10) for row in waiting for part in row.parts) >= 15
    assert all(5 <= part <= 1650 for row in waiting for part in row.parts)
    ending = count(demo, DoseOrder.last_on >= TODAY, DoseOrder.last_on <= TODAY + timedelta(days=5))
    assert ending >= 10


def test_visits_and_open_tasks_wait_for_the_doctor(demo: Session) -> None:
    assert {"withheld", "refused", "stopped"} <= set(demo.execute(select(StationVisit.outcome)).scalars())
    kinds = set(demo.execute(select(Task.kind).where(Task.closed_at.is_(None))).scalars())
    assert kinds & set(DOCTOR_TASKS) == {"order_review", "withheld_review"}


def test_weekends_are_worse(demo: Session) -> None:
    per_day = Counter(demo.execute(select(DayDose.dose_on).where(DayDose.part == 1)).scalars())
    weekend = [number for day, number in per_day.items() if day.weekday() >= 5]
    working = [number for day, number in per_day.items() if day.weekday() < 5]
    assert sum(weekend) / len(weekend) < sum(working) / len(working)


def test_cards_and_phones_are_sound_and_nobodys(demo: Session) -> None:
    vault = vault_of(demo)
    codes = [vault.open("cards.code", card.ref, card.code) or "" for card in demo.execute(select(Card)).scalars()]
    assert len(codes) > 200
    assert all(read_card_code(code) == code for code in codes)
    numbers = [
        vault.open("phone_numbers.number", row.ref, row.number) or ""
        for row in demo.execute(select(PhoneNumber)).scalars()
    ]
    assert len(numbers) > 200
    assert all(number.startswith("+84998") for number in numbers)
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(number)) for number in numbers)


def test_everybody_of_the_list_can_sign_in_and_sits_at_their_desks(demo_app: Flask, demo: Session) -> None:
    for number, account in enumerate(ACCOUNTS):
        attempt = Attempt(account.username, PASSWORD, None, "Chrome · Linux", f"192.0.2.{number}")
        opened = sign_in(demo, attempt, MORNING)
        assert (opened.role_id is None) == (len(account.desks) > 1)
        desks = list_desks(demo, opened.staff_id)
        assert [(desk.kind, desk.side) for desk in desks] == [(desk.kind, desk.side) for desk in account.desks]
    assert len(USERNAMES) == 11


def test_the_drawn_area_lies_between_the_province_and_its_communes(demo: Session) -> None:
    drawn = demo.execute(select(Area).where(Area.kind == "drawn")).scalar_one()
    assert demo.execute(select(Area.code).where(Area.id == drawn.parent_id)).scalar_one() == "20"
    below = set(demo.execute(select(Area.code).where(Area.parent_id == drawn.id)).scalars())
    assert {"05977", "06193"} <= below
