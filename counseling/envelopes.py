"""Entries that a phone has sealed to our public key: opened with one of OUTBOX_KEYS, which never enter the database.

ECDH on P-256 with a key of the entry's own, HKDF-SHA-256, AES-256-GCM bound to the entry's id: what a browser can do.
Whoever has the phone, its owner too, cannot read back what was saved on it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()
INFO = b"diem-tua outbox 1"
NONCE_BYTES = 12
KEY_ID = re.compile(r"[0-9a-f]{8}")


class KeyGone(Exception):  # noqa: N818 - says what happened
    """Sealed to a key that is not in OUTBOX_KEYS (any more)."""


class Unreadable(Exception):  # noqa: N818 - says what happened
    """Damaged, changed on the way, or of another entry."""


class Letterbox:
    """Opens what was sealed to any of the keys; phones get the newest one's public half."""

    def __init__(self, scalars: Sequence[bytes]) -> None:
        keys = [ec.derive_private_key(int.from_bytes(scalar, "big"), CURVE) for scalar in scalars]
        points = [key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint) for key in keys]
        self._keys = {key_id(point): key for point, key in zip(points, keys, strict=True)}
        self.newest_id = key_id(points[0])
        self.newest_point = to_b64url(points[0])

    def open(self, entry_id: str, body: Mapping[str, Any]) -> bytes:
        """The entry's text. Raises KeyGone or Unreadable."""
        name = body.get("key")
        if not isinstance(name, str) or not KEY_ID.fullmatch(name):
            raise Unreadable
        key = self._keys.get(name)
        if key is None:
            raise KeyGone
        try:
            point, nonce, data = (from_b64url(body.get(part)) for part in ("epk", "iv", "data"))
            sender = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point)
            if len(nonce) != NONCE_BYTES:
                raise Unreadable
            return AESGCM(_shared(key.exchange(ec.ECDH(), sender))).decrypt(nonce, data, entry_id.encode())
        except (ValueError, InvalidTag):
            raise Unreadable from None


def key_id(point: bytes) -> str:
    """Names a key by its public half."""
    return hashlib.sha256(point).hexdigest()[:8]


def is_scalar(raw: bytes) -> bool:
    """Whether 32 bytes are a private key of the curve; all but a few in 2^32 are."""
    try:
        ec.derive_private_key(int.from_bytes(raw, "big"), CURVE)
    except ValueError:
        return False
    return True


def seal(entry_id: str, text: bytes, point: bytes, nonce: bytes) -> dict[str, str]:
    """What the phone's script does; here for tests and campaigns that play a phone."""
    own = ec.generate_private_key(CURVE)
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point))
    data = AESGCM(_shared(shared)).encrypt(nonce, text, entry_id.encode())
    mine = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return {"key": key_id(point), "epk": to_b64url(mine), "iv": to_b64url(nonce), "data": to_b64url(data)}


def to_b64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def from_b64url(text: object) -> bytes:
    """Raises ValueError for what is none."""
    if not isinstance(text, str) or not text.isascii():
        raise ValueError("no base64url")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("no base64url") from None


def _shared(secret: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=INFO).derive(secret)
