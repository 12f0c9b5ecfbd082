"""What Twilio's numbers mean for us: whose failure it is, and whether anything has to be put right first.

Source: twilio.com/docs/api/errors. A number that is not here is a failure of that text, and temporary.
"""

from __future__ import annotations

from collections.abc import Mapping

from counseling.domain.message_states import FailureReason
from counseling.sms.gateway import Fault

TRY_AGAIN = frozenset({20429})  # too many requests: nothing was kept
OPTED_OUT = 21610  # the person has told Twilio's own list to stop
NUMBERS = frozenset({21211, 21214, 21217, 21614, 21635, 30005, 30006, OPTED_OUT})  # somebody corrects the number
FAULTS: Mapping[int, Fault] = {
    20003: Fault.CREDENTIALS,
    20404: Fault.CREDENTIALS,  # no such account
    20005: Fault.ACCOUNT,
    21608: Fault.ACCOUNT,  # on trial: only numbers that were confirmed there
    30002: Fault.ACCOUNT,  # suspended
    21408: Fault.REGION,
    21606: Fault.SENDER,
    21612: Fault.SENDER,  # this sender does not reach that network
    21603: Fault.SENDER,
    21701: Fault.SENDER,  # no such messaging service
}
OURS = frozenset({30004, 30007, 21617, 21602})  # words or sender are filtered; the text is too long or empty
LATE = frozenset({30001, 21611, 30036})  # their queue is full, or it died of age: by now it is stale


def reason_of(code: int | None) -> FailureReason:
    """Whose failure it is, as staff read it."""
    if code in NUMBERS:
        return FailureReason.PERMANENT
    if code in OURS or code in FAULTS:
        return FailureReason.OURS
    return FailureReason.TEMPORARY
