"""What a browser's WebCrypto seals is opened here, and nothing that was changed, moved or sealed to another key."""

from __future__ import annotations

import json
import subprocess
import uuid

import pytest

from counseling.envelopes import KeyGone, Letterbox, Unreadable, from_b64url, is_scalar, seal, to_b64url

OLD, NEW = bytes([3]) * 32, bytes([9]) * 32
BOX = Letterbox([OLD])
ENTRY = str(uuid.UUID(int=7, version=4))
# The contract in a browser's own words; the page's script is tried in a browser.
SCRIPT = """
const [id, text, point] = process.argv.slice(1), { subtle } = crypto, bytes = (t) => new TextEncoder().encode(t);
const b64 = (raw) => Buffer.from(raw).toString("base64url"), curve = { name: "ECDH", namedCurve: "P-256" };
(async () => {
  const theirs = await subtle.importKey("raw", Buffer.from(point, "base64url"), curve, false, []);
  const own = await subtle.generateKey(curve, true, ["deriveBits"]);
  const bits = await subtle.deriveBits({ name: "ECDH", public: theirs }, own.privateKey, 256);
  const shared = await subtle.importKey("raw", bits, "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: bytes("diem-tua outbox 1") };
  const key = await subtle.deriveKey(how, shared, { name: "AES-GCM", length: 256 }, false, ["encrypt"]);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const data = await subtle.encrypt({ name: "AES-GCM", iv, additionalData: bytes(id) }, key, bytes(text));
  const name = Buffer.from(await subtle.digest("SHA-256", Buffer.from(point, "base64url"))).toString("hex");
  const epk = b64(await subtle.exportKey("raw", own.publicKey));
  console.log(JSON.stringify({ key: name.slice(0, 8), epk, iv: b64(iv), data: b64(data) }));
})();
"""


def test_what_webcrypto_seals_is_opened() -> None:
    text = '{"said": "anh sửa xe"}'
    command = ["node", "-e", SCRIPT, ENTRY, text, BOX.newest_point]
    body = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert BOX.open(ENTRY, body).decode() == text


def test_what_was_changed_or_belongs_to_another_entry_is_not_opened() -> None:
    body = seal(ENTRY, b"x" * 40, from_b64url(BOX.newest_point), bytes(12))
    assert BOX.open(ENTRY, body) == b"x" * 40
    with pytest.raises(Unreadable):
        BOX.open(str(uuid.UUID(int=8, version=4)), body)
    for part in ("epk", "iv", "data"):
        raw = bytearray(from_b64url(body[part]))
        raw[len(raw) // 2] ^= 1
        for changed in (to_b64url(bytes(raw)), to_b64url(bytes(raw[:-1])), "", "=", "ễ", None, 7, "AAAA"):
            with pytest.raises(Unreadable):
                BOX.open(ENTRY, {**body, part: changed})


def test_a_key_that_is_gone_is_told_from_an_entry_that_is_broken() -> None:
    body = seal(ENTRY, b"x", from_b64url(Letterbox([NEW]).newest_point), bytes(12))
    with pytest.raises(KeyGone):
        BOX.open(ENTRY, body)
    both = Letterbox([NEW, OLD])
    assert both.open(ENTRY, body) == b"x" and both.newest_id == body["key"]


def test_not_every_32_bytes_are_a_key() -> None:
    assert is_scalar(OLD)
    assert not is_scalar(bytes(32)) and not is_scalar(b"\xff" * 32)
