"""The other end of a phone's outbox, as the contract of forms says it: takes entries, opens them, answers receipts."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask, Response, abort, g, jsonify, request

from counseling.clock import utc_now
from counseling.permissions import Permission, RoleKind, Viewer, public, requires


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def actor_of(staff_id: int) -> str:
    return hashlib.sha256(f"actor {staff_id}".encode()).hexdigest()[:16]


@dataclass
class Receiver:
    """`refuses`: status and body for every entry, `retry_after`: seconds told with it; `result`: what a new entry is
    answered; `tokens`: who holds which; `revoked`: of whom they are worth nothing any more."""

    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    refuses: tuple[int, dict[str, Any]] | None = None
    retry_after: int | None = None
    result: str = "stored"
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)

    @property
    def point(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def key_id(self) -> str:
        return hashlib.sha256(self.point).hexdigest()[:8]

    def phone_data(self, viewer: Viewer) -> dict[str, Any] | None:
        if viewer.kind is not RoleKind.VOLUNTEER:
            return None
        key = {"id": self.key_id, "point": b64url(self.point)}
        return {
            "actor": actor_of(viewer.staff_id),
            "outbox_key": key,
            "form_version": 1,
            "as_of": utc_now().isoformat(),
        }

    def opened(self, entry: dict[str, Any]) -> dict[str, Any]:
        """What stands in a sealed entry. Raises where it is not sealed to this key, or for another id."""
        body = entry["body"]
        assert body["key"] == self.key_id
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64url(body["epk"]))
        shared = self.private.exchange(ec.ECDH(), theirs)
        key = HKDF(hashes.SHA256(), 32, salt=b"", info=b"diem-tua outbox 1").derive(shared)
        said: dict[str, Any] = json.loads(
            AESGCM(key).decrypt(unb64url(body["iv"]), unb64url(body["data"]), entry["id"].encode())
        )
        return said

    def receive(self) -> tuple[Response, int]:
        bearer = request.headers.get("Authorization", "").removeprefix("Device ")
        if request.headers.get("X-Outbox") != "1" or bearer not in self.tokens:
            return jsonify(error="no device"), 401
        if self.tokens[bearer] in self.revoked:
            return jsonify(revoked=True), 401
        if self.refuses:
            refusal = jsonify(self.refuses[1])
            if self.retry_after is not None:
                refusal.headers["Retry-After"] = str(self.retry_after)
            return refusal, self.refuses[0]
        entry = request.get_json()
        assert self.tokens[bearer] == entry["actor"], "an entry is sent with the token of whoever wrote it"
        result = "already" if entry["id"] in self.stored else self.result
        self.stored.setdefault(entry["id"], entry)
        return jsonify(id=entry["id"], result=result), 200

    def answer_alive(self) -> tuple[Response, int]:
        bearer = request.headers.get("Authorization", "").removeprefix("Device ")
        actor = self.tokens.get(bearer)
        return jsonify(revoked=actor in self.revoked), 200 if actor and actor not in self.revoked else 401

    def give_token(self) -> Response:
        if request.headers.get("X-Outbox") != "1":
            abort(400)
        token = secrets.token_urlsafe(16)
        self.tokens[token] = actor_of(g.viewer.staff_id)
        return jsonify(token=token, expires_at=(utc_now() + timedelta(days=90)).isoformat())


def attach(app: Flask) -> Receiver:
    """Put this one at the addresses of an application's outbox: what a phone meets is then for the story to say."""
    receiver = Receiver()

    @public
    def receive() -> tuple[Response, int]:
        return receiver.receive()

    @public
    def alive() -> tuple[Response, int]:
        return receiver.answer_alive()

    @requires(Permission.LOG_CONTACT)
    def give_token() -> Response:
        return receiver.give_token()

    endpoints = {rule.rule: rule.endpoint for rule in app.url_map.iter_rules()}
    for address, view in (("/outbox", receive), ("/outbox/alive", alive), ("/outbox/device", give_token)):
        if address in endpoints:
            app.view_functions[endpoints[address]] = view
        else:
            app.add_url_rule(address, f"received.{view.__name__}", view, methods=["POST"])
    for door in (receive, alive):
        app.extensions["csrf"].exempt(door)
    app.extensions["phone"] = receiver.phone_data
    return receiver
