"""A phone as the server meets it: seals like the page's script, and knows what it has a receipt for."""

from __future__ import annotations

import base64
import json
import secrets
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from counseling.envelopes import Letterbox, from_b64url, seal
from tests.support.settings import OUTBOX_KEY, invented_key

NONCE_BYTES = 12
# The public half of the key that installations of tests have.
BOX = Letterbox([base64.b64decode(invented_key(OUTBOX_KEY))])


def visit(who: str | None = None, **changes: Any) -> dict[str, Any]:
    """What the page's form would say, in the words of version 1."""
    return {"who": who, "outcome": "well", "place": "home", "topics": [], **changes}


def sealed(said: dict[str, Any] | bytes, entry_id: str | None = None, point: bytes | None = None) -> dict[str, Any]:
    """`id` and `body` of an entry."""
    own = entry_id or str(uuid.uuid4())
    text = said if isinstance(said, bytes) else json.dumps(said).encode()
    point = point or from_b64url(BOX.newest_point)
    return {"id": own, "body": seal(own, text, point, secrets.token_bytes(NONCE_BYTES))}


def entry(said: dict[str, Any] | bytes, actor: str, at: datetime, **changes: Any) -> dict[str, Any]:
    """A whole entry, saved on the phone at an instant."""
    plain = {"kind": "visit", "actor": actor, "client_time": at.isoformat(), "form_version": 1, "tries": 0}
    return {**plain, **sealed(said, changes.pop("id", None), changes.pop("point", None)), **changes}


@dataclass
class Headers:
    """What the script sends beside each entry."""

    token: str
    waiting: str = "0"
    clock: str = ""
    more: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, str]:
        clock = {"X-Outbox-Clock": self.clock} if self.clock else {}
        plain = {"X-Outbox": "1", "X-Outbox-Waiting": self.waiting, "Sec-Fetch-Site": "same-origin"}
        return {"Authorization": f"Device {self.token}", **plain, **clock, **self.more}
