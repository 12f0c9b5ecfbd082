"""Ring at a door as somebody, and look at all of the answer: headers, cookies, markup, and whose marks it holds."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from html.parser import HTMLParser
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, event
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from counseling.database import db
from counseling.headers import security_headers
from counseling.models.base import Base
from tests.access.doors import DOORS, READS, SEES, Door
from tests.access.world import SESSION_COOKIE, World, client_at

# What a volunteer may not even infer. "Người được hỗ trợ" is the word of that side.
TREATMENT_WORDS = re.compile(
    r"\d\s*(mg|ml)\b|\bliều\b|methadone|cấp phát|uống|người bệnh|điều trị|\bthuốc\b|\bHIV\b|bác sĩ|đơn thuốc"
    r"|\bdoses?\b|patient|treatment|dispens|\bdrug",
    re.IGNORECASE,
)
SUPPORT_ONLY = (
    "volunteer",
    "volunteer2",
    "counselor",
    "community",
)  # whoever has a desk of the other side reads its name
UNKNOWN = "unknown"
EMPTY_REF = "zzzzzzzzzzzz"
_WRITES = re.compile(
    r"\s*(INSERT|UPDATE|DELETE|REPLACE)\b|\s*WITH\b.*\b(INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b",
    re.IGNORECASE | re.DOTALL,
)


class Doorbell:
    """Requests of everybody to everything in one world."""

    reset: Callable[[], None]
    untouched: dict[str, str]  # the fingerprint of the world that every test begins with

    def __init__(self, app: Flask, world: World) -> None:
        self.app = app
        self.world = world
        self._addresses = app.url_map.bind("localhost")
        self.rules: dict[str, Rule] = {rule.endpoint: rule for rule in app.url_map.iter_rules()}

    @cached_property
    def _strangers(self) -> tuple[str, str]:
        """The cookie and the form token of somebody who has seen the sign-in page and nothing else."""
        client = self.app.test_client()
        token = token_of_stranger(client)
        cookie = client.get_cookie(SESSION_COOKIE)
        assert cookie is not None
        return cookie.value, token

    def stranger(self) -> FlaskClient:
        client = self.app.test_client()
        client.set_cookie(SESSION_COOKIE, self._strangers[0], domain="localhost", secure=True, httponly=True)
        return client

    def method(self, endpoint: str) -> str:
        return "POST" if "POST" in (self.rules[endpoint].methods or ()) else "GET"

    def address(self, endpoint: str, target: str = "") -> str:
        values = self.values(DOORS[endpoint], target)
        wanted = self.rules[endpoint].arguments
        if endpoint == "static":
            with self.app.test_request_context(base_url="http://localhost"):
                return str(self.app.jinja_env.globals["static_url"]("app.css"))  # type: ignore[operator]
        return self._addresses.build(endpoint, {name: values[name] for name in wanted})

    def values(self, door: Door, target: str) -> dict[str, Any]:
        if door.about == "house":
            return dict(door.values(None if target == UNKNOWN else self.world))
        file = self.world.files.get(target)
        if door.about == "upload":
            return {"ref": file.values["upload"] if file and file.side == "treatment" else EMPTY_REF, "number": 1}
        if door.about == "text":
            return {"ref": file.values["text"] if file else EMPTY_REF}
        # Of an unknown or a support file the other values are real ones of a stranger: only the reference is in doubt.
        nobody = {"ref": EMPTY_REF, "task_id": 987_654} if not file else {}
        base = {"appointment": EMPTY_REF, "words": "texts", **self.world.files["dong_kinh"].values, **nobody}
        if file and file.side == "support":
            return {**base, "task_id": 987_654, **file.values}
        return {**base, **(file.values if file else {})}

    def form(self, endpoint: str, target: str, desk: str | None) -> dict[str, Any]:
        door = DOORS[endpoint]
        file = self.world.files.get(target)
        stand_in = file if file and file.side == "treatment" else self.world.files["dong_kinh"]
        if door.about == "sheet":
            return {"ref": file.ref if file else EMPTY_REF}
        return dict(door.form(self.world, stand_in, desk or "dispenser")) if door.form else {}

    def ring(
        self, desk: str | None, endpoint: str, target: str = "", /, *, htmx: bool = False, **fields: Any
    ) -> TestResponse:
        """Ask as somebody at `desk` (None: not signed in), and look at the answer from all sides but its status."""
        client = client_at(self.app, self.world, desk) if desk else self.stranger()
        url, form = self.address(endpoint, target), self.form(endpoint, target, desk)
        headers = {"HX-Request": "true"} if htmx else {}
        if self.method(endpoint) == "GET":
            answer = client.get(url, headers=headers)
        else:
            token = self.world.tokens[desk] if desk else self._strangers[1]
            data = {"csrf_token": token, **form, **fields}
            answer = client.post(url, data=data, headers=headers)
        where = f"{endpoint} {target} as {desk or 'nobody'}"
        check_headers(answer, where)
        check_markup(answer, where)
        sent = {url, *map(str, fields.values()), *map(str, form.values())}
        self.check_marks(answer, desk, sent, where)
        return answer

    def check_marks(self, answer: TestResponse, desk: str | None, sent: set[str], where: str) -> None:
        """Nothing of a file that this desk may not read, in the body or in a header."""
        text = (
            f"{answer.headers} {answer.text}" if answer.mimetype.startswith(("text/html", "application/json")) else ""
        )
        door = DOORS.get(where.split()[0], Door())
        sees, reads = (SEES[desk], READS[desk] | door.shows) if desk else (set(), set())
        shown = squeezed(text)
        asked = squeezed(" ".join(sent))
        leaks = [
            f"{what} of {file.name}"
            for file in self.world.files.values()
            for mark, what in file.marks.items()
            if _squeezed_mark(mark) in shown and _squeezed_mark(mark) not in asked
            if file.name not in sees or what not in reads
        ]
        assert not leaks, f"{where}: {leaks}"
        if desk in SUPPORT_ONLY and answer.mimetype == "text/html" and answer.status_code not in (301, 303, 308):
            found = TREATMENT_WORDS.search(visible(answer.text))
            assert not found, f"{where} speaks of treatment: {found.group()}"

    def outside(self, desk: str, door: Door) -> list[str]:
        """The targets that a desk must not reach: all of them where it may come in, a choice where it may not."""
        if desk in door.desks or door.about in ("", "house"):
            return [target for target in self.targets(door) if target not in self.within(desk, door)]
        return list(dict.fromkeys([*sorted(SEES[desk])[:1], "both", UNKNOWN]))

    def targets(self, door: Door) -> list[str]:
        if door.about == "house":
            return ["known", UNKNOWN]
        return [*self.world.files, UNKNOWN] if door.about else [""]

    def within(self, desk: str, door: Door) -> list[str]:
        """The targets that a desk is let in for."""
        if door.about == "house":
            return ["known"] if desk in door.desks else []
        if not door.about:
            return [""] if desk in door.desks else []
        sides = ("treatment", "support") if door.about in ("file", "text") else ("treatment",)
        return [
            name
            for name in self.world.files
            if desk in door.desks and name in SEES[desk] and self.world.files[name].side in sides
        ]


def token_of_stranger(client: Any) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").text)
    assert found
    return found.group(1)


def squeezed(text: str) -> str:
    """Lower case without the signs that numbers are grouped by."""
    return re.sub(r"[ .\-+\u00a0]", "", text.lower())


_squeezed_mark, _headers = cache(squeezed), cache(security_headers)


def visible(html: str) -> str:
    return re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<!--.*?-->", "", html))


def check_headers(answer: TestResponse, where: str) -> None:
    reads_cards = where.startswith(("station.", "doses."))
    for name, value in _headers(camera=reads_cards).items():
        assert answer.headers.get(name) == value, f"{where}: {name}"
    if answer.request.path.startswith("/static/") and answer.status_code == 200:
        assert "immutable" in answer.headers["Cache-Control"], where
        assert "Cookie" not in answer.headers["Vary"], where
    elif answer.request.path == "/sw.js":
        assert answer.headers["Cache-Control"] == "no-cache", where
    else:
        assert answer.headers["Cache-Control"] == "no-store", where
        assert "HX-Request" in answer.headers["Vary"], where
    for cookie in answer.headers.getlist("Set-Cookie"):
        flags = {part.strip().lower() for part in cookie.split(";")}
        assert cookie.startswith("__Host-"), f"{where}: {cookie}"
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= flags, f"{where}: {cookie}"
        assert not any(flag.startswith("domain") for flag in flags), where


class Markup(HTMLParser):
    """What is wrong with a page that was sent."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.form_has_token = True
        self.title = self.in_title = ""
        self.has_html = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        values = dict(attrs)
        self.has_html |= tag == "html"
        self.in_title = tag if tag == "title" else ""
        if tag == "style" or (tag == "script" and "src" not in names):
            self.faults.append(f"inline <{tag}>")
        self.faults += [f"<{tag} {name}>" for name in names if name == "style" or name.startswith(("on", "hx-on"))]
        if {"hx-get", "hx-post"} & names and not {"hx-target", "hx-swap"} <= names:
            self.faults.append(f"<{tag}> asks without target or swap")
        if tag == "form":
            self.form_has_token = (values.get("method") or "").lower() != "post"
            if values.get("method") is None:
                self.faults.append("a form without a method")
        if tag == "input" and values.get("name") == "csrf_token" and values.get("value"):
            self.form_has_token = True
        if re.match(r"(?i)\s*(javascript|data|vbscript):", values.get("href") or ""):
            self.faults.append(f"<{tag} href={values['href']}>")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and not self.form_has_token:
            self.faults.append("a form without its token")
        self.in_title = ""

    def handle_data(self, data: str) -> None:
        if self.in_title:
            self.title += data


