"""A week of texts through the real adapter of SMS Gate, a phone that keeps to its protocol, and everything that breaks.

The phone answers over HTTP with errors before and after it has kept a text, is cut off, cannot be found, has its
password changed, sleeps for two days and comes back with everything at once, and in the evenings it takes texts that it
has no signal to send; we are away ourselves for a while, and our clock jumps. People leave, die and write NGUNG. What
the phone provably has not goes through a second gateway, which knows no references and breaks as well.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from chaos.gateway_judge import judge
from chaos.gateway_people import Leaving, people_of
from counseling import clock, create_app
from counseling.config import VIETNAM
from counseling.database import db, writing
from counseling.domain.channels import TextKind
from counseling.domain.message_states import FailureReason
from counseling.models.channels import SmsChannel, SmsRoute
from counseling.models.patients import PhoneNumber
from counseling.queries.first_texts import FIRST
from counseling.routes import viewing
from counseling.services.inbound import read_inbound
from counseling.services.sending import send_due
from counseling.services.sweeping import sweep
from counseling.sms import web_calls
from counseling.sms.gateway import Abilities, AttemptedText, SmsOutcomeUnknown, SmsRejected, TextToSend
from counseling.sms.gateways import Gateways
from counseling.sms.smsgate import SmsGate
from tests.support.cast import Cast, fill
from tests.support.databases import migrate
from tests.support.fake_phone import AFTER, BEFORE, FakePhone, Fault, Report, running_phone
from tests.support.gateways import with_gateways
from tests.support.outbox import queued
from tests.support.reminding import at, reach
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, somebody

PEOPLE = 45
RANG = 3  # every third of them has confirmed their number by ringing: they get the text that says how to stop
FIRST_TEXTS = 0.15  # so many of all texts are that one
GOOD_FOR_A_DAY = timedelta(hours=24)  # that one, over the night; the others die at eight
BEFORE_DAWN = at(4, 30)  # before anybody may be texted
STEP, AT_NIGHT = timedelta(minutes=30), timedelta(hours=2)
WAITS_SECONDS = 0.15  # for an answer; a text that hangs longer is one that never answers
HANGS = 0.3
JUMPS = 0.02  # of the half hours after which the clock jumps and comes back
JUMP_SIZES = [timedelta(seconds=1), timedelta(hours=1), timedelta(hours=13), timedelta(days=1)]
NOWHERE = ("http://127.0.0.1:9", "http://no-such-host.invalid")
# Of 100 requests so many end in each of these; the others are answered as they should be.
FAULTS = {
    Fault(BEFORE, 429): 3,
    Fault(BEFORE, 503): 2,
    Fault(BEFORE, 500): 2,
    Fault(AFTER, 500): 3,
    Fault(BEFORE, None): 2,
    Fault(AFTER, None): 3,
    Fault(BEFORE, 200, b"<html>Welcome to our hotel</html>"): 1,
    Fault(AFTER, 202, hang_seconds=HANGS): 1,
}


class Abroad:
    """The second gateway: takes what it is handed, as often as it is handed it, and cannot be asked."""

    name = "abroad"
    abilities = Abilities(two_way=False, receipts=False, repeat_safe=False, unicode=True, segments_per_minute=600)

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.now = MORNING
        self.taken: list[tuple[str, datetime]] = []

    def send(self, message: TextToSend) -> None:
        luck = self.dice.random()
        if luck < 0.05:
            raise SmsRejected(FailureReason.TEMPORARY, permanent=False)
        if luck > 0.97:
            raise SmsOutcomeUnknown
        self.taken.append((message.ref, self.now))
        if luck > 0.94:
            raise SmsOutcomeUnknown

    def resolve_unknown(self, message: AttemptedText) -> bool | None:
        return None


@dataclass
class Weather:
    """When what is out of order, in this week."""

    phone_away: tuple[datetime, datetime]
    nowhere: str
    password_changed: tuple[datetime, datetime]
    we_away: tuple[datetime, datetime]
    no_signal: list[tuple[datetime, datetime]]


@dataclass
class Week:
    """One world of so many texts, from Sunday to Sunday."""

    app: Flask
    session: Session
    phone: FakePhone
    abroad: Abroad
    dice: random.Random
    weather: Weather
    days: int
    leaving: Leaving
    now: datetime = BEFORE_DAWN
    met: Counter[str] = field(default_factory=Counter)
    bad: list[Fault | None] = field(default_factory=list)
    is_mute: bool = False  # the phone can be reached and takes texts, and has no signal to send them

    def live(self) -> None:
        """Tick until a day after the last text has died."""
        while self.now < at(6) + timedelta(days=self.days + 2):
            self.now += AT_NIGHT if self.now.astimezone(VIETNAM).hour in (21, 23, 1) else STEP
            self.abroad.now = self.now
            clock.start_at(self.now)
            self.is_mute = any(_within(self.now, span) for span in self.weather.no_signal)
            if not _within(self.now, self.weather.we_away):
                self._tick()
            self._what_the_phone_does()
            is_last_day = self.now >= at(6) + timedelta(days=self.days)  # what comes of it would not be seen any more
            how = None if is_last_day else self.leaving.happen(self.session, self.phone, self.now)
            self.met.update([f"somebody {how}"] if how else [])
            is_silent = self.is_mute or _within(self.now, self.weather.phone_away)
            if self.dice.random() < JUMPS and not is_last_day and not is_silent:
                self._jump()

    def _jump(self) -> None:
        """All that we believe of day and hour is wrong for a moment, and the phone's clock goes with ours."""
        before, self.now = self.now, self.now + self.dice.choice([1, -1]) * self.dice.choice(JUMP_SIZES)
        if not _within(self.now, self.weather.phone_away):
            self.abroad.now = self.now
            clock.start_at(self.now)
            self._tick()
            self._what_the_phone_does()
            self.met["the clock jumped"] += 1
        self.now = before

    def _tick(self) -> None:
        gateways = Gateways({"smsgate": self._adapter(), "abroad": self.abroad}, "smsgate")
        send_due(self.session, gateways, self.now, VIETNAM)
        sweep(self.session, gateways, self.now, VIETNAM)
        read_inbound(self.session, self.now, VIETNAM, self.dice)
        self.leaving.note_stopped(self.session)
        self.met.update(_name(fault) for fault in self.bad[: len(self.bad) - len(self.phone.faults)] if fault)
        if self.now.minute == 0:  # an administrator comes by and starts what stands
            started = {"stopped_at": None, "stopped_why": None}
            with writing(self.session) as tx:
                tx.execute(update(SmsChannel).values(**started))

    def _adapter(self) -> SmsGate:
        account = self.phone.account
        if _within(self.now, self.weather.phone_away):
            account = replace(account, url=self.weather.nowhere)
            self.met["while it could not be reached"] += 1
        changed = _within(self.now, self.weather.password_changed)
        self.phone.password = "another password" if changed else "phone-password"
        self.bad = self.dice.choices([*FAULTS, None], [*FAULTS.values(), 100 - sum(FAULTS.values())], k=30)
        self.phone.faults[:] = self.bad
        return SmsGate(account, "here", lambda: self.now)

    def _what_the_phone_does(self) -> None:
        if _within(self.now, self.weather.phone_away):
            return
        failing = "RESULT_ERROR_NO_SERVICE" if self.dice.random() < 0.05 else None
        if self.is_mute:
            self.met["while the phone had no signal"] += 1
        else:
            self.phone.deliver(failing=failing)
        self.dice.shuffle(self.phone.reports)
        if not _within(self.now, self.weather.we_away):
            client = self.app.test_client()
            self.phone.report(lambda report, headers: _post(client, report, headers))
            for report in self.phone.reports:
                report.delivered = self.dice.random() > 0.1  # our answer was lost on its way to the phone
        if len(self.phone.reports) > 60:
            self.phone.reports = [report for report in self.phone.reports if not report.delivered]


