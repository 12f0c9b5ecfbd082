"""Whether a report really comes from the gateway: over the raw bytes, before anything in them is believed."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

# How far the sender's clock and ours may be apart; an older one is somebody who has recorded it.
MAY_DIFFER_SECONDS = 300


def is_from_smsgate(raw: bytes, signing_key: str, signature: str, timestamp: str, now: datetime) -> bool:
    """`signature`, `timestamp`: the headers X-Signature and X-Timestamp (unix seconds)."""
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        return False
    if abs(now.timestamp() - int(timestamp)) > MAY_DIFFER_SECONDS:
        return False
    expected = hmac.new(signing_key.encode(), raw + timestamp.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode(errors="replace"))


def is_from_twilio(url: str, fields: Sequence[tuple[str, str]], auth_token: str, signature: str) -> bool:
    """`url`: the configured public address with path and query; `fields` as they stand in the form.

    Twilio signs names and values run together, so that another cut of the same letters has the same signature: no name
    may stand there twice, and whoever reads them takes known names only (twilio_events).
    """
    from twilio.request_validator import RequestValidator, add_port, remove_port

    names = [name for name, _ in fields]
    if len(set(names)) != len(names):
        return False
    validator, parts = RequestValidator(auth_token), urlsplit(url)
    # It signs with or without the port, depending on where it runs.
    expected = [validator.compute_signature(form(parts), dict(fields)) for form in (remove_port, add_port)]
    given = signature.encode(errors="replace")
    return any(hmac.compare_digest(one.encode(), given) for one in expected)
