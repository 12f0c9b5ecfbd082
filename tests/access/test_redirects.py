"""Whoever signs in or changes the language is sent to a page of ours, whatever the form says."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.access.asking import Doorbell, token_of_stranger
from tests.access.world import client_at
from tests.support.cast import PASSWORD

ELSEWHERE = (
    "//evil.example", "///evil.example", "////evil.example/", "https://evil.example", "http:evil.example",
    "https:///evil.example", "\\\\evil.example", "/\\evil.example", "\\/evil.example", "/\t/evil.example",
    "/\n/evil.example", "\t//evil.example", " //evil.example", "/%09/evil.example\t", "javascript:alert(1)",
    "JaVaScRiPt:alert(1)", "data:text/html,x", "//evil.example@localhost", "https://localhost@evil.example",
    "/..//evil.example", "/./\\evil.example", "evil.example", "?next=//evil.example", "/\x00/evil.example",
    "/　/evil.example", "／／evil.example", "/\u2028/evil.example", "//[::1]/", "/ /evil.example",
    "\r\nSet-Cookie: a=b",
    "/x\r\nSet-Cookie: a=b",
)  # fmt: skip


def is_ours(location: str) -> bool:
    parts = urlsplit(location)
    rest = location.replace("\\", "/")
    return not parts.scheme and not parts.netloc and rest.startswith("/") and not rest.startswith("//")


@pytest.mark.parametrize("target", ELSEWHERE)
def test_signing_in_leads_nowhere_else(door: Doorbell, target: str) -> None:
    client = door.app.test_client()
    data = {"csrf_token": token_of_stranger(client), "username": "dispenser", "password": PASSWORD, "next": target}
    answer = client.post("/login", data=data)
    assert answer.status_code == (400 if "\x00" in target else 303)
    assert is_ours(answer.location or "/"), answer.location
    assert "a=b" not in str(answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize("target", ELSEWHERE)
def test_the_other_ways_round_lead_nowhere_else(door: Doorbell, target: str) -> None:
    signed_in = client_at(door.app, door.world, "nurse")
    answers = [
        signed_in.get("/login", query_string={"next": target}),
        door.ring("nurse", "account.language", locale="vi", next=target),
        door.ring(None, "account.language", locale="vi", next=target),
        door.ring("admin", "admin.end_session", "known", next=target),
    ]
    for answer in answers:
        assert answer.status_code == (400 if "\x00" in target else 303)
        assert is_ours(answer.location or "/"), answer.location


def test_ones_own_pages_are_reached_again(door: Doorbell) -> None:
    """A control: the paths that the doorkeeper itself sends along are followed."""
    client = client_at(door.app, door.world, "dispenser")
    for path in ("/station/", "/patients/?page=2", f"/patients/{door.world.files['dong_kinh'].ref}/"):
        assert client.get("/login", query_string={"next": path}).location == path
