"""A new practice: an empty file becomes a small station with its people, in one transaction."""

from __future__ import annotations

from datetime import datetime, time
from functools import cache
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, insert
from sqlalchemy.orm import Session

from counseling.clock import station_day
from counseling.database import vault_of, writing
from counseling.demo.accounts import DONG_KINH
from counseling.demo.book import Book
from counseling.demo.chains import Chains
from counseling.demo.desk_rows import Places
from counseling.demo.dice import Dice
from counseling.demo.ledger_rows import add_ledger
from counseling.demo.patient_rows import HOMES, add_patients
from counseling.demo.plan import Frame
from counseling.domain.card_codes import new_card_code
from counseling.models import Base, guards
from counseling.models.patients import Card
from counseling.models.people import Device, Staff, StaffRole
from counseling.models.places import Area, Site, SiteHours
from counseling.models.window import PatientHold
from counseling.practice.people import CAST, DAYS, plan
from counseling.queries.viewers import hash_token
from counseling.services.defaults import ship_defaults
from counseling.services.passwords import hash_password
from counseling.treatment_rows import TREATMENT, token_kind

DISPENSER, COLLEAGUE, DOCTOR = "dispenser", "colleague", "doctor"
# What a doctor's order and a second signature ask for. Shown on the pages of the practice: it opens invented rows only.
PASSWORD = "ngay-tap"  # noqa: S105 - not a secret, see above
# Codes that anybody can foretell, for typing in: no real card begins so, theirs are drawn by chance.
GOOD_CARD, REVOKED_CARD = new_card_code(lambda count: bytes(range(count))), new_card_code(bytes)
FACILITY = "TAP-CSDT"
NAMES = {DISPENSER: "Người phát (tập)", COLLEAGUE: "Người phát thứ hai (tập)", DOCTOR: "Bác sĩ (tập)"}
# Words of an invented doctor: rows, not sentences of the program, so in one language.
HOLD = "Chờ kết quả điện tim. Gọi bác sĩ trước khi cho uống."
ALERT = "Mới bắt đầu uống thuốc lao: hỏi xem có đau bụng, vàng mắt không."


def build(engine: Engine) -> None:
    """All tables and guards, as the migrations leave them."""
    with engine.execution_options(writes=True).begin() as connection:
        Base.metadata.create_all(connection)
        guards.restore(connection)


def fill(session: Session, *, now: datetime, zone: ZoneInfo, locale: str) -> None:
    """Everything that stands there when a practice day begins; the day itself is for the learner to open."""
    frame = Frame(station_day(now, zone), now, zone, DAYS)
    planned, password_hash = plan(frame), _password_hash()
    ship_defaults(session, is_demo=False, now=frame.at(frame.first, 0))
    with writing(session) as tx:
        places = _add_places(tx)
        staff = _add_accounts(tx, places, password_hash, locale, frame.at(frame.first, 0))
        book = Book(tx, vault_of(tx), frame, Chains(), places, staff)
        ids = add_patients(book, planned)
        add_ledger(book, ids, planned, opens_today=False)
        _add_holds(book, ids)
        _add_cards(book, ids)
        book.chains.write(tx)


@cache
def _password_hash() -> str:
    return hash_password(PASSWORD)


def _add_places(tx: Session) -> Places:
    codes = HOMES[DONG_KINH]
    areas = {}
    for number, code in enumerate(codes, start=1):
        values = {"code": code, "kind": "ward", "name": f"Phường Tập {number}"}
        areas[code] = tx.execute(insert(Area).values(values).returning(Area.id)).scalar_one()
    home = areas[codes[0]]
    facility = {"code": FACILITY, "name": "Cơ sở điều trị (ngày tập)", "area_id": home, "treats": True}
    facility_id = tx.execute(insert(Site).values(facility).returning(Site.id)).scalar_one()
    station = {"code": DONG_KINH, "name": "Điểm cấp phát (ngày tập)", "area_id": home, "dispenses": True}
    station_id = tx.execute(insert(Site).values(**station, treated_by_id=facility_id).returning(Site.id)).scalar_one()
    # Open day and night: somebody practises when there is time for it.
    hours = [
        {"site_id": station_id, "weekday": day, "opens_at": time(0), "closes_at": time(23, 59)} for day in range(7)
    ]
    tx.execute(insert(SiteHours), hours)
    kinds = dict.fromkeys(codes, "ward")
    return Places(areas, kinds, {DONG_KINH: station_id}, {DONG_KINH: facility_id}, {})


def _add_accounts(tx: Session, places: Places, password_hash: str, locale: str, at: datetime) -> dict[str, int]:
    staff = {}
    for username, name in NAMES.items():
        person = {"username": username, "display_name": name, "locale": locale, "created_at": at}
        row = insert(Staff).values(**person, password_hash=password_hash)
        staff[username] = tx.execute(row.returning(Staff.id)).scalar_one()
        is_doctor = username == DOCTOR
        role = {
            "kind": "doctor" if is_doctor else "dispenser",
            "side": "treatment",
            "site_id": (places.facilities if is_doctor else places.sites)[DONG_KINH],
        }
        tx.execute(insert(StaffRole).values(**role, staff_id=staff[username], given_at=at))
    tx.execute(insert(Device).values(token_hash=hash_token("practice"), label="–", first_seen_at=at))
    return staff


def _add_holds(book: Book, ids: list[int]) -> None:
    at = book.frame.at(book.frame.yesterday, 16 * 60)
    for kind, words in (("hold", HOLD), ("alert", ALERT)):
        dice, patient_id = Dice("practice", kind, book.frame.today), ids[_number_of(kind)]
        ref, by = dice.ref(), book.staff[DOCTOR if kind == "hold" else DISPENSER]
        row = {
            "ref": ref,
            "patient_id": patient_id,
            "kind": kind,
            "words": book.vault.seal("patient_holds.words", ref, words),
            "by_doctor": kind == "hold",
            "set_by_id": by,
            "set_at": at,
            "request_key": dice.request_key(),
        }
        (hold_id,) = book.add(PatientHold, [row])
        site_id, facts = book.places.sites[DONG_KINH], {"hold": hold_id}
        book.note(at, site_id, by, f"{kind}.set", f"patient:{patient_id}", facts)


def _add_cards(book: Book, ids: list[int]) -> None:
    """One that opens a person, and one that was reported lost: typing it shows what the window says then."""
    issued_at, revoked_at = book.frame.at(book.frame.first, 9 * 60), book.frame.at(book.frame.yesterday, 9 * 60)
    by = book.staff[DISPENSER]
    for story, code in (("ordinary", GOOD_CARD), ("revoked_card", REVOKED_CARD)):
        ref, is_revoked = Dice("practice card", story, book.frame.today).ref(), code == REVOKED_CARD
        row = {
            "ref": ref,
            "patient_id": ids[_number_of(story)],
            "code": book.vault.seal("cards.code", ref, code),
            "token": book.vault.token(token_kind(TREATMENT, "card"), code),
            "key_id": book.vault.newest_id,
            "issued_at": issued_at,
            "issued_by_id": by,
            "revoked_at": revoked_at if is_revoked else None,
            "revoked_by_id": by if is_revoked else None,
            "revoke_reason": "lost" if is_revoked else None,
        }
        book.put(Card, [row])


def _number_of(story: str) -> int:
    return next(number for number, one in enumerate(CAST) if one.story == story)
