"""`/outbox` over HTTP: who is let in, what is answered, and that nothing that can be sent breaks it."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from counseling.database import db
from counseling.envelopes import from_b64url, seal
from counseling.models.phone_entries import PhoneToken
from counseling.routes.outbox import phone_data
from tests.outbox.story import contacts, entries, waiting
from tests.outreach.story import someone
from tests.support.cast import Cast, csrf_token, post, sign_in
from tests.support.phone import BOX, Headers, entry, visit
from tests.support.settings import MORNING

NOW = MORNING + timedelta(hours=5)
SAVED = MORNING + timedelta(hours=3)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture(autouse=True)
def late_morning(cast: Cast, start_clock_at) -> Iterator[None]:  # type: ignore[no-untyped-def]
    start_clock_at(NOW)
    yield


@pytest.fixture
def phone(app: Flask) -> tuple[Headers, str]:
    """A volunteer's phone after sign-in: what it shows, and who it writes for. Nobody is signed in any more."""
    client = app.test_client()
    sign_in(client, "volunteer")
    answer = post(client, "/outbox/device")
    assert answer.status_code == 200 and answer.is_json
    told = answer.json
    assert told.keys() == {"token", "expires_at", "actor"}
    post(client, "/logout")
    return Headers(told["token"]), told["actor"]


