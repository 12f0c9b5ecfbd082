"""Reading what Twilio reports: forms of known fields.

Its signature allows other cuts of the same letters; what is here does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from counseling.domain.message_states import FailureReason, MessageState
from counseling.sms.reports import Came, Fate, InboundKind, NotUnderstood
from counseling.sms.twilio_codes import FAULTS, OPTED_OUT, reason_of

STATES: Mapping[str, MessageState] = {
    # Not "accepted", "scheduled", "queued", "sending": it has the text, which we know, and nothing has left yet.
    "sent": MessageState.ACCEPTED,
    **dict.fromkeys(("delivered", "read"), MessageState.DELIVERED),
    **dict.fromkeys(("undelivered", "failed", "canceled"), MessageState.FAILED),
}
SID = re.compile(r"(?:SM|MM)[0-9a-f]{32}")
REF = re.compile(r"[0-9a-z]{1,32}")
_OF_BOTH = ("AccountSid", "ApiVersion", "From", "To", "MessageSid", "SmsSid", "SmsStatus", "MessagingServiceSid")
_PLACES = tuple(f"{who}{what}" for who in ("From", "To") for what in ("City", "State", "Zip", "Country"))
INBOUND = frozenset(
    (*_OF_BOTH, *_PLACES, "Body", "NumMedia", "NumSegments", "SmsMessageSid", "OptOutType", "AddOns", "MessageType")
)
STATUS = frozenset((*_OF_BOTH, "MessageStatus", "ErrorCode", "ErrorMessage", "RawDlrDoneDate", "ChannelPrefix"))
NEEDED_INBOUND = ("AccountSid", "MessageSid", "From", "To", "Body", "NumMedia")
NEEDED_STATUS = ("AccountSid", "MessageSid", "MessageStatus", "To")


def fields_of(raw: bytes) -> list[tuple[str, str]]:
    """The form as it was sent, empty fields included. Raises NotUnderstood for what is no form in UTF-8."""
    try:
        return parse_qsl(raw.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        raise NotUnderstood from None


def read_inbound(fields: Sequence[tuple[str, str]], account_sid: str) -> Came:
    """A text that came in. Raises NotUnderstood."""
    form = _known(fields, INBOUND, NEEDED_INBOUND, account_sid)
    # Twilio tells no instant of its own and calls again under the same sid.
    return Came(
        event_key=form["MessageSid"], content=None, kind=InboundKind.TEXT, number=form["From"], body=form["Body"]
    )


def read_status(fields: Sequence[tuple[str, str]], message_ref: str, account_sid: str) -> Fate | None:
    """What became of the text whose reference stands in the address; None for a word that says nothing yet.

    Raises NotUnderstood.
    """
    form = _known(fields, STATUS, NEEDED_STATUS, account_sid)
    state = STATES.get(form["MessageStatus"])
    if state is None or not REF.fullmatch(message_ref):
        return None
    text = form.get("ErrorCode", "")
    code = int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else None
    failed = state is MessageState.FAILED
    reason: FailureReason | None = reason_of(code) if failed else None
    return Fate(
        event_key=f"{form['MessageSid']}:{form['MessageStatus']}",
        message_ref=message_ref,
        state=state,
        reason=reason,
        fault=FAULTS.get(code or 0) if failed else None,
        opted_out=failed and code == OPTED_OUT,
    )


def _known(
    fields: Sequence[tuple[str, str]], known: frozenset[str], needed: Sequence[str], account_sid: str
) -> dict[str, str]:
    """The fields by name; a name that Twilio does not use is a cut through the letters of another."""
    form = {name: value for name, value in fields if not re.fullmatch(r"Media(Url|ContentType)\d", name)}
    if not form.keys() <= known or any(name not in form for name in needed):
        raise NotUnderstood
    if form["AccountSid"] != account_sid or not SID.fullmatch(form["MessageSid"]):
        raise NotUnderstood
    return form
