"""A small province in which everybody's files carry marks of their own, and every desk has a browser open.

Each text of a file is a mark `zq<field><person>`; what a page shows can be traced to whose file it came from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import db, vault_of, writing
from counseling.domain.phone_entries import Said
from counseling.models.doses import DayDose
from counseling.models.help_numbers import HelpNumber
from counseling.models.orders import DoseOrder
from counseling.models.patients import Card, PhoneNumber, SupportFile, TreatmentFile
from counseling.models.people import Device
from counseling.models.phone_entries import PhoneToken, WaitingVisit
from counseling.models.places import Area, OutreachTeam, Site, SiteHoursException
from counseling.models.tasks import Task
from counseling.models.texts import InboundMessage
from counseling.models.window import DosePour, PatientHold
from counseling.queries.patients import TREATMENT_FILE
from counseling.refs import new_ref, new_request_key
from counseling.services.aftercare import open_aftercare
from counseling.services.appointments import book_appointment
from counseling.services.cards import issue_card
from counseling.services.counseling_sessions import SessionDetails, log_session
from counseling.services.holds import set_hold
from counseling.services.outreach_contacts import NewContact, log_contact
from counseling.services.patients import DosedElsewhereUntil, register_patient
from counseling.services.phone_lines import ensure_line
from counseling.services.phone_tokens import issue_token
from counseling.services.phones import add_phone
from counseling.services.register_imports import upload_register
from counseling.services.support_people import register_supported
from counseling.services.tasks import open_task
from counseling.services.treatment_files import By
from counseling.services.waiting_visits import keep_unlisted
from counseling.services.worker_beats import beat
from counseling.support_rows import SupportDetails, sealed_support_columns
from counseling.treatment_rows import (
    TreatmentDetails,
    open_card_code,
    open_treatment_file,
    stamp_of,
)
from tests.support.cast import AREA, CAO_LOC, DONG_KINH, FACILITY, TEAM, TEAM2, Cast, csrf_token, fill, sign_in
from tests.support.settings import MORNING
from tests.support.treatment import Person, dose, opened, ordered

YESTERDAY = MORNING - timedelta(days=1)
TODAY = MORNING.date()
# Headings that nothing is known of, so that the upload waits for somebody to match them.
SHEET = "Cột một;Cột hai;Cột ba\nA;B;C\nD;E;F\n".encode()
SESSION_COOKIE = "__Host-session"
# Desk → whose it is and which of their desks.
DESKS: dict[str, tuple[str, int]] = {
    "dispenser": ("dispenser", 0),
    "dispenser2": ("dispenser2", 0),
    "doctor": ("doctor", 0),
    "counselor": ("counselor", 0),
    "nurse": ("nurse", 0),
    "nurse/support": ("nurse", 1),
    "volunteer": ("volunteer", 0),
    "volunteer2": ("volunteer2", 0),
    "supervisor": ("supervisor", 0),
    "community": ("community", 0),
    "province": ("province", 0),
    "province/support": ("province", 1),
    "admin": ("admin", 0),
}


@dataclass
class File:
    """One file of one person: which side it is on, how it is addressed, and what may betray it."""

    name: str
    side: str
    patient_id: int
    ref: str
    site_id: int
    values: dict[str, Any] = field(default_factory=dict)  # what addresses and forms need
    marks: dict[str, str] = field(default_factory=dict)  # mark in lower case → which field it stands in


@dataclass
class World:
    files: dict[str, File]
    cookies: dict[str, str]
    tokens: dict[str, str]
    ids: dict[str, int]


def build(app: Flask) -> World:
    """Fill the migrated, empty database of `app`; the clock must stand at MORNING."""
    with app.app_context():
        engine = db.engine
    with Session(engine, expire_on_commit=False) as session:
        cast = fill(session, YESTERDAY)
        beat(session, MORNING)  # texts go out in this world, so somebody ticks
        ids = _add_far_places(session)
        files = _add_people(session, cast, ids)
        ids |= {f"{name} person": person for name, person in cast.staff.items()}
        ids |= {f"{name} role": roles[0] for name, roles in cast.roles.items()}
        ids |= {
            "area": AREA,
            "site": DONG_KINH,
            "team": TEAM,
            "other session": cast.sessions[cast.roles["volunteer2"][0]],
        }
        ids["exception"] = _add_exception(session)
        ids["device"] = _add_device(session, cast)
        ids["phone"] = _add_phone_token(session, cast)
        ids["help number"] = session.execute(select(HelpNumber.id).order_by(HelpNumber.id)).scalars().first() or 0
    world = World(files, {}, {}, ids)
    for desk, (username, number) in DESKS.items():
        client = app.test_client()
        sign_in(client, username, desk=number)
        world.tokens[desk] = csrf_token(client)
        cookie = client.get_cookie(SESSION_COOKIE)
        assert cookie is not None
        world.cookies[desk] = cookie.value
    return world


def client_at(app: Flask, world: World, desk: str) -> FlaskClient:
    """A browser in which somebody sits at this desk."""
    client = app.test_client()
    client.set_cookie(SESSION_COOKIE, world.cookies[desk], domain="localhost", secure=True, httponly=True)
    return client


def _add_far_places(session: Session) -> dict[str, int]:
    """A station of the province outside the supervisor's area, and one of another province."""
    with writing(session) as tx:
        ids: dict[str, int] = {}
        lang_son = tx.execute(select(Area.id).where(Area.code == "20")).scalar_one()
        cao_bang = tx.execute(
            insert(Area).values(code="04", kind="province", name="Tỉnh Cao Bằng").returning(Area.id)
        ).scalar_one()
        for key, parent, name in (("huu_lung", lang_son, "Hữu Lũng"), ("cao_bang", cao_bang, "Thục Phán")):
            area = insert(Area).values(code=f"A-{key}", kind="commune", name=f"Xã {name}", parent_id=parent)
            area_id = tx.execute(area.returning(Area.id)).scalar_one()
            site = insert(Site).values(
                code=f"S-{key}", name=f"Trạm {name}", area_id=area_id, treats=True, dispenses=True, counsels=True
            )
            ids[key] = tx.execute(site.returning(Site.id)).scalar_one()
            team = insert(OutreachTeam).values(code=f"D-{key}", name=f"Đội {name}", area_id=area_id, site_id=ids[key])
            ids[f"{key} team"] = tx.execute(team.returning(OutreachTeam.id)).scalar_one()
    return ids