def _post(client: object, report: Report, headers: dict[str, str]) -> int:
    return client.post("/sms/smsgate", data=report.body, headers=headers).status_code  # type: ignore[attr-defined]


def _within(now: datetime, span: tuple[datetime, datetime]) -> bool:
    return span[0] <= now < span[1]


def _name(fault: Fault) -> str:
    how = "hung" if fault.hang_seconds else "cut off" if fault.status is None else str(fault.status)
    return f"{how} {fault.when} it was kept"


def live_a_week(
    folder: Path, template: Path, texts: int, seed: str, days: int = 7
) -> tuple[dict[str, list[str]], Counter[str]]:
    """One week, or a few days, in a folder of its own: the texts that broke each promise, and what all met."""
    dice = random.Random(seed)
    with _opened(folder, template) as (app, session), running_phone(lambda: MORNING) as phone:
        leaving = Leaving(dice, people_of(session))
        week = Week(app, session, phone, Abroad(dice), dice, _weather(dice, days), days, leaving)
        phone.now = lambda: week.now
        phone.order = "FIFO"
        phone.webhooks = dict.fromkeys(("sms:received", "sms:sent", "sms:delivered", "sms:failed"), "here")
        _plan(session, dice, texts, days)
        before, web_calls.ANSWER_SECONDS = web_calls.ANSWER_SECONDS, WAITS_SECONDS
        try:
            week.live()
        finally:
            web_calls.ANSWER_SECONDS = before
            clock.start_at(None)
        broken = judge(session, phone, week.abroad.taken, leaving.tried)
    return broken, week.met


