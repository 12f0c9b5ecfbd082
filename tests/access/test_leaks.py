"""Whoever sits on the support side follows every link that they are shown, and meets nothing of any treatment."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from html.parser import HTMLParser
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.access.asking import SUPPORT_ONLY, TREATMENT_WORDS, Doorbell, squeezed, visible
from tests.access.doors import SEES
from tests.access.planted import plant
from tests.access.world import client_at

DESKS = ("volunteer", "volunteer2", "counselor", "community", "nurse/support", "province/support")
# Of these two only the words of their other desk may stand in the page's head; its values may not.
HERE = "http://localhost"
MOST_PAGES = 600
# Attributes by which a page sends a browser somewhere without anybody writing.
LEADS = ("href", "src", "hx-get", "data-href", "data-url", "action")
# Labels of the treatment side, looked for in everything that is sent: attributes, comments and JSON too. English words
# are looked for in what is read only: "/patients/" and "dose" of a class name are the same for everybody.
LABELS = re.compile(
    r"\d\s*(?:mg|ml)\b|\bliều\b|methadone|cấp phát|\buống\b|người bệnh|điều trị|\bthuốc\b|\bHIV\b|bác sĩ|đơn thuốc"
    r"|tạm dừng|tuân thủ|dương tính|bỏ trị",
    re.IGNORECASE,
)  # fmt: skip
# A random reference may end like an amount: "wfwe9jh6s5mg". It has digits, which no word of these pages has.
# So may a token against forged forms, or be cut so by a hyphen: "…Zq-7mg-…".
REFERENCE = re.compile(r"\b(?=[a-z]*[0-9])[a-z0-9]{12}\b|(?<=name=\"csrf_token\" value=\")[\w.-]+")
# What each must have come past, or the crawl proves nothing.
PASSED: dict[str, tuple[str, ...]] = {
    "volunteer": ("/outreach/",),
    "volunteer2": ("/outreach/",),
    "counselor": ("/counseling/", "/tasks/", "/messages/"),
    "community": ("/supervision/",),
    "nurse/support": ("/counseling/", "/tasks/", "/messages/"),
    "province/support": ("/supervision/",),
}


class Leads(HTMLParser):
    """Where a page leads by GET."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form" and (values.get("method") or "get").lower() != "get":
            return
        self.found += [value for name, value in attrs if name in LEADS and value]


def crawl(client: FlaskClient) -> Iterator[tuple[str, TestResponse]]:
    """Every answer to be had by following links from the desk; each address once."""
    waiting, known = ["/", "/manifest.webmanifest", "/account/sessions", "/account/password"], set()
    while waiting:
        address = waiting.pop(0)
        if address in known:
            continue
        known.add(address)
        assert len(known) < MOST_PAGES, f"the pages do not end: {address}"
        answer = client.get(address)
        yield address, answer
        leads = [answer.location] if answer.location else []
        if answer.mimetype == "text/html":
            leads += Leads(answer.text).found
        waiting += [found for lead in leads if (found := own_address(address, lead))]


def own_address(page: str, lead: str) -> str | None:
    """The address within this site, or None for another site, a file of ours, or a place on the same page."""
    parts = urlsplit(urljoin(f"{HERE}{page}", lead))
    if f"{parts.scheme}://{parts.netloc}" != HERE or parts.path.startswith("/static/"):
        return None
    return parts.path + (f"?{parts.query}" if parts.query else "")


def leaks_of(address: str, answer: TestResponse, planted: dict[str, str], desk: str) -> list[str]:
    """What an answer gives away: in its address, its headers, its markup with all attributes, or its JSON."""
    sent = f"{unquote(address)} {answer.headers} {answer.text}"
    text = squeezed(f"{sent} {unescape(sent)}")
    found = [what for mark, what in planted.items() if squeezed(mark) in text]
    if desk in SUPPORT_ONLY:
        label = LABELS.search(REFERENCE.sub("", unescape(sent))) or TREATMENT_WORDS.search(visible(answer.text))
        found += [f"the word {label.group()}"] if label else []
    return [f"{address}: {what}" for what in found]


@pytest.fixture
def planted(door: Doorbell) -> dict[str, str]:
    return plant(door)


@pytest.mark.parametrize("locale", ["vi", "en"])
@pytest.mark.parametrize("desk", DESKS)
def test_no_link_of_the_support_side_leads_to_anything_of_a_treatment(
    door: Doorbell, planted: dict[str, str], desk: str, locale: str
) -> None:
    client, seen, leaks = client_at(door.app, door.world, desk), dict[str, str](), list[str]()
    client.post("/language", data={"csrf_token": door.world.tokens[desk], "locale": locale})
    for address, answer in crawl(client):
        assert answer.status_code < 400, f"{address} is linked to and answers {answer.status_code}"
        seen[address] = answer.text
        leaks += leaks_of(address, answer, planted, desk)
    assert not leaks, "\n".join(leaks)
    for start in PASSED[desk]:
        assert any(address.startswith(start) for address in seen), f"never came to {start}"
    own = [file.ref for file in door.world.files.values() if file.name in SEES[desk]]
    assert own == [ref for ref in own if any(f"/{ref}/" in address for address in seen)], "somebody was not looked at"
    if locale == "vi":
        ensure_crossed(door, desk, seen)


def ensure_crossed(door: Doorbell, desk: str, texts: dict[str, str]) -> None:
    """A control: the very people of the planted treatment files are on these pages, and the request to look in too."""
    names = {"volunteer2": "cong_son", "nurse/support": "cong_son"}
    ref = door.world.files[names.get(desk, "mau_son")].ref
    assert any(f"/{ref}/" in address for address in texts)
    assert any("Ghé thăm" in text or "ghé thăm" in text for text in texts.values())


LEAKY: dict[str, Callable[[str, str], str]] = {
    "in what is read": lambda text, mark: text.replace("</main>", f"<p>{mark}</p></main>"),
    "in a title": lambda text, mark: text.replace("<title>", f"<title>{mark} "),
    "in an attribute": lambda text, mark: text.replace("<main", f'<main data-why="{mark}"'),
    "in a comment": lambda text, mark: text.replace("</main>", f"<!-- {mark} --></main>"),
    "in an address": lambda text, mark: text.replace("</main>", f'<a href="/account/password?of={mark}">x</a></main>'),
    "escaped": lambda text, mark: text.replace("</main>", "".join(f"&#{ord(c)};" for c in mark) + "</main>"),
}
PAGE_OF = {"volunteer": "outreach.index", "counselor": "tasks.index", "community": "supervision.task"}


@pytest.mark.parametrize("way", sorted(LEAKY))
@pytest.mark.parametrize("desk", sorted(PAGE_OF))
def test_a_planted_leak_is_found_wherever_it_stands(
    door: Doorbell, planted: dict[str, str], desk: str, way: str
) -> None:
    """A control, for values and for labels: without it, silence would mean nothing."""
    file, views = door.world.files["both"], door.app.view_functions
    own = views[PAGE_OF[desk]]
    for mark in (file.values["ref"], "Zqstationalone", "60 mg", "điểm cấp phát"):

        def leaky(mark: str = mark, **values: str) -> str:
            return LEAKY[way](str(own(**values)), mark)

        leaky.permission = own.permission  # type: ignore[attr-defined]  # as the doorkeeper wants it
        views[PAGE_OF[desk]] = leaky
        try:
            client = client_at(door.app, door.world, desk)
            assert any(leaks_of(address, answer, planted, desk) for address, answer in crawl(client)), mark
        finally:
            views[PAGE_OF[desk]] = own
