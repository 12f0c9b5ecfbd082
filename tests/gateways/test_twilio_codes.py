"""Twilio's numbers as its reports carry them, each with what it means for us: the whole list of the design."""

from __future__ import annotations

import pytest

from counseling.domain.message_states import FailureReason, MessageState
from counseling.sms.gateway import Fault
from counseling.sms.reports import Fate
from counseling.sms.twilio_codes import LATE, TRY_AGAIN
from counseling.sms.twilio_events import read_status
from tests.support.gateways import ACCOUNT_SID, sid_of, twilio_status

T, P, OURS = FailureReason.TEMPORARY, FailureReason.PERMANENT, FailureReason.OURS


def fate_of(code: int, status: str = "undelivered") -> Fate:
    form = twilio_status(status, "+84912000001", sid_of(1), code)
    fate = read_status(list(form.items()), "abc", ACCOUNT_SID)
    assert fate is not None
    return fate


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        *((code, T) for code in (20429, 30003, 30008)),  # too much at once, a phone that is off, a network
        *((code, P) for code in (21211, 21614, 21635, 30005, 30006, 21610)),  # staff corrects the number
        *((code, OURS) for code in (30004, 30007)),  # words or sender
        *((code, T) for code in (30001, 21611, 30036)),  # stale by now
        *((code, OURS) for code in (20003, 21408, 21606, 21608, 21612, 30002)),
        (99999, T),
    ],
)
def test_every_number_of_the_design_says_whose_failure_it_is(code: int, reason: FailureReason) -> None:
    for status in ("undelivered", "failed"):
        assert (fate_of(code, status).state, fate_of(code, status).reason) == (MessageState.FAILED, reason)
    assert fate_of(code).opted_out is (code == 21610)
    delivered = fate_of(code, "delivered")
    assert (delivered.reason, delivered.fault, delivered.opted_out) == (None, None, False), "a failure's number alone"


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (20003, Fault.CREDENTIALS),
        (21408, Fault.REGION),
        (21606, Fault.SENDER),
        (21608, Fault.ACCOUNT),
        (21612, Fault.SENDER),
        (30002, Fault.ACCOUNT),
        *((code, None) for code in (30001, 30003, 30004, 30005, 30006, 30007, 30008, 30036, 21211, 21610, 21611)),
    ],
)
def test_what_somebody_has_to_put_right_names_the_channel_and_nothing_else_does(code: int, fault: Fault | None) -> None:
    assert fate_of(code).fault is fault


def test_only_too_much_at_once_is_tried_again_and_what_is_stale_is_not() -> None:
    assert {20429} == TRY_AGAIN
    assert {30001, 21611, 30036} == LATE
