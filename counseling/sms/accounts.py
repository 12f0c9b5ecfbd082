"""Where a gateway stands and how we sign in to it: the settings of each, as configuration reads them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SmsGateAccount:
    """`url` is everything before /messages; `signing_key` is what the phone signs its reports with."""

    url: str
    username: str = field(repr=False)
    password: str = field(repr=False)
    signing_key: str = field(repr=False)
    sim_number: int | None = None  # which SIM of the phone texts go through; None: the phone's own choice
    device_id: str | None = None  # which phone; None: where a server stands in between, any


@dataclass(frozen=True)
class TwilioAccount:
    """Texts come from `sender` (a number or a name), or from the messaging service where that is given."""

    account_sid: str
    auth_token: str = field(repr=False)
    sender: str | None = field(repr=False)
    messaging_service_sid: str | None
    api_base: str
    is_two_way: bool  # its number takes texts, too: nowhere in Việt Nam
    public_url: str  # what Twilio calls, whatever a proxy makes of it: its signatures are over this address
