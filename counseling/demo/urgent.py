"""What cannot wait in the demo: words of danger that nobody has taken on, somebody who rang, who is on duty.

The words came after the hours of the roster, so that the morning opens with them.
"""

from __future__ import annotations

from datetime import time, timedelta

from counseling.demo.accounts import CAO_LOC, DONG_KINH
from counseling.demo.book import Book
from counseling.demo.call_backs import ask_for_call
from counseling.demo.dice import Dice
from counseling.demo.inbox import leave_unread
from counseling.demo.replies import READ_AFTER
from counseling.demo.texts import Text
from counseling.demo.told import Reply, Told
from counseling.demo.waiting import EVENING, quiet_phone
from counseling.domain.audit_chain import site_chain
from counseling.domain.duty import EVERY_DAY
from counseling.models.duty import CrisisAlert, DutyShift
from counseling.services.crises import ACTOR
from counseling.services.inbound_answers import ANSWER_DIES_AFTER
from counseling.sms.spoken_times import day_of, hour_of
from counseling.sms.wording import text_of
from counseling.treatment_rows import SUPPORT, TREATMENT

WORDS = "Em met lam roi. Khong muon song nua"
MORNING, AFTERNOON = time(6), time(18)
# Side, place → who is called, the first one first, and their hours.
ROSTER = (
    (TREATMENT, DONG_KINH, "dispenser", 1, MORNING, AFTERNOON),
    (TREATMENT, CAO_LOC, "dispenser2", 1, MORNING, AFTERNOON),
    (TREATMENT, CAO_LOC, "nurse", 2, MORNING, AFTERNOON),
    (SUPPORT, DONG_KINH, "counselor", 1, MORNING, AFTERNOON),
    (SUPPORT, CAO_LOC, "nurse", 1, MORNING, AFTERNOON),
)


def leave(book: Book, told: Told) -> None:
    """After the days are told, and what waits in the evening."""
    frame = book.frame
    at = frame.at(frame.yesterday, EVENING + 101)
    phone = quiet_phone(book, told, SUPPORT, book.places.sites[DONG_KINH])
    if phone is not None and phone.line is not None:
        leave_unread(told, phone.line, WORDS, at, SUPPORT, phone.site_id, phone.patient_id)
        told.replies[-1].meaning = "crisis"
        since = f"{hour_of(MORNING)} {day_of(frame.today)}"
        answer = Text(phone, "crisis_shut", text_of("crisis_shut", since=since), at, at + ANSWER_DIES_AFTER)
        answer.sent_at = told.replies[-1].read_at + timedelta(seconds=1)
        answer.arrive(answer.sent_at)
        told.texts.sent.append(answer)
    phone = quiet_phone(book, told, TREATMENT, book.places.sites[CAO_LOC])
    if phone is not None and phone.line is not None:
        read_at = at + READ_AFTER
        where = (TREATMENT, phone.site_id, phone.patient_id)
        call = Reply(phone.line, "", at, read_at, "missed_call", *where, handled_at=read_at, kind="missed_call")
        told.replies.append(call)
        ask_for_call(book, told, phone, read_at, Dice("rang", frame.today), stays_open=True)


def write(book: Book, told: Told, dice: Dice) -> None:
    """Rows of the roster since the first day; and the alert."""
    since = book.frame.at(book.frame.first, 8 * 60)
    for side, place, name, position, starts_at, ends_at in ROSTER:
        site_id, staff_id = book.places.sites[place], book.staff[name]
        shift = {"site_id": site_id, "side": side, "staff_id": staff_id, "days": EVERY_DAY, "position": position}
        shift |= {"starts_at": starts_at, "ends_at": ends_at, "wait_minutes": 10, "set_by_id": staff_id}
        (shift_id,) = book.add(DutyShift, [shift | {"set_at": since, "request_key": dice.request_key()}])
        facts = {"shift": shift_id, "staff": staff_id}
        book.note(since, site_id, staff_id, "duty.shift_added", f"site:{site_id}", facts)
    for reply in told.replies:
        if reply.meaning == "crisis":
            _raise(book, reply, dice)


def _raise(book: Book, reply: Reply, dice: Dice) -> None:
    alert = {"ref": dice.ref(), "inbound_id": reply.id, "line_id": reply.line.id, "side": reply.side}
    alert |= {"site_id": reply.site_id, "raised_at": reply.read_at, "calls": 0, "next_call_at": reply.read_at}
    (alert_id,) = book.add(CrisisAlert, [alert])
    chain = site_chain(reply.site_id)
    book.chains.add(reply.read_at, chain, ACTOR, "crisis.raised", f"text:{reply.id}", {"alert": alert_id})