def _weather(dice: random.Random, days: int) -> Weather:
    def span(hours: float) -> tuple[datetime, datetime]:
        begins = at(7) + timedelta(hours=dice.uniform(0, 24 * (days - 1)))
        return begins, begins + timedelta(hours=hours)

    longest = 48 if days > 2 else 3  # of a single day something must be left
    we_away = span(min(dice.choice([1, 12, 48]), longest))
    return Weather(span(longest), dice.choice(NOWHERE), span(6), we_away, [_evening(dice, day) for day in range(days)])


def _evening(dice: random.Random, day: int) -> tuple[datetime, datetime]:
    """From before eight, when texts are still handed over, until after it."""
    of_day = TODAY + timedelta(days=day)
    return at(18, dice.randrange(60), of_day), at(dice.choice([21, 22, 23]), dice.randrange(60), of_day)


def _plan(session: Session, dice: random.Random, texts: int, days: int) -> None:
    """Texts of people who agreed to them, some meant for the night, and more for a few than a day may hold.

    A part of them says how to stop, to whoever rang: in truth once, or as often as it is lost. Most of these go in the
    evening, because they outlive the night.
    """
    people = session.execute(select(PhoneNumber.patient_id, PhoneNumber.line_id, PhoneNumber.compared_at)).all()
    rang = [person for person in people if person.compared_at is None]
    for number in range(texts):
        day = TODAY + timedelta(days=number % days)
        is_first = dice.random() < FIRST_TEXTS
        hour = dice.choice([7, 18, 19, 19, 20] if is_first else [5, 6, 6, 7, 7, 8, 9, 10, 12, 14, 16, 18, 19, 19])
        goes = at(hour, dice.randrange(60), day)
        whose = dice.choice(rang) if is_first else people[min(int(dice.expovariate(0.08)), len(people) - 1)]
        queued(
            session, whose.line_id, patient_id=whose.patient_id, wording=FIRST if is_first else "check_in",
            now=at(4, 0, day), send_after=goes, expires_at=goes + GOOD_FOR_A_DAY if is_first else at(20, 0, day),
        )  # fmt: skip


def fill_template(path: Path) -> int:
    """The people of every week, on an encrypted file."""
    with _opened(path.parent / "template-instance", path, fresh=True) as (_, session):
        cast: Cast = fill(session)
        lines = [reach(session, cast, somebody(session, cast).id) for _ in range(PEOPLE)]
        with writing(session) as tx:
            rang = PhoneNumber.line_id.in_(lines[::RANG])
            tx.execute(update(PhoneNumber).where(rang).values(compared_at=None))
            tx.execute(
                insert(SmsRoute), [{"kind": k.value, "gateway": "smsgate", "fallback": "abroad"} for k in TextKind]
            )
    return 0


@contextmanager
def _opened(folder: Path, path: Path, *, fresh: bool = False) -> Iterator[tuple[Flask, Session]]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = path if fresh else folder / "diem-tua.db"
    if fresh:
        migrate(f"sqlite:///{path}", folder)
    else:
        own.write_bytes(path.read_bytes())
    app = create_app(with_gateways(f"sqlite:///{own}", folder, LOG_LEVEL="ERROR"))
    with app.app_context():
        engine = db.engine
    try:
        with Session(engine, expire_on_commit=False) as session:
            yield app, session
    finally:
        viewing.log_of(app).stop()
        engine.dispose()
