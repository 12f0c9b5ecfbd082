"""Which channel carries a text: a fallback gets only what the first provably has not, and a wrong setting stops one."""

from __future__ import annotations

import io
import sys
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from counseling import logs
from counseling.database import writing
from counseling.domain.channels import AWAY_AFTER, FASTEST, LONGEST_REST, TextKind, is_resting, rest_after
from counseling.domain.message_states import FailureReason
from counseling.domain.refusal import Refusal
from counseling.jobs import tick
from counseling.models.audit import AuditEntry
from counseling.models.channels import SmsChannel, SmsRoute
from counseling.queries.channels import AWAY, STOPPED, WORKS, list_channels
from counseling.services.channel_settings import Route, set_pace, set_route, start_channel
from counseling.services.channels import Outcomes, note_outcomes
from counseling.services.sending import Sent, send_due
from counseling.services.sweeping import LEASE, sweep
from counseling.services.worker_beats import beat
from counseling.sms.gateway import Abilities, Fault, SmsMisconfigured, SmsOutcomeUnknown, SmsRejected, TextToSend
from counseling.sms.gateways import Gateways
from tests.support.cast import DONG_KINH, Cast
from tests.support.outbox import EIGHT, FakeProvider, Killed, a_line, message, nothing_against, queued, states
from tests.support.reminding import ZONE

AWAY_NOW = SmsRejected(FailureReason.TEMPORARY, permanent=False)
MINUTE = timedelta(minutes=1)


class Named(FakeProvider):
    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(**options)
        self.name = name


@pytest.fixture
def phone() -> Named:
    return Named("phone")


@pytest.fixture
def abroad() -> Named:
    return Named("abroad", repeat_safe=False)


@pytest.fixture
def both(session: Session, phone: Named, abroad: Named) -> Gateways:
    """The phone carries everything; what it provably has not goes abroad."""
    with writing(session) as tx:
        rows = [{"kind": kind.value, "gateway": "phone", "fallback": "abroad"} for kind in TextKind]
        tx.execute(insert(SmsRoute), rows)
    return Gateways({"phone": phone, "abroad": abroad}, "phone")


def sent(session: Session, gateways: Gateways, now: Any = EIGHT, **options: Any) -> Sent:
    return send_due(session, gateways, now, ZONE, look_again=nothing_against, **options)


def texts(session: Session, count: int) -> list[int]:
    return [queued(session, a_line(session)) for _ in range(count)]


def channel(session: Session, name: str = "phone") -> Any:
    session.rollback()
    return session.execute(select(SmsChannel.__table__).where(SmsChannel.gateway == name)).one()


def handed_to(*gateways: Named) -> list[int]:
    return [len(gateway.handed_over) for gateway in gateways]


def test_while_the_first_takes_texts_the_fallback_gets_none(
    session: Session, cast: Cast, both: Gateways, phone: Named, abroad: Named
) -> None:
    texts(session, 4)
    sent(session, both)
    assert handed_to(phone, abroad) == [4, 0]


def test_who_is_away_is_left_alone_and_the_fallback_takes_what_it_has_not(
    session: Session, cast: Cast, both: Gateways, phone: Named, abroad: Named
) -> None:
    phone.before = AWAY_NOW
    texts(session, 5)
    sent(session, both)
    assert handed_to(phone, abroad) == [AWAY_AFTER, 3]  # the third one, too: it provably was not sent
    assert [c.state for c in list_channels(session, ["phone", "abroad"], EIGHT)] == [AWAY, WORKS]
    sent(session, both, EIGHT + MINUTE)  # one of those that were refused shows that it is still away
    assert handed_to(phone, abroad) == [AWAY_AFTER + 1, 5]
    assert sorted(states(session)) == ["accepted"] * 5
    assert len(set(abroad.refs())) == 5


def test_who_comes_back_carries_again(
    session: Session, cast: Cast, both: Gateways, phone: Named, abroad: Named
) -> None:
    phone.before = AWAY_NOW
    texts(session, 3)
    sent(session, both)
    phone.before = None
    texts(session, 2)
    sent(session, both, EIGHT + 2 * MINUTE)
    assert handed_to(phone, abroad) == [AWAY_AFTER + 4, 1]
    assert (channel(session).error_streak, channel(session).rests_until) == (0, None)


