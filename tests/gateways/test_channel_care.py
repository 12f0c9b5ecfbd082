"""A gateway that will not be attached, or will not report again: asked once, then somebody reads what to do."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from counseling import logs
from counseling.config import Config
from counseling.database import writing
from counseling.domain.message_states import FailureReason
from counseling.models.audit import AuditEntry
from counseling.models.channels import SmsChannel
from counseling.services.channel_care import care_for_channels
from counseling.services.channel_settings import ask_attach, note_looked, start_channel, stop_by_hand
from counseling.services.channels import Outcomes, note_outcomes
from counseling.services.worker_beats import beat
from counseling.sms.gateway import Fault, SmsMisconfigured, SmsOutcomeUnknown, SmsRejected
from counseling.sms.gateways import Gateways
from counseling.sms.smsgate import SmsGate
from tests.support.cast import Cast, post, sign_in
from tests.support.fake_phone import BEFORE, FakePhone, running_phone
from tests.support.fake_phone import Fault as Wrong
from tests.support.gateways import with_gateways
from tests.support.outbox import EIGHT

HOOK = "https://tua.example.org/sms/smsgate"
MINUTE = timedelta(minutes=1)
SINCE = EIGHT - timedelta(hours=3)


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    return with_gateways(database_url, tmp_path / "instance")


@pytest.fixture
def phone() -> Iterator[FakePhone]:
    with running_phone(lambda: EIGHT) as phone:
        yield phone


def gateways(phone: FakePhone, hook: str = HOOK) -> Gateways:
    return Gateways.of(SmsGate(phone.account, hook, lambda: EIGHT))


def has(session: Session, streak: int = 0, **columns: Any) -> None:
    with writing(session) as tx:
        tx.execute(insert(SmsChannel).values(gateway="smsgate", error_streak=streak, **columns))


def cared(session: Session, found: Gateways, times: int = 3) -> Any:
    """The channel after so many ticks."""
    for number in range(times):
        now = EIGHT + number * MINUTE
        beat(session, now - MINUTE)
        care_for_channels(session, found, now)
    session.rollback()
    return session.execute(select(SmsChannel.__table__)).one()


def test_an_address_that_the_phone_does_not_call_stops_the_channel_and_is_not_tried_again(
    session: Session, cast: Cast, phone: FakePhone
) -> None:
    has(session, attach_asked_at=EIGHT)
    channel = cared(session, gateways(phone, "http://tua.example.org/sms/smsgate"))
    assert (channel.stopped_at, channel.stopped_why) == (EIGHT, "reports")
    assert (channel.attach_asked_at, channel.attached_at) == (None, None)
    assert phone.webhooks == {}
    said = session.execute(select(AuditEntry.details).where(AuditEntry.action == "channel.stopped")).scalars().all()
    assert len(said) == 1


def test_an_address_that_the_phone_refuses_stops_the_channel_and_is_not_sent_again(
    session: Session, cast: Cast, phone: FakePhone
) -> None:
    """As newer versions do with addresses within the house, however they begin."""
    has(session, attach_asked_at=EIGHT)
    phone.faults += [Wrong(BEFORE, 400)]
    channel = cared(session, gateways(phone))
    assert (channel.stopped_why, channel.attach_asked_at) == ("reports", None)
    assert len(phone.requests) == 1


def test_a_phone_that_is_away_is_asked_again_until_it_is_attached(
    session: Session, cast: Cast, phone: FakePhone
) -> None:
    has(session, attach_asked_at=EIGHT)
    phone.faults += [Wrong(BEFORE, 503), Wrong(BEFORE, 500)]
    channel = cared(session, gateways(phone))
    assert (channel.stopped_at, channel.attach_asked_at, channel.attached_at) == (None, None, EIGHT + 2 * MINUTE)
    assert set(phone.webhooks.values()) == {HOOK}


class Refusing:
    """What the adapter raises when it is asked to report again, and how often it was asked."""

    name, abilities = "smsgate", SmsGate.abilities

    def __init__(self, error: Exception | None) -> None:
        self.error, self.spans = error, list[datetime]()

    @property
    def asked(self) -> int:
        return len(self.spans)

    def send(self, message: object) -> None: ...
    def resolve_unknown(self, message: object) -> None: ...
    def attach(self) -> None: ...

    def report_again(self, since: datetime, until: datetime) -> None:
        self.spans.append(since)
        if self.error is not None:
            raise self.error


NO = SmsRejected(FailureReason.OURS, permanent=True)


@pytest.mark.parametrize("error", [NO, SmsMisconfigured(Fault.ADDRESS)])
def test_a_phone_that_will_not_report_again_is_asked_once_and_somebody_has_to_look_at_it(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    gateway, written = Refusing(error), io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    logs.set_up("INFO")
    has(session, attached_at=SINCE, missed_since=SINCE)
    channel = cared(session, Gateways.of(gateway))
    monkeypatch.undo()
    logs.set_up("INFO")
    assert gateway.asked == 1
    assert (channel.missed_since, channel.unreported_since) == (None, SINCE)
    assert written.getvalue().count("were not reported again") == 1


@pytest.mark.parametrize("error", [SmsRejected(FailureReason.TEMPORARY, permanent=False), SmsOutcomeUnknown()])
def test_a_phone_that_is_away_is_asked_again_for_what_came_in(session: Session, cast: Cast, error: Exception) -> None:
    gateway = Refusing(error)
    has(session, attached_at=SINCE, missed_since=SINCE)
    channel = cared(session, Gateways.of(gateway))
    assert gateway.asked == 3
    assert (channel.missed_since, channel.unreported_since) == (SINCE, None)


def test_a_second_outage_does_not_make_the_first_one_forgotten(session: Session, cast: Cast) -> None:
    gateway = Refusing(NO)
    has(session, attached_at=SINCE, missed_since=EIGHT, unreported_since=SINCE)
    assert cared(session, Gateways.of(gateway)).unreported_since == SINCE
    gateway.error = None
    with writing(session) as tx:
        tx.execute(update(SmsChannel).values(missed_since=EIGHT))
    assert cared(session, Gateways.of(gateway)).unreported_since == SINCE, "what came before is still on the phone"
    note_looked(session, cast.viewer_of("admin"), "smsgate", EIGHT)
    assert cared(session, Gateways.of(gateway)).unreported_since is None


def used_again(session: Session) -> None:
    """The gateway is there again, and takes a text."""
    with writing(session) as tx:
        note_outcomes(tx, "smsgate", Outcomes(taken=True, failures=0), EIGHT)


@pytest.mark.parametrize("is_started_by_hand", [False, True])
def test_what_came_in_during_an_outage_is_asked_for_also_where_somebody_has_started_the_channel_again(
    session: Session, cast: Cast, is_started_by_hand: bool
) -> None:
    gateway = Refusing(None)
    has(session, attached_at=SINCE, taken_at=SINCE, rests_until=EIGHT + MINUTE, streak=12)
    if is_started_by_hand:
        start_channel(session, cast.viewer_of("admin"), "smsgate", EIGHT)
    used_again(session)
    channel = cared(session, Gateways.of(gateway))
    assert (gateway.spans, channel.unreported_since) == ([SINCE - 5 * MINUTE], None)


def test_texts_are_asked_for_a_week_back_and_whoever_was_away_longer_is_to_be_read_by_hand(
    session: Session, cast: Cast
) -> None:
    gateway, long_ago = Refusing(None), EIGHT - timedelta(days=14)
    has(session, attached_at=long_ago, taken_at=long_ago, streak=12)
    used_again(session)
    channel = cared(session, Gateways.of(gateway))
    assert (gateway.spans, channel.unreported_since) == ([EIGHT - timedelta(days=7)], long_ago)


def test_a_server_in_between_is_told_which_phone_is_meant(session: Session, cast: Cast, phone: FakePhone) -> None:
    phone.is_server = True
    has(session, attached_at=SINCE, missed_since=SINCE)
    assert cared(session, gateways(phone)).unreported_since == SINCE
    assert phone.exported == []


def test_the_page_says_what_to_do_about_an_address_that_was_refused(
    app: Flask, session: Session, cast: Cast, start_clock_at: Callable[..., None]
) -> None:
    admin = signed_in(app, start_clock_at)
    has(session, stopped_at=EIGHT, stopped_why="reports")
    page = admin.get("/admin/channels").text
    assert "Điện thoại không nhận địa chỉ để báo tin về đây (PUBLIC_URL)" in page
    assert "bắt đầu bằng https:// và gọi được từ Internet" in page, "it may be https already"
    assert "Có lỗi chưa rõ" not in page


def test_attaching_in_vain_is_said_also_while_the_channel_stands_for_something_else(
    app: Flask, session: Session, cast: Cast, phone: FakePhone, start_clock_at: Callable[..., None]
) -> None:
    admin = signed_in(app, start_clock_at)
    stop_by_hand(session, cast.viewer_of("admin"), "smsgate", SINCE)
    ask_attach(session, cast.viewer_of("admin"), "smsgate", EIGHT)
    phone.faults += [Wrong(BEFORE, 422)]
    channel = cared(session, gateways(phone))
    assert (channel.stopped_at, channel.stopped_why, channel.attach_asked_at) == (SINCE, "reports", None)
    assert "Điện thoại không nhận địa chỉ để báo tin về đây" in admin.get("/admin/channels").text
    session.rollback()
    said = session.execute(select(AuditEntry.details).where(AuditEntry.action == "channel.stopped")).scalars().all()
    assert len(said) == 2


def test_the_page_says_that_texts_wait_on_the_phone_until_somebody_has_looked(
    app: Flask, session: Session, cast: Cast, start_clock_at: Callable[..., None]
) -> None:
    admin = signed_in(app, start_clock_at)
    has(session, unreported_since=SINCE)
    assert "có thể còn nằm trên điện thoại" in admin.get("/admin/channels").text
    assert "Một đường gửi tin cần người xem" in admin.get("/admin/sites/").text
    assert post(admin, "/admin/channels/smsgate/looked").status_code == 303
    assert "có thể còn nằm trên điện thoại" not in admin.get("/admin/channels").text
    assert "cần người xem" not in admin.get("/admin/sites/").text
    session.rollback()
    said = session.execute(select(AuditEntry.action).where(AuditEntry.subject == "channel:smsgate")).scalars().all()
    assert said == ["channel.looked"]


def signed_in(app: Flask, start_clock_at: Callable[..., None]) -> FlaskClient:
    start_clock_at(EIGHT)
    client = app.test_client()
    sign_in(client, "admin")
    return client