def _add_people(session: Session, cast: Cast, ids: dict[str, int]) -> dict[str, File]:
    stations = {
        "dong_kinh": (DONG_KINH, FACILITY),
        "cao_loc": (CAO_LOC, FACILITY),
        "both": (CAO_LOC, FACILITY),
        "huu_lung": (ids["huu_lung"],) * 2,
        "cao_bang": (ids["cao_bang"],) * 2,
    }
    for station in {station for station, _ in stations.values()}:
        opened(session, cast, YESTERDAY.date(), station, YESTERDAY)
        opened(session, cast, TODAY, station, MORNING)
    files = {
        name: _treated(session, cast, name, number, *where) for number, (name, where) in enumerate(stations.items())
    }
    _hand_in_registers(session, cast, files)
    # "mau_son" is the very person "both" of the treatment side; "cong_son" is "cao_loc".
    points: dict[str, tuple[int, int | None, int | None]] = {
        "mau_son": (DONG_KINH, TEAM, files["both"].patient_id),
        "cong_son": (CAO_LOC, TEAM2, files["cao_loc"].patient_id),
        "cao_loc_point": (CAO_LOC, None, None),
        "huu_lung_point": (ids["huu_lung"], ids["huu_lung team"], None),
        "cao_bang_point": (ids["cao_bang"], ids["cao_bang team"], None),
    }
    files |= {name: _supported(session, cast, name, *where) for name, where in points.items()}
    _log_a_contact(session, cast, files["mau_son"])
    _leave_a_visit(session, cast, files["mau_son"])
    for number, name in enumerate(points):
        _add_a_number(session, cast, files[name], number)
    for number, file in enumerate(files.values()):
        _text_in(session, file, number)
    return files