def test_what_the_first_may_have_never_goes_through_the_fallback(
    session: Session, cast: Cast, both: Gateways, phone: Named, abroad: Named
) -> None:
    """Not even when it says that it has not: whoever began the attempt may only be asleep."""
    phone.before = Killed()
    text = queued(session, a_line(session))
    with pytest.raises(Killed):
        sent(session, both)
    later = EIGHT + LEASE + MINUTE
    sweep(session, both, later, ZONE)
    assert message(session, text).state == "queued"
    phone.before = AWAY_NOW
    texts(session, 3)
    for minutes in range(0, 40, 4):
        sent(session, both, later + minutes * MINUTE)
    assert message(session, text).state == "queued"
    assert message(session, text).ref not in abroad.handed_over
    phone.before = None
    sent(session, both, later + timedelta(hours=1))
    assert phone.refs().count(message(session, text).ref) == 1


def test_what_nobody_knows_stays_where_it_is(
    session: Session, cast: Cast, both: Gateways, phone: Named, abroad: Named
) -> None:
    abroad.before = SmsOutcomeUnknown()
    phone.before = SmsMisconfigured(Fault.CREDENTIALS)
    texts(session, 1)
    sent(session, both)
    sweep(session, both, EIGHT + LEASE + MINUTE, ZONE)
    phone.before = None
    with writing(session) as tx:
        tx.execute(SmsChannel.__table__.delete())  # type: ignore[attr-defined]
    sent(session, both, EIGHT + timedelta(hours=1))
    assert states(session) == ["unknown"]


def test_a_wrong_setting_stops_the_channel_and_costs_no_text(
    session: Session, cast: Cast, both: Gateways, phone: Named, abroad: Named
) -> None:
    phone.before = SmsMisconfigured(Fault.CREDENTIALS)
    texts(session, 3)
    sent(session, both)
    assert handed_to(phone, abroad) == [1, 3]
    assert states(session) == ["accepted"] * 3
    found = list_channels(session, ["phone"], EIGHT)[0]
    assert (found.state, found.why) == (STOPPED, "credentials")
    said = session.execute(select(AuditEntry.subject).where(AuditEntry.action == "channel.stopped")).scalars().all()
    assert said == ["channel:phone"]


def test_a_stopped_channel_without_a_fallback_waits_for_an_administrator(
    session: Session, cast: Cast, phone: Named
) -> None:
    alone = Gateways.of(phone)
    phone.before = SmsMisconfigured(Fault.SENDER)
    texts(session, 2)
    for hours in range(3):
        sent(session, alone, EIGHT + timedelta(hours=hours))
    assert (handed_to(phone), states(session)) == ([1], ["queued", "queued"])
    phone.before = None
    start_channel(session, cast.viewer_of("admin"), "phone", EIGHT)
    sent(session, alone, EIGHT + timedelta(hours=3))
    assert states(session) == ["accepted", "accepted"]


def test_a_gateway_that_answers_nothing_does_not_make_a_whole_morning_unknown(
    session: Session, cast: Cast, phone: Named
) -> None:
    phone.before = SmsOutcomeUnknown()
    texts(session, 8)
    sent(session, Gateways.of(phone))
    assert states(session).count("unknown") == AWAY_AFTER


def test_a_number_that_does_not_exist_is_no_failure_of_the_channel(session: Session, cast: Cast, phone: Named) -> None:
    phone.before = SmsRejected(FailureReason.PERMANENT, permanent=True)
    texts(session, 5)
    sent(session, Gateways.of(phone))
    assert states(session) == ["failed"] * 5
    assert channel(session).error_streak == 0


def test_a_channel_that_took_one_text_and_not_the_next_has_taken_one(session: Session, cast: Cast) -> None:
    with writing(session) as tx:
        note_outcomes(tx, "phone", Outcomes(taken=True, failures=1), EIGHT)
    found = list_channels(session, ["phone"], EIGHT)[0]
    assert (found.taken_at, found.failed_at, found.streak) == (EIGHT, EIGHT, 1)


def test_a_phone_that_comes_back_stumbling_is_asked_for_what_came_in_all_the_same(session: Session, cast: Cast) -> None:
    before = EIGHT - timedelta(hours=3)
    with writing(session) as tx:
        tx.execute(insert(SmsChannel).values(gateway="phone", error_streak=5, taken_at=before))
        note_outcomes(tx, "phone", Outcomes(taken=True, failures=1), EIGHT)
        note_outcomes(tx, "phone", Outcomes(taken=True, failures=0), EIGHT + MINUTE)
    assert channel(session).missed_since == before


