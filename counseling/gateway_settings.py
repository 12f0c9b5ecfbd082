"""The settings of gateways: all of one gateway's or none, and nothing readable over an open network."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from counseling.sms.accounts import SmsGateAccount, TwilioAccount

SMSGATE = ("SMSGATE_URL", "SMSGATE_USERNAME", "SMSGATE_PASSWORD", "SMSGATE_SIGNING_KEY")
TWILIO = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")
TWILIO_SENDERS = ("TWILIO_FROM", "TWILIO_MESSAGING_SERVICE_SID")
TWILIO_API = "https://api.twilio.com"
SHORTEST_KEY = 8  # what the phone's app makes by itself
Read = Callable[[str], str | None]


class BadSetting(ValueError):  # noqa: N818 - says what is the case
    """One sentence for whoever starts the program."""


def read_smsgate(read: Read) -> SmsGateAccount | None:
    """The phone's account; None where nothing of it is set. Raises BadSetting."""
    if not any(read(name) for name in SMSGATE):
        return None
    url, username, password, signing_key = _all_of(read, SMSGATE)
    if len(signing_key) < SHORTEST_KEY:
        raise BadSetting(f"SMSGATE_SIGNING_KEY is not right: it must have at least {SHORTEST_KEY} characters.")
    sim_number = read("SMSGATE_SIM_NUMBER") or None
    if sim_number is not None:
        _ensure_like("SMSGATE_SIM_NUMBER", sim_number, "[1-3]", "it must be 1, 2 or 3, as the phone counts its SIMs")
    sim = int(sim_number) if sim_number else None
    device_id = read("SMSGATE_DEVICE_ID") or None
    if device_id is not None:
        _ensure_like("SMSGATE_DEVICE_ID", device_id, r"[0-9A-Za-z_-]{1,40}", "it must be the ID that the app shows")
    return SmsGateAccount(_safe_address("SMSGATE_URL", url), username, password, signing_key, sim, device_id)


def read_twilio(read: Read, public_url: str | None) -> TwilioAccount | None:
    """The account at Twilio; None where nothing of it is set. Raises BadSetting."""
    if not any(read(name) for name in (*TWILIO, *TWILIO_SENDERS)):
        return None
    account_sid, auth_token = _all_of(read, TWILIO)
    _ensure_like("TWILIO_ACCOUNT_SID", account_sid, r"AC[0-9a-f]{32}", "it must be AC and 32 hexadecimal digits")
    _ensure_like("TWILIO_AUTH_TOKEN", auth_token, r"[0-9a-f]{32}", "it must be 32 hexadecimal digits")
    sender, service = (read(name) for name in TWILIO_SENDERS)
    if (sender is None) == (service is None):
        raise BadSetting("Set one of TWILIO_FROM and TWILIO_MESSAGING_SERVICE_SID, and not both.")
    if service is not None:
        _ensure_like("TWILIO_MESSAGING_SERVICE_SID", service, r"MG[0-9a-f]{32}", "it must be MG and 32 digits")
    if public_url is None:
        raise BadSetting("PUBLIC_URL is not set: Twilio signs its reports over the address that it calls.")
    api_base = _safe_address("TWILIO_API_BASE", read("TWILIO_API_BASE") or TWILIO_API)
    two_way = read("TWILIO_TWO_WAY") or "0"
    _ensure_like("TWILIO_TWO_WAY", two_way, "[01]", "it must be 1 where texts to the sender come in at Twilio, else 0")
    return TwilioAccount(account_sid, auth_token, sender, service, api_base, two_way == "1", public_url)


def _all_of(read: Read, names: Sequence[str]) -> list[str]:
    values = [read(name) for name in names]
    for name, value in zip(names, values, strict=True):
        if value is None:
            raise BadSetting(f"{name} is not set: the gateway needs {', '.join(names)}.")
    return [value for value in values if value is not None]


def _ensure_like(name: str, value: str, pattern: str, hint: str) -> None:
    if not re.fullmatch(pattern, value):
        raise BadSetting(f"{name} is not right: {hint}.")


def _safe_address(name: str, text: str) -> str:
    """An https address, or plain http within the building: passwords and texts go over it."""
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets of which one is missing, or a port that is none
        raise _no_address(name) from None
    if not sound or "@" in parts.netloc or parts.query or parts.fragment:
        raise _no_address(name)
    if parts.scheme == "http" and not _is_nearby(parts.hostname or ""):
        raise BadSetting(f"{name} is not right: outside the own network it must begin with https://.")
    return text.rstrip("/")


def _no_address(name: str) -> BadSetting:
    return BadSetting(f"{name} is not right: it must be an address such as https://192.168.1.20:8080.")


def _is_nearby(host: str) -> bool:
    if host == "localhost" or host.endswith(".local"):
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False