def _text_in(session: Session, file: File, number: int) -> None:
    """Each has texted something once, from a number that no page shows whole.

    The mark has an end of its own: "cao_loc" is the beginning of "cao_loc_point", and both are of one side here.
    """
    digits, words, ref = f"96123456{number}", f"{mark('text', file.name)}Qz", new_ref()
    with writing(session) as tx:
        row = {
            "ref": ref, "event_key": ref, "gateway": "simulator", "side": file.side, "site_id": file.site_id,
            "line_id": ensure_line(tx, vault_of(tx), f"+84{digits}"), "patient_id": file.patient_id,
            "body": vault_of(tx).seal("inbound_messages.body", ref, words), "meaning": "other",
            "received_at": YESTERDAY, "read_at": YESTERDAY,
        }  # fmt: skip
        tx.execute(insert(InboundMessage).values(**row))
    file.values["text"] = ref
    file.marks |= {words.lower(): "text", digits: "line"}


def _add_a_number(session: Session, cast: Cast, file: File, number: int) -> None:
    """The point's own number of somebody, other than the station's of the same person."""
    digits = f"97123456{number}"
    add_phone(
        session, file.patient_id, f"+84{digits}", by=By(cast.staff["counselor"], "test"), now=MORNING, side="support"
    )
    own = PhoneNumber.patient_id == file.patient_id, PhoneNumber.side == "support"
    file.values["phone"] = session.execute(select(PhoneNumber.ref).where(*own)).scalar_one()
    file.marks[digits] = "number"


def _log_a_contact(session: Session, cast: Cast, file: File) -> None:
    """The volunteer has met somebody yesterday and wrote a few words that only they and the point read."""
    words = mark("note", file.name)
    contact = NewContact(kind="home", outcome="met_well", note=words)
    when = {"today": YESTERDAY.date(), "now": YESTERDAY}
    who = cast.viewer_of("volunteer")
    file.values["contact"] = log_contact(session, who, file.ref, contact, request_key=new_request_key(), **when)
    file.marks[words.lower()] = "note"


def _leave_a_visit(session: Session, cast: Cast, file: File) -> None:
    """The volunteer has also met somebody who is on no list: the point is to find out who that is."""
    words = mark("said", file.name)
    said, who = Said(outcome="met_well", said=words), cast.viewer_of("volunteer")
    when = {"today": YESTERDAY.date(), "now": YESTERDAY}
    keep_unlisted(session, who, said, request_key=new_request_key(), **when)
    file.values["unmatched"] = session.execute(select(WaitingVisit.ref)).scalar_one()
    file.marks[words.lower()] = "said"


def _add_phone_token(session: Session, cast: Cast) -> int:
    issue_token(session, cast.viewer_of("volunteer"), YESTERDAY)
    return session.execute(select(PhoneToken.id)).scalar_one()


def _hand_in_registers(session: Session, cast: Cast, files: dict[str, File]) -> None:
    """One unfinished import at each station: a station has no more than one."""
    by, refs = By(cast.staff["dispenser"], "test"), {}
    for station in {file.site_id for file in files.values()}:
        key = new_request_key()
        refs[station] = upload_register(session, station, SHEET, "so.csv", by=by, request_key=key, now=YESTERDAY).ref
    for file in files.values():
        file.values["upload"] = refs[file.site_id]


def mark(what: str, name: str) -> str:
    """Letters only, since names hold no digits: "Zqnamedongkinh"."""
    return f"Zq{what}{name.replace('_', '')}"