def test_each_kind_goes_its_own_way(session: Session, cast: Cast, both: Gateways, phone: Named, abroad: Named) -> None:
    admin = cast.viewer_of("admin")
    set_route(session, admin, TextKind.ANSWERS, Route("abroad", None), ["phone", "abroad"], EIGHT)
    reminder = queued(session, a_line(session))
    answer = queued(session, a_line(session), wording="help")
    typed = queued(session, a_line(session), wording="typed", is_automatic=False)
    sent(session, both)
    assert phone.refs() == [message(session, reminder).ref]
    assert abroad.refs() == [message(session, one).ref for one in (answer, typed)]


def test_a_route_names_two_channels_that_exist(session: Session, cast: Cast) -> None:
    admin = cast.viewer_of("admin")
    for route, code in ((Route("phone", "phone"), "fallback_is_first"), (Route("phone", "x"), "no_such_channel")):
        with pytest.raises(Refusal) as refused:
            set_route(session, admin, TextKind.ANSWERS, route, ["phone"], EIGHT)
        assert refused.value.code == code
    for pace in (0, FASTEST + 1):
        with pytest.raises(Refusal) as refused:
            set_pace(session, admin, "phone", pace, EIGHT)
        assert refused.value.code == "pace_not_right"


def test_a_channel_may_be_set_as_fast_as_a_province_needs(session: Session, cast: Cast) -> None:
    assert FASTEST >= 60 * 300, "300 texts a second"
    set_pace(session, cast.viewer_of("admin"), "phone", FASTEST, EIGHT)
    assert channel(session).segments_per_minute == FASTEST


def test_nobody_but_an_administrator_changes_a_channel(session: Session, cast: Cast) -> None:
    with pytest.raises(Refusal) as refused:
        start_channel(session, cast.viewer_of("dispenser"), "phone", EIGHT)
    assert refused.value.code == "not_administrator"


def test_each_channel_keeps_its_own_pace(session: Session, cast: Cast, both: Gateways, phone: Named) -> None:
    admin = cast.viewer_of("admin")
    set_pace(session, admin, "phone", 2, EIGHT)
    set_route(session, admin, TextKind.ANSWERS, Route("abroad", None), ["abroad"], EIGHT)
    for _ in range(3):  # they take nothing of the phone's minute
        queued(session, a_line(session), wording="help")
    assert sent(session, both, EIGHT - MINUTE / 6).accepted == 0
    assert sent(session, both).accepted == 3
    texts(session, 5)
    assert sent(session, both).accepted == 2
    assert sent(session, both, EIGHT + MINUTE / 2).accepted == 0
    assert sent(session, both, EIGHT + 1.1 * MINUTE).accepted == 2


class Slow(FakeProvider):
    """Takes several texts at once, each in its time, and counts how many it had at one moment."""

    def __init__(self, at_once: int) -> None:
        super().__init__()
        self.abilities = Abilities(
            two_way=False,
            receipts=False,
            repeat_safe=True,
            unicode=True,
            segments_per_minute=600,
            calls_at_once=at_once,
        )
        self.inside, self.most = 0, 0
        self.lock = threading.Lock()

    def send(self, message: TextToSend) -> None:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        time.sleep(0.02)
        with self.lock:
            self.inside -= 1
            super().send(message)


def test_several_texts_are_handed_over_side_by_side_and_each_once(session: Session, cast: Cast) -> None:
    gateway = Slow(8)
    ids = texts(session, 20)
    assert sent(session, Gateways.of(gateway)).accepted == 20
    assert sorted(gateway.refs()) == sorted(message(session, one).ref for one in ids)
    assert 1 < gateway.most <= 8
    actions = session.execute(select(AuditEntry.action).where(AuditEntry.subject == f"message:{ids[7]}")).scalars()
    assert list(actions) == ["message.accepted"]


def test_what_must_not_go_is_left_out_of_a_batch(session: Session, cast: Cast) -> None:
    gateway, ids = Slow(8), texts(session, 6)

    def odd(_: object, row: Any, *__: object) -> str | None:
        return "refused:no_number" if row.id % 2 else None

    send_due(session, Gateways.of(gateway), EIGHT, ZONE, look_again=odd)
    assert states(session) == ["refused" if one % 2 else "accepted" for one in ids]
    assert len(gateway.sent) == 3


