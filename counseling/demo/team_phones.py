"""What volunteers' phones brought: how long visits took, two that wait to be matched, one phone without a signal."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from counseling.demo.book import Book
from counseling.demo.dice import Dice
from counseling.domain.contacts import WITHDRAWN
from counseling.domain.phone_entries import TOKEN_LASTS, Said
from counseling.models.contacts import OutreachContact
from counseling.models.people import Device, StaffRole
from counseling.models.phone_entries import ContactDetails, PhoneToken, WaitingVisit
from counseling.models.places import OutreachTeam

VOLUNTEER = "volunteer"
# Who was met, and how many days ago: known to the neighbours, on no list yet.
STRANGERS = (
    (Said(outcome="met_well", said="chú Sáu giữ xe, thôn Khuổi Tẳng", topics=("work",), agreed="mai ghé uỷ ban"), 1),
    (Said(outcome="met_needs_help", said="chị Thắm, em gái anh Quân", needs=("papers",), place="family"), 2),
)
WAITS_ON_THE_PHONE, SINCE_DAYS = 3, 4


def add_team_phones(book: Book, seed: int) -> None:
    dice = Dice("phones", seed, book.frame.today)
    _add_details(book, dice)
    row = (
        select(StaffRole.id, StaffRole.staff_id, StaffRole.team_id, OutreachTeam.site_id)
        .join(OutreachTeam, OutreachTeam.id == StaffRole.team_id)
        .where(StaffRole.staff_id == book.staff[VOLUNTEER])
    )
    role = book.tx.execute(row).first()
    if role is None:
        return
    for said, days in STRANGERS:
        at, ref = book.frame.at(book.frame.day(-days), 16 * 60 + dice.between(0, 60)), dice.ref()
        visit = {"site_id": role.site_id, "team_id": role.team_id, "role_id": role.id, "code": "not_on_list"}
        sealed = book.vault.seal("waiting_visits.said", ref, said.as_text())
        times = {"visited_on": at.astimezone(book.frame.zone).date(), "happened_at": at, "came_at": at}
        own = {"ref": ref, "request_key": dice.request_key(), "state": "waiting", "danger": ""}
        (waiting,) = book.add(WaitingVisit, [{**own, **visit, **times, "said": sealed}])
        subject, facts = f"waiting_visit:{waiting}", {"code": "not_on_list", "entry": None}
        book.note(at, role.site_id, role.staff_id, "visit.waits", subject, facts)
    _add_phone(book, dice, role.id, role.staff_id)


def _add_details(book: Book, dice: Dice) -> None:
    """Half an hour to a person's home, a quarter on the phone; the way where somebody went."""
    query = select(OutreachContact.id, OutreachContact.kind, OutreachContact.outcome, OutreachContact.recorded_at)
    rows = []
    for contact in book.tx.execute(query.order_by(OutreachContact.id)).all():
        at_home = contact.kind == "home" and contact.outcome != WITHDRAWN
        minutes = dice.one_of((15, 30, 30, 60)) if at_home else 15
        km = dice.between(1, 9) if at_home else None
        plain = {"needs": "", "danger": "", "minutes": minutes, "km": km, "said_at": contact.recorded_at}
        rows.append({"contact_id": contact.id, **plain})
    book.put(ContactDetails, rows)


def _add_phone(book: Book, dice: Dice, role_id: int, staff_id: int) -> None:
    since = book.frame.at(book.frame.day(-SINCE_DAYS), 9 * 60)
    issued = since - timedelta(days=10)
    device = {"token_hash": dice.random_bytes(32), "label": "Chrome · Android", "first_seen_at": issued}
    (device_id,) = book.add(Device, [device])
    token = {"token_hash": dice.random_bytes(32), "staff_id": staff_id, "role_id": role_id, "device_id": device_id}
    told = {"heard_at": since + timedelta(hours=1), "waiting": WAITS_ON_THE_PHONE, "waiting_since": since}
    times = {"issued_at": issued, "expires_at": issued + TOKEN_LASTS, "skew_seconds": 0, "counted": 0}
    book.put(PhoneToken, [{**token, **told, **times}])