def send(app: Flask, headers: Headers, body: Any, **more: str) -> TestResponse:
    """As the page's script does, from a browser without any cookie."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    all_headers = {**headers.as_dict(), "Content-Type": "application/json", **more}
    return app.test_client().post("/outbox", data=raw, headers=all_headers)


def test_an_entry_is_taken_from_a_phone_on_which_nobody_is_signed_in(
    app: Flask, session: Session, cast: Cast, phone: tuple[Headers, str]
) -> None:
    headers, actor = phone
    person = someone(session, cast)
    letter = entry(visit(person.ref), actor, SAVED)
    for result in ("stored", "already"):
        answer = send(app, headers, letter)
        assert (answer.status_code, answer.json) == (200, {"id": letter["id"], "result": result})
    lost = entry(visit("nobodyknows"), actor, SAVED)
    assert send(app, headers, lost).json == {"id": lost["id"], "result": "quarantined"}
    assert len(contacts(session)) == 1


def test_the_page_tells_the_phone_whose_it_is_and_what_to_seal_to(app: Flask, cast: Cast) -> None:
    with app.test_request_context():
        told = {who: phone_data(cast.viewer_of(who)) for who in ("volunteer", "counselor", "dispenser")}
        assert phone_data(None) is None
        db.session.remove()
    assert told["counselor"] is None and told["dispenser"] is None
    data = told["volunteer"]
    assert data is not None
    point = from_b64url(data["outbox_key"]["point"])
    assert data["outbox_key"]["id"] == BOX.newest_id and len(point) == 65
    entry_id = str(uuid.uuid4())
    assert BOX.open(entry_id, seal(entry_id, b"x", point, bytes(12))) == b"x"
    assert re.fullmatch(r"[0-9a-f]{32}", data["actor"]) and data["form_version"] == 1


@pytest.mark.parametrize(
    "shown",
    ["", "Device", "Device ", "Bearer {}", "Device {}x", "Device ễ", "Device " + "a" * 500, "device {}"],
)  # fmt: skip
@pytest.mark.parametrize("body", [b"", b"{}", b"x" * 20_000])
def test_without_a_token_everybody_is_answered_alike_whatever_they_send(
    app: Flask, session: Session, phone: tuple[Headers, str], shown: str, body: bytes
) -> None:
    token = phone[0].token
    answer = send(app, phone[0], body, Authorization=shown.format(token).encode().decode("latin-1"))
    assert (answer.status_code, answer.json) == (401, {"revoked": False})
    assert not entries(session)


def test_a_revoked_phone_is_told_so_and_no_other(app: Flask, session: Session, phone: tuple[Headers, str]) -> None:
    client = app.test_client()
    sign_in(client, "volunteer")
    page = client.get("/account/sessions").text
    (address,) = re.findall(r'action="(/account/phones/\d+/revoke)"', page)
    assert post(client, address).status_code == 303
    assert "Máy được gửi" not in client.get("/account/sessions").text
    answer = send(app, phone[0], {})
    assert (answer.status_code, answer.json) == (401, {"revoked": True})


def test_a_phone_with_nothing_to_send_asks_whether_it_was_signed_out(
    app: Flask, session: Session, phone: tuple[Headers, str]
) -> None:
    headers = {**phone[0].as_dict(), "Content-Type": "application/json"}
    asks = app.test_client()
    assert asks.post("/outbox/alive", headers=headers).json == {"alive": True}
    assert asks.post("/outbox/alive", headers={**headers, "X-Outbox": "0"}).status_code == 400
    unknown = asks.post("/outbox/alive", headers={**headers, "Authorization": "Device nobodys"})
    assert (unknown.status_code, unknown.json) == (401, {"revoked": False})
    client = app.test_client()
    sign_in(client, "volunteer")
    (address,) = re.findall(r'action="(/account/phones/\d+/revoke)"', client.get("/account/sessions").text)
    post(client, address)
    answer = asks.post("/outbox/alive", headers=headers)
    assert (answer.status_code, answer.json) == (401, {"revoked": True})
    session.rollback()
    assert session.scalars(select(PhoneToken.heard_at)).all() == [None], "a question writes nothing"


@pytest.mark.parametrize(
    "wrong",
    [
        {"X-Outbox": "0"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
    ],
)
def test_what_another_site_could_make_a_browser_send_is_not_taken(
    app: Flask, session: Session, phone: tuple[Headers, str], wrong: dict[str, str]
) -> None:
    answer = send(app, phone[0], entry(visit("x"), phone[1], SAVED), **wrong)
    assert (answer.status_code, answer.is_json) == (400, True)
    assert not entries(session)
    own = send(app, phone[0], entry(visit("x"), phone[1], SAVED), Origin="http://localhost")
    assert own.status_code == 200


def test_too_much_is_not_read(app: Flask, phone: tuple[Headers, str]) -> None:
    answer = send(app, phone[0], b'{"id": "' + b"a" * 17_000)
    assert (answer.status_code, answer.is_json) == (413, True)


def test_so_many_an_hour_and_then_a_time_to_wait(
    app: Flask, phone: tuple[Headers, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("counseling.services.phone_entries.MOST_NEW_IN_AN_HOUR", 1)
    answers = [send(app, phone[0], entry(visit("x"), phone[1], SAVED)) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert 0 < answers[1].json["wait_seconds"] <= 3601
    assert answers[1].headers["Retry-After"] == str(answers[1].json["wait_seconds"])


def test_a_broken_server_says_so_to_a_script_and_not_with_a_page(
    app: Flask, phone: tuple[Headers, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> str:
        raise OSError

    monkeypatch.setattr("counseling.routes.outbox.take_entry", broken)
    answer = send(app, phone[0], entry(visit("x"), phone[1], SAVED))
    assert (answer.status_code, answer.json) == (500, {"error": "broken"})


def test_a_token_opens_no_page(app: Flask, phone: tuple[Headers, str]) -> None:
    client: FlaskClient = app.test_client()
    for address in ("/outreach/", "/account/sessions", "/", "/teams/"):
        answer = client.get(address, headers=phone[0].as_dict())
        assert answer.status_code == 303 and answer.location.startswith("/login")
    assert client.post("/outbox/device", headers=phone[0].as_dict()).status_code in (303, 400)


def test_the_way_to_a_token_asks_for_the_form_token(app: Flask) -> None:
    client = app.test_client()
    sign_in(client, "volunteer")
    assert client.post("/outbox/device").status_code == 400
    told = client.post("/outbox/device", headers={"X-CSRFToken": csrf_token(client)})
    assert told.status_code == 200


odd_text = st.text(max_size=60) | st.sampled_from(["\x00", "\ud800", "9" * 50, "2026-13-40", "null", "[" * 50])
odd = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | odd_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(odd_text, inner, max_size=4),
    max_leaves=8,
)
FIELDS = ("id", "kind", "actor", "client_time", "form_version", "tries", "body")
SAID = (
    "who", "said", "outcome", "place", "topics", "needs", "mood", "agreed", "next_on", "danger", "task", "corrects",
    "behalf_of", "people", "minutes", "km",
)  # fmt: skip


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_entry_breaks_the_door(
    app: Flask, session: Session, cast: Cast, phone: tuple[Headers, str], data: st.DataObject
) -> None:
    """Anything around it is answered 400, anything inside is kept: never 500, and nothing of nobody's."""
    person = someone(session, cast) if not hasattr(app, "somebody") else app.somebody
    app.somebody = person  # type: ignore[attr-defined]
    kind = data.draw(st.sampled_from(["visit", "correction", "group", "else"]))
    changes = data.draw(st.dictionaries(st.sampled_from(SAID), odd, max_size=5))
    said = visit(person.ref, **{name: value for name, value in changes.items() if name != "who"})
    said |= {"who": changes["who"]} if "who" in changes else {}
    text = json.dumps(said).encode()[:6000]
    letter = entry(text, phone[1], SAVED, kind=kind)
    around = data.draw(st.dictionaries(st.sampled_from(FIELDS), odd, max_size=2))
    odd_headers = data.draw(
        st.fixed_dictionaries(
            {},
            optional={
                "X-Outbox-Waiting": st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40),
                "X-Outbox-Clock": st.sampled_from(["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "x", "²"]),
            },
        )
    )
    answer = send(app, phone[0], json.dumps({**letter, **around}).encode(), **odd_headers)
    assert answer.is_json and answer.status_code in ((200, 400) if around else (200,)), answer.text
    if answer.status_code == 200:
        stood = {row.entry_id: row for row in entries(session)}
        row = stood[answer.json["id"]]
        left = [one for one in waiting(session) if one.entry_id == row.id]
        assert (answer.json["result"] == "quarantined") == bool(left)
        for contact in contacts(session):
            assert contact.recorded_by_id == cast.staff["volunteer"] and contact.patient_id == person.id