def _treated(session: Session, cast: Cast, name: str, number: int, station: int, facility: int) -> File:
    phone, identity, mg_tenths = f"+8491234560{number}", f"02009000000{number}", 415 + 10 * number
    texts = {what: mark(what, name) for what in ("name", "alias", "address", "notes", "national", "code")}
    details = TreatmentDetails(
        station_id=station,
        facility_id=facility,
        register_code=texts["code"],
        full_name=f"Lý {texts['name']}",
        birth_year=1961 + number,
        status_since=YESTERDAY.date(),
        national_code=texts["national"],
        identity_number=identity,
        phone=phone,
        address=texts["address"],
        alias=texts["alias"],
        notes=texts["notes"],
        hiv_status="positive",
    )
    by = By(cast.staff["dispenser"], "test")
    ref = register_patient(
        session,
        details,
        by=by,
        request_key=new_request_key(),
        today=YESTERDAY.date(),
        now=YESTERDAY,
        elsewhere=DosedElsewhereUntil(YESTERDAY.date() - timedelta(days=1), "sổ cũ"),
        confirmed_duplicates=True,
    )
    patient_id = session.execute(select(TreatmentFile.patient_id).where(TreatmentFile.ref == ref)).scalar_one()
    person = Person(patient_id, ref)
    issue_card(session, patient_id, by=by, request_key=new_request_key(), now=YESTERDAY)
    order_id = ordered(
        session, cast, person, mg_tenths, starts_on=YESTERDAY.date(), now=YESTERDAY, station=station,
        ends_on=TODAY + timedelta(days=20),
    )  # fmt: skip
    dose(session, cast, person, order_id, day=YESTERDAY.date(), now=YESTERDAY, station=station)
    with writing(session) as tx:
        open_task(
            tx, side="treatment", kind="order_review", patient_id=patient_id, site_id=station, due_on=TODAY,
            dedupe_key=f"order_review:{patient_id}:{TODAY}", opened_by_id=None, at=YESTERDAY,
        )  # fmt: skip
    texts["alert"] = mark("alert", name)
    key = new_request_key()
    set_hold(session, patient_id, "alert", texts["alert"], by_doctor=False, by=by, request_key=key, now=YESTERDAY)
    file = File(name, "treatment", patient_id, ref, station)
    _note_values(session, file, order_id, mg_tenths)
    file.values |= _with_a_cup(session, cast, file)
    words = {text.lower(): what for what, text in texts.items()}
    numbers = {phone[3:]: "phone", identity: "identity", f"{mg_tenths // 10},{mg_tenths % 10}mg": "dose"}
    file.marks = words | numbers | {file.values["card_code"].lower().rpartition(":")[2]: "card", ref: "ref"}
    return file


def _with_a_cup(session: Session, cast: Cast, file: File) -> dict[str, Any]:
    """Today's dose stands poured, and an alert beside it."""
    cup = {
        "patient_id": file.patient_id, "site_id": file.site_id, "dose_on": TODAY, "order_id": file.values["order_id"],
        "part": 1, "mg_tenths": file.values["mg_tenths"], "poured_by_id": cast.staff["dispenser"],
        "poured_at": MORNING, "request_key": new_request_key(),
    }  # fmt: skip
    with writing(session) as tx:
        pour_id = tx.execute(insert(DosePour).values(**cup).returning(DosePour.id)).scalar_one()
    hold = session.execute(select(PatientHold.ref).where(PatientHold.patient_id == file.patient_id)).scalar_one()
    session.rollback()
    return {"pour_id": pour_id, "hold": hold}


def _note_values(session: Session, file: File, order_id: int, mg_tenths: int) -> None:
    vault = vault_of(session)
    card = session.execute(select(Card.ref, Card.code).where(Card.patient_id == file.patient_id)).one()
    phone = select(PhoneNumber.ref).where(PhoneNumber.patient_id == file.patient_id)
    row = session.execute(TREATMENT_FILE.where(TreatmentFile.ref == file.ref)).one()
    file.values = {
        "ref": file.ref,
        "card": card.ref,
        "card_code": open_card_code(vault, card.ref, card.code),
        "phone": session.execute(phone).scalar_one(),
        "task_id": session.execute(select(Task.id).where(Task.patient_id == file.patient_id)).scalar_one(),
        "order_id": order_id,
        "latest_order": session.execute(select(DoseOrder.id).where(DoseOrder.patient_id == file.patient_id)).scalar(),
        "mg_tenths": mg_tenths,
        "dose_id": session.execute(select(DayDose.id).where(DayDose.patient_id == file.patient_id)).scalar_one(),
        "stamp": stamp_of(vault, open_treatment_file(vault, row)),
    }
    session.rollback()


