"""A file encrypted in pieces, of any size in little memory, in which every change shows.

`DTB1 · length of header (4) · header (JSON, readable) · pieces`. A piece is AES-256-GCM of one MiB, the last one
shorter. Its nonce is its number and a byte that is 1 in the last piece only (the STREAM construction of Hoang,
Reyhanitabar, Rogaway and Vizár, 2015): pieces that are missing, swapped, repeated or cut off at the end do not open.
The key is made for this one file from BACKUP_KEY and the whole header, which holds a random salt, so a changed
header opens nothing either.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from counseling.vault import key_id

MAGIC = b"DTB1"
PIECE = 1024 * 1024
TAG = 16
SALT_BYTES = 16
LONGEST_HEADER = 4096
LENGTH = struct.Struct(">I")


class NotOurs(Exception):  # noqa: N818 - says what is the case
    """The file does not begin as one of ours does."""


class OtherKey(Exception):  # noqa: N818
    """The file was written with another key."""


class Damaged(Exception):  # noqa: N818
    """Something in the file was changed, or some of it is missing."""


class SealedWriter:
    """Writes one file; nothing opens before `finish()` has written the last piece."""

    def __init__(self, file: BinaryIO, key: bytes, about: Mapping[str, str]) -> None:
        header = {**about, "key": key_id(key).hex(), "salt": os.urandom(SALT_BYTES).hex()}
        encoded = json.dumps(header, sort_keys=True).encode()
        file.write(MAGIC + LENGTH.pack(len(encoded)) + encoded)
        self._file = file
        self._cipher = _cipher(key, encoded)
        self._number = 0
        self._waiting = bytearray()

    def write(self, data: bytes | bytearray) -> None:
        self._waiting += data
        while len(self._waiting) > PIECE:  # never the last byte: the last piece is written by finish()
            self._put(bytes(self._waiting[:PIECE]), is_last=False)
            del self._waiting[:PIECE]

    def finish(self) -> None:
        self._put(bytes(self._waiting), is_last=True)

    def _put(self, piece: bytes, *, is_last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, is_last), piece, None))
        self._number += 1


class SealedReader:
    """Reads one file. Raises NotOurs or OtherKey at once, Damaged as soon as a piece does not open.

    What has been read is the file's true beginning; only an end without Damaged says that it is the whole.
    """

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        encoded = _read_header(file)
        try:
            self.about: dict[str, str] = json.loads(encoded)
            written_with = self.about["key"]
        except (ValueError, TypeError, KeyError):
            raise Damaged from None
        if written_with != key_id(key).hex():
            raise OtherKey
        self._pieces = _open_pieces(file, _cipher(key, encoded))
        self._rest = b""

    def pieces(self) -> Iterator[bytes]:
        """What has not been read yet, piece by piece."""
        if self._rest:
            yield self._rest
            self._rest = b""
        yield from self._pieces

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes, or nothing at the end; an end in between is Damaged."""
        while len(self._rest) < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._rest += piece
        if 0 < len(self._rest) < size:
            raise Damaged
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


def _read_header(file: BinaryIO) -> bytes:
    if file.read(len(MAGIC)) != MAGIC:
        raise NotOurs
    packed = file.read(LENGTH.size)
    length = LENGTH.unpack(packed)[0] if len(packed) == LENGTH.size else LONGEST_HEADER + 1
    encoded = file.read(min(length, LONGEST_HEADER))
    if len(encoded) != length:
        raise Damaged
    return encoded


def _open_pieces(file: BinaryIO, cipher: AESGCM) -> Iterator[bytes]:
    number, sealed = 0, file.read(PIECE + TAG)
    while True:
        following = file.read(PIECE + TAG)
        try:
            yield cipher.decrypt(_nonce(number, is_last=not following), sealed, None)
        except InvalidTag:
            raise Damaged from None
        if not following:
            return
        number, sealed = number + 1, following


def _cipher(key: bytes, header: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"diem-tua backup\x00" + header).derive(key))


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])