_sound: set[int] = set()  # pages that were looked at; most answers are one of few error pages


def check_markup(answer: TestResponse, where: str) -> None:
    page = hash(answer.text)
    if answer.mimetype != "text/html" or 300 <= answer.status_code < 400 or not answer.text or page in _sound:
        return
    _sound.add(page)
    markup = Markup(answer.text)
    assert not markup.faults, f"{where}: {markup.faults}"
    if markup.has_html:
        assert re.match(r"\s*\S.*–", markup.title), f"{where}: no title of its own"


def fingerprint(app: Flask) -> dict[str, str]:
    """A digest of each table's rows, without what only says that somebody was there or saw a page."""
    with app.app_context():
        engine = db.engine
    found = {}
    with engine.connect() as connection:
        for table in Base.metadata.tables.values():
            if table.name in ("staff_sessions", "devices", "sign_in_brakes"):
                continue
            seen = " WHERE chain NOT LIKE 'views%%'" if "chain" in table.c else ""
            rows = sorted(repr(tuple(row)) for row in connection.exec_driver_sql(f"SELECT * FROM {table.name}{seen}"))
            found[table.name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


@dataclass
class Writes:
    """What was written while somebody looked. `outside`: on a connection which `writing()` did not open."""

    count: int = 0
    outside: list[str] = field(default_factory=list)


@contextmanager
def watch_writes(app: Flask) -> Iterator[Writes]:
    writes = Writes()

    def look(connection: Connection, cursor: Any, statement: str, *_: Any) -> None:
        if not _WRITES.match(statement):
            return
        writes.count += 1
        if not connection.get_execution_options().get("writes"):
            writes.outside.append(statement.split("\n")[0])

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", look)
    try:
        yield writes
    finally:
        event.remove(engine, "before_cursor_execute", look)
