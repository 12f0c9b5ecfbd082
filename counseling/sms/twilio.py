"""Twilio: one way in Việt Nam, and no reference of ours. What became of an attempt is asked by number, time and words.

The SDK builds and reads what is exchanged; the call itself is ours, because its own client cannot tell a refused
connection from an answer that never came.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from counseling.domain.message_states import FailureReason
from counseling.sms.accounts import TwilioAccount
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
from counseling.sms.twilio_codes import FAULTS, LATE, OPTED_OUT, TRY_AGAIN, reason_of
from counseling.sms.web_calls import GAVE_UP, NoAnswer, NotReached, basic, call

if TYPE_CHECKING:
    from twilio.base.exceptions import TwilioRestException
    from twilio.rest import Client

NAME = "twilio"
STATUS_PATH = "/sms/twilio/status"
# A registered sender carries one segment a second; a morning's texts are spread anyway.
SEGMENTS_PER_MINUTE = 60
SHORTEST_LIFE = 1  # seconds, as ValidityPeriod has it
LONGEST_LIFE = 14_400  # seconds: the longest that every kind of sender accepts
CLOCKS_DIFFER = timedelta(minutes=2)
MOST_LISTED = 100


class Twilio:
    name = NAME

    def __init__(self, account: TwilioAccount, clock: Callable[[], datetime]) -> None:
        self.abilities = Abilities(
            two_way=account.is_two_way,
            receipts=True,
            repeat_safe=False,
            unicode=True,
            segments_per_minute=SEGMENTS_PER_MINUTE,
            calls_at_once=4,
        )
        self._account = account
        self._clock = clock
        self._client: Client | None = None

    def send(self, message: TextToSend) -> None:
        life = life_left(message, self._clock(), SHORTEST_LIFE)
        sender = (
            {"messaging_service_sid": self._account.messaging_service_sid}
            if self._account.messaging_service_sid
            else {"from_": self._account.sender}
        )
        status = f"{self._account.public_url}{STATUS_PATH}?ref={quote(message.ref)}"
        with _Errors():
            self._messages().create(
                to=message.number,
                body=message.body,
                validity_period=min(life, LONGEST_LIFE),
                status_callback=status,
                **sender,
            )

    def resolve_unknown(self, message: AttemptedText) -> bool | None:
        """Whether a text of these words to this number stands there since the attempt; a "no" proves nothing."""
        since = (message.attempted_at - CLOCKS_DIFFER).astimezone(UTC)  # the SDK writes any instant as if it were UTC
        try:
            with _Errors():
                found = self._messages().list(to=message.number, date_sent_after=since, limit=MOST_LISTED)
        except (SmsRejected, SmsMisconfigured, SmsOutcomeUnknown):
            return None
        of_this = [text for text in found if text.body == message.body and (text.date_created or since) >= since]
        return True if of_this else None

    def _messages(self) -> Any:
        """The SDK is brought in with the first text: 15 MB that no other installation needs."""
        if self._client is None:
            self._client = _client_of(self._account)
        return self._client.messages


def _client_of(account: TwilioAccount) -> Client:
    from twilio.http import HttpClient
    from twilio.http.response import Response
    from twilio.rest import Client

    class OwnCalls(HttpClient):  # type: ignore[misc]  # the SDK has no types for it
        def __init__(self) -> None:  # the SDK's own sets up a logger that writes numbers and words
            self._test_only_last_request = self._test_only_last_response = None

        def request(
            self,
            method: str,
            uri: str,
            params: dict[str, object] | None = None,
            data: dict[str, object] | None = None,
            headers: dict[str, str] | None = None,
            auth: tuple[str, str] | None = None,
            timeout: float | None = None,
            allow_redirects: bool = False,
        ) -> Response:
            url = f"{uri}?{urlencode(params, doseq=True)}" if params else uri
            signed = {"Authorization": basic(*auth)} if auth else {}
            body = urlencode(data, doseq=True).encode() if data is not None else None
            answer = call(method, url, headers={**(headers or {}), **signed}, body=body)
            return Response(answer.status, answer.body.decode(errors="replace"))

    client = Client(account.account_sid, account.auth_token, http_client=OwnCalls())
    client.api.base_url = account.api_base
    return client


class _Errors:
    """Around a call of the SDK: whatever goes wrong in it leaves as one of the three errors of the protocol."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if error is None or not isinstance(error, Exception):
            return
        from twilio.base.exceptions import TwilioRestException

        if isinstance(error, NotReached):
            if error.is_stranger:
                raise SmsMisconfigured(Fault.CERTIFICATE) from None
            raise SmsRejected(FailureReason.TEMPORARY, permanent=False) from None
        if isinstance(error, TwilioRestException):
            raise _meaning_of(error) from None
        # No answer, or one that is none: an SDK that reads nonsense raises whatever it likes.
        raise SmsOutcomeUnknown from (None if isinstance(error, NoAnswer) else error)


def _meaning_of(error: TwilioRestException) -> Exception:
    code, status = error.code or 0, int(error.status)
    if code in TRY_AGAIN or status in (429, 503):
        return SmsRejected(FailureReason.TEMPORARY, permanent=False)
    # It broke in there, perhaps after the text was kept: no reference of ours keeps a repeat away.
    if status >= 500 or status == GAVE_UP:
        return SmsOutcomeUnknown()
    if code in FAULTS:
        return SmsMisconfigured(FAULTS[code])
    if status in (401, 403):
        return SmsMisconfigured(Fault.CREDENTIALS)
    if status == 404 or 300 <= status < 400:
        return SmsMisconfigured(Fault.ADDRESS)
    if code in LATE:
        return SmsRejected(FailureReason.TEMPORARY, permanent=True)
    reason = reason_of(code)
    # A refusal whose number we do not know is of this text: it is ours to look at, and is not tried again.
    reason = FailureReason.OURS if reason is FailureReason.TEMPORARY else reason
    return SmsRejected(reason, permanent=True, opted_out=code == OPTED_OUT)
