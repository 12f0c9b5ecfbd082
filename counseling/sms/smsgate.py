"""SMS Gate: an Android phone with a local SIM. It knows our references, so the same text twice goes out once.

Protocol: docs.sms-gate.app. One phone sends about 30 segments a minute before operators take it for a robot.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from counseling.domain.message_states import FailureReason
from counseling.sms.accounts import SmsGateAccount
from counseling.sms.gateway import (
    Abilities,
    AttemptedText,
    Fault,
    SmsMisconfigured,
    SmsOutcomeUnknown,
    SmsRejected,
    TextToSend,
    life_left,
)
from counseling.sms.web_calls import GAVE_UP, Answer, NoAnswer, NotReached, basic, call

NAME = "smsgate"
EVENTS = ("sms:received", "sms:sent", "sms:delivered", "sms:failed")
# A third of what Android sends: operators look at bursts, and a morning has hours.
SEGMENTS_PER_MINUTE = 10
SHORTEST_LIFE = 5  # seconds; the phone refuses a shorter one
# The app calls no other address. A server in between takes any, and then nothing comes.
CALLED = ("https://", "http://127.0.0.1:", "http://127.0.0.1/")
KNOWS_IT = 409
NO_SUCH_SETTING = (400, 404)  # of older versions
NO_SUCH_DEVICE = 400  # and anything else that is wrong with a request: only the words tell
# Said before anything is kept: too much at once, or not now.
NOT_NOW = (429, 503)
WRONG = {401: Fault.CREDENTIALS, 403: Fault.CREDENTIALS, 404: Fault.ADDRESS, 405: Fault.ADDRESS}


class SmsGate:
    name = NAME
    abilities = Abilities(
        two_way=True, receipts=True, repeat_safe=True, unicode=True, segments_per_minute=SEGMENTS_PER_MINUTE
    )

    def __init__(self, account: SmsGateAccount, report_to: str, clock: Callable[[], datetime]) -> None:
        """`report_to`: our address for what happens on the phone."""
        self._account = account
        self._report_to = report_to
        self._clock = clock
        self._sim = {} if account.sim_number is None else {"simNumber": account.sim_number}
        self._device = {} if account.device_id is None else {"deviceId": account.device_id}
        self._headers = {
            "Authorization": basic(account.username, account.password),
            "Content-Type": "application/json",
            "Accept": "application/json",
        }

    def send(self, message: TextToSend) -> None:
        life = life_left(message, self._clock(), SHORTEST_LIFE)
        answer = self._call(
            "POST",
            "/messages",
            {
                "id": message.ref,
                "textMessage": {"text": message.body},
                "phoneNumbers": [message.number],
                "withDeliveryReport": True,
                "ttl": life,
                **self._sim,
                **self._device,
            },
        )
        if answer.status == KNOWS_IT:
            return
        _ensure_device(answer)
        _ensure_taken(answer)
        # Whoever answers 200 without our reference is a hotel's network, and not the phone.
        if answer.fields().get("id") != message.ref:
            raise SmsOutcomeUnknown

    def resolve_unknown(self, message: AttemptedText) -> bool | None:
        try:
            answer = self._call("GET", f"/messages/{message.ref}")
        except (SmsRejected, SmsMisconfigured):
            return None
        if answer.status == 404:
            return False
        return True if answer.fields().get("id") == message.ref else None

    def attach(self) -> None:
        """Each event is a registration of its own under a name of ours; the same name again replaces it.

        Texts are sent in the order in which they came: the phone's own default is the last one first.
        """
        if not self._report_to.startswith(CALLED):
            raise SmsMisconfigured(Fault.REPORTS)
        for event in EVENTS:
            registration = {"id": f"diem-tua-{event.partition(':')[2]}", "url": self._report_to, "event": event}
            _ensure_taken(self._call("POST", "/webhooks", registration))
        ordered = self._call("PATCH", "/settings", {"messages": {"processing_order": "FIFO"}})
        if ordered.status not in NO_SUCH_SETTING:
            _ensure_taken(ordered)

    def report_again(self, since: datetime, until: datetime) -> None:
        """Servers in between refuse it with 400 where it does not say of which phone, unless they are new."""
        span = {"since": _instant(since), "until": _instant(until)}
        _ensure_taken(self._call("POST", "/messages/inbox/export", {**span, **self._device}))

    def _call(self, method: str, path: str, fields: Mapping[str, object] | None = None) -> Answer:
        body = None if fields is None else json.dumps(fields, ensure_ascii=False).encode()
        try:
            return call(method, self._account.url + path, headers=self._headers, body=body)
        except NotReached as error:
            if error.is_stranger:
                raise SmsMisconfigured(Fault.CERTIFICATE) from None
            raise SmsRejected(FailureReason.TEMPORARY, permanent=False) from None
        except NoAnswer:
            raise SmsOutcomeUnknown from None


def _ensure_device(answer: Answer) -> None:
    """No text is to blame. A phone says "Invalid device ID", a server "failed to select device: record not found"."""
    if answer.status == NO_SUCH_DEVICE and "device" in str(answer.fields().get("message")).lower():
        raise SmsMisconfigured(Fault.DEVICE)


def _ensure_taken(answer: Answer) -> None:
    if 200 <= answer.status < 300:
        return
    if answer.status in WRONG or 300 <= answer.status < 400:
        raise SmsMisconfigured(WRONG.get(answer.status, Fault.ADDRESS))
    if answer.status in NOT_NOW:
        raise SmsRejected(FailureReason.TEMPORARY, permanent=False)
    if 400 <= answer.status < 500 and answer.status != GAVE_UP:  # it does not like the text as such, now or later
        raise SmsRejected(FailureReason.OURS, permanent=True)
    raise SmsOutcomeUnknown  # something broke in there, perhaps after the text was kept


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
