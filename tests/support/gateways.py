"""Settings of gateways that exist in tests only, and reports signed as the real ones sign them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from counseling.config import Config
from counseling.sms.accounts import TwilioAccount
from tests.support.fake_phone import PASSWORD, SIGNING_KEY, USER
from tests.support.settings import config_for

PUBLIC_URL = "https://tua.example.org"
ACCOUNT_SID, AUTH_TOKEN = "AC" + "0a" * 16, "0123456789abcdef" * 2
FROM = "+15005550006"
SMSGATE_SETTINGS = {
    "SMSGATE_URL": "http://127.0.0.1:9",
    "SMSGATE_USERNAME": USER,
    "SMSGATE_PASSWORD": PASSWORD,
    "SMSGATE_SIGNING_KEY": SIGNING_KEY,
}
TWILIO_SETTINGS = {"TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN, "TWILIO_FROM": FROM}


def with_gateways(database_url: str, instance: Path, **changes: str) -> Config:
    """Both gateways, the phone first."""
    settings = {"SMS_GATEWAY": "smsgate", "PUBLIC_URL": PUBLIC_URL, **SMSGATE_SETTINGS, **TWILIO_SETTINGS}
    return config_for(database_url, instance, **{**settings, **changes})


def twilio_account(api_base: str) -> TwilioAccount:
    return TwilioAccount(ACCOUNT_SID, AUTH_TOKEN, FROM, None, api_base, False, PUBLIC_URL)


def twilio_signed(path: str, form: Mapping[str, str], token: str = AUTH_TOKEN) -> tuple[bytes, dict[str, str]]:
    """Body and headers of one of Twilio's calls, signed by the SDK over the public address."""
    signature = RequestValidator(token).compute_signature(f"{PUBLIC_URL}{path}", dict(form))
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
    return urlencode(form).encode(), headers


def twilio_text(number: str, body: str, sid: str) -> dict[str, str]:
    """The form of a text that came in, with the fields that Twilio sends."""
    return {
        "ToCountry": "US", "ToState": "", "SmsMessageSid": sid, "NumMedia": "0", "ToCity": "", "FromZip": "",
        "SmsSid": sid, "FromState": "", "SmsStatus": "received", "FromCity": "", "Body": body, "FromCountry": "VN",
        "To": FROM, "ToZip": "", "NumSegments": "1", "MessageSid": sid, "AccountSid": ACCOUNT_SID, "From": number,
        "ApiVersion": "2010-04-01",
    }  # fmt: skip


def twilio_status(status: str, number: str, sid: str, code: int | None = None) -> dict[str, str]:
    error = {"ErrorCode": str(code)} if code else {}
    return {
        "SmsSid": sid, "SmsStatus": status, "MessageStatus": status, "To": number, "MessageSid": sid,
        "AccountSid": ACCOUNT_SID, "From": FROM, "ApiVersion": "2010-04-01", **error,
    }  # fmt: skip


def sid_of(number: int) -> str:
    return f"SM{number:032x}"


def seconds(at: datetime) -> str:
    return str(int(at.timestamp()))
