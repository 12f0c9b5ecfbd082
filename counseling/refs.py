"""Random references and keys: what may stand in an address tells nothing and cannot be guessed."""

from __future__ import annotations

import secrets

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
REF_LENGTH = 12  # 31^12, about 59 bits, behind a scoped query


def new_ref() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(REF_LENGTH))


def new_request_key() -> str:
    """Made with a form; a form that is sent twice with the same key is answered with the first result."""
    return secrets.token_hex(16)
