"""Field encryption and blind indexes. Keys come from DATA_KEYS, newest first, and never enter the database.

A sealed field is `version (1) · key id (4) · nonce (12) · AES-256-GCM`, bound by its associated data to
`table:column:row`, so that a ciphertext copied to another row or column does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = b"\x01"
KEY_ID_BYTES = 4
NONCE_BYTES = 12
TOKEN_BYTES = 16
HEAD_BYTES = len(VERSION) + KEY_ID_BYTES


class CannotOpen(Exception):  # noqa: N818 - says what happened
    """The field was sealed with a key that is not in DATA_KEYS, was damaged, or belongs to another row."""


def key_id(key: bytes) -> bytes:
    """Tells keys apart without telling the key."""
    return hashlib.sha256(b"diem-tua key id" + key).digest()[:KEY_ID_BYTES]


class Vault:
    """Seals with the newest key, opens with any of them."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self.newest_id = key_id(keys[0])
        self._ciphers = {key_id(key): AESGCM(key) for key in keys}
        self._index_keys = {key_id(key): _index_key(key) for key in keys}
        # A list of 300 names is shown every few seconds; opening each once is enough.
        self._open = lru_cache(maxsize=20_000)(self._decrypt)

    def seal(self, field: str, row: str, text: str | None) -> bytes | None:
        """Encrypt `text` for `table:column` `field` and the row's own random reference. None stays None."""
        return None if text is None else self.seal_bytes(field, row, text.encode())

    def seal_bytes(self, field: str, row: str, data: bytes) -> bytes:
        """The same for a file."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self.newest_id].encrypt(nonce, data, f"{field}:{row}".encode())
        return VERSION + self.newest_id + nonce + sealed

    def open(self, field: str, row: str, sealed: bytes | None) -> str | None:
        """The text again. Raises CannotOpen."""
        return None if sealed is None else self._open(f"{field}:{row}", bytes(sealed))

    def open_bytes(self, field: str, row: str, sealed: bytes) -> bytes:
        """The file again; unlike short texts it is not remembered. Raises CannotOpen."""
        return self._decrypt_bytes(f"{field}:{row}", bytes(sealed))

    def is_newest(self, sealed: bytes | None) -> bool:
        return sealed is None or bytes(sealed[len(VERSION) : HEAD_BYTES]) == self.newest_id

    def token(self, kind: str, value: str) -> bytes:
        """Blind index of `value` under the newest key: equal values of one kind give equal tokens."""
        return self._token(self.newest_id, kind, value)

    def tokens(self, kind: str, value: str) -> list[bytes]:
        """The same under every key, newest first, for searching while keys are being rotated."""
        return [self._token(name, kind, value) for name in self._index_keys]

    def _token(self, name: bytes, kind: str, value: str) -> bytes:
        digest = hmac.digest(self._index_keys[name], f"{kind}\x00{value}".encode(), "sha256")
        return digest[:TOKEN_BYTES]

    def _decrypt(self, bound_to: str, sealed: bytes) -> str:
        return self._decrypt_bytes(bound_to, sealed).decode()

    def _decrypt_bytes(self, bound_to: str, sealed: bytes) -> bytes:
        cipher = self._ciphers.get(sealed[len(VERSION) : HEAD_BYTES])
        if cipher is None or sealed[: len(VERSION)] != VERSION:
            raise CannotOpen("sealed with a key that is not in DATA_KEYS")
        nonce, body = sealed[HEAD_BYTES : HEAD_BYTES + NONCE_BYTES], sealed[HEAD_BYTES + NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, body, bound_to.encode())
        except InvalidTag:
            raise CannotOpen("damaged, or moved from another row") from None


def _index_key(key: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"diem-tua blind index").derive(key)