class Attached(Named):
    """Also tells again what came in."""

    def __init__(self) -> None:
        super().__init__("phone")
        self.asked: list[tuple[Any, Any]] = []
        self.attachings = 0
        self.wrong: SmsMisconfigured | None = None

    def attach(self) -> None:
        self.attachings += 1
        if self.wrong is not None:
            raise self.wrong

    def report_again(self, since: Any, until: Any) -> None:
        self.asked.append((since, until))


def ticked(session: Session, gateway: FakeProvider, moments: Sequence[Any]) -> None:
    for moment in moments:
        assert tick(session, gateway, moment, ZONE, dice=Random(1)).failed == ()


def test_after_we_were_away_the_phone_is_asked_once_for_what_came_in(session: Session, cast: Cast) -> None:
    gateway = Attached()
    with writing(session) as tx:
        tx.execute(insert(SmsChannel).values(gateway="phone", error_streak=0, attach_asked_at=EIGHT))
    ticked(session, gateway, [EIGHT, EIGHT + MINUTE])
    assert (gateway.attachings, gateway.asked) == (1, [])
    later = EIGHT + timedelta(hours=48)
    ticked(session, gateway, [later, later + MINUTE])
    assert [(since < EIGHT + MINUTE, until) for since, until in gateway.asked] == [(True, later)]


def test_a_channel_that_cannot_be_attached_is_stopped_and_that_is_on_record(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway, written = Attached(), io.StringIO()
    gateway.wrong = SmsMisconfigured(Fault.ADDRESS)
    monkeypatch.setattr(sys, "stderr", written)
    logs.set_up("INFO")
    with writing(session) as tx:
        tx.execute(insert(SmsChannel).values(gateway="phone", error_streak=0, attach_asked_at=EIGHT))
    ticked(session, gateway, [EIGHT, EIGHT + MINUTE])
    assert (channel(session).stopped_at, channel(session).stopped_why) == (EIGHT, "address")
    assert gateway.attachings == 1
    said = session.execute(select(AuditEntry.subject).where(AuditEntry.action == "channel.stopped")).scalars().all()
    assert said == ["channel:phone"]
    assert written.getvalue().count("a channel was stopped") == 1
    monkeypatch.undo()
    logs.set_up("INFO")


def test_after_the_phone_was_away_it_is_asked_for_what_came_in(session: Session, cast: Cast) -> None:
    gateway = Attached()
    with writing(session) as tx:
        row = {"error_streak": 5, "attached_at": EIGHT, "taken_at": EIGHT, "failed_at": EIGHT + MINUTE}
        tx.execute(insert(SmsChannel).values(gateway="phone", **row))
    beat(session, EIGHT + timedelta(hours=1))
    queued(session, a_line(session), site_id=DONG_KINH, wording="help")
    ticked(session, gateway, [EIGHT + timedelta(hours=1)])
    assert [since < EIGHT for since, _ in gateway.asked] == [True]
    assert channel(session).missed_since is None


def test_rests_grow_and_end_and_a_clock_set_back_prolongs_none() -> None:
    assert [rest_after(streak) for streak in (0, 1, 2)] == [None, None, None]
    rests = [rest_after(streak) for streak in range(3, 40)]
    assert rests[0] == MINUTE
    assert rests == sorted(rests, key=lambda rest: rest or MINUTE)
    assert rests[-1] == LONGEST_REST
    assert is_resting(EIGHT + MINUTE, EIGHT)
    assert not is_resting(EIGHT, EIGHT)
    assert not is_resting(EIGHT + timedelta(days=1), EIGHT)


def test_two_senders_at_once_share_the_pace_of_a_phone(session: Session, cast: Cast) -> None:
    """Somebody ticks by hand while the worker sends."""
    for _ in range(30):
        queued(session, a_line(session))
    other, engine = Named("phone", per_minute=10), session.get_bind()

    class Meanwhile(Named):
        def send(self, text: TextToSend) -> None:
            super().send(text)
            if len(self.sent) == 1:
                with Session(engine, expire_on_commit=False) as beside:
                    send_due(beside, other, EIGHT, ZONE, look_again=nothing_against)

    first = Meanwhile("phone", per_minute=10)
    send_due(session, first, EIGHT, ZONE, look_again=nothing_against)
    assert len(first.sent) + len(other.sent) == 10