def _supported(
    session: Session, cast: Cast, name: str, site_id: int, team_id: int | None, patient_id: int | None
) -> File:
    texts = {what: mark(what, name) for what in ("community", "hamlet", "wish")}
    details = SupportDetails(
        site_id=site_id,
        team_id=team_id,
        community_name=texts["community"],
        hamlet=texts["hamlet"],
        notes=texts["wish"],
        status_since=TODAY,
    )
    if patient_id is None:
        by = By(cast.staff["counselor"], "test")
        ref = register_supported(session, details, by=by, request_key=new_request_key(), now=MORNING)
        row = select(SupportFile.patient_id).where(SupportFile.ref == ref)
        patient_id = session.execute(row).scalar_one()
    else:
        ref = _second_file(session, cast, details, patient_id, MORNING)
    texts["agreed"] = mark("agreed", name)
    appointment = _counseled(session, cast, patient_id, site_id, texts["agreed"])
    marks = {text.lower(): what for what, text in texts.items()} | {ref: "ref", appointment: "appointment"}
    return File(name, "support", patient_id, ref, site_id, {"ref": ref, "appointment": appointment}, marks)


def _counseled(session: Session, cast: Cast, patient_id: int, site_id: int, agreed: str) -> str:
    """What the point's own book says of somebody: a session and what was agreed, the next appointment, aftercare."""
    by, days = By(cast.staff["counselor"], "test"), timedelta(days=3)
    held = SessionDetails(kind="adherence", form="one_to_one", minutes=30, held_on=TODAY, agreed=agreed)
    where: dict[str, Any] = {"patient_id": patient_id, "site_id": site_id, "by": by, "now": MORNING}
    log_session(session, held, **where, request_key=new_request_key(), today=TODAY, zone=VIETNAM)
    open_aftercare(
        session, **where, supporter_id=None, rhythm="weekly", first_on=TODAY + days, request_key=new_request_key(),
        today=TODAY,
    )  # fmt: skip
    return book_appointment(
        session, **where, starts_at=MORNING + days, outside_hours=True, request_key=new_request_key(), zone=VIETNAM
    )


def _second_file(session: Session, cast: Cast, details: SupportDetails, patient_id: int, now: datetime) -> str:
    """No service joins the two sides; somebody in both is made here by hand."""
    ref = new_ref()
    columns = sealed_support_columns(vault_of(session), ref, details)
    with writing(session) as tx:
        values = {"registered_at": now, "registered_by_id": cast.staff["counselor"], "request_key": new_request_key()}
        tx.execute(insert(SupportFile).values(patient_id=patient_id, ref=ref, **columns, **values))
    return ref


def _add_device(session: Session, cast: Cast) -> int:
    """A device of the station Đông Kinh that nobody of this world sits at."""
    enrolled = {"site_id": DONG_KINH, "enrolled_at": YESTERDAY, "enrolled_by_id": cast.staff["dispenser"]}
    row = insert(Device).values(token_hash=b"d" * 32, label="Chrome · Windows", first_seen_at=YESTERDAY, **enrolled)
    with writing(session) as tx:
        return tx.execute(row.returning(Device.id)).scalar_one()


def _add_exception(session: Session) -> int:
    with writing(session) as tx:
        row = insert(SiteHoursException).values(site_id=DONG_KINH, on_date=date(2026, 12, 24), reason="họp")
        return tx.execute(row.returning(SiteHoursException.id)).scalar_one()
