"""One installation that gateways report to: forged reports, and true ones again and again."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from counseling import clock, create_app
from counseling.database import db
from counseling.models.audit import AuditEntry
from counseling.models.texts import DeliveryReceipt, InboundMessage, OutboundMessage, PhoneLine
from counseling.routes import viewing
from tests.support.cast import fill
from tests.support.databases import migrate
from tests.support.fake_phone import SIGNING_KEY, signed
from tests.support.gateways import sid_of, twilio_signed, twilio_status, twilio_text, with_gateways
from tests.support.outbox import EIGHT, FakeProvider, a_line, queued, send

TEXTS = 40
FINAL = ("delivered", "failed")


@dataclass(frozen=True)
class Post:
    """A report on its way: where to, its bytes, its headers."""

    path: str
    body: bytes
    headers: dict[str, str]


# A right report, the dice → the same changed by somebody who has no key.
Change = Callable[[Post, random.Random], Post]


def _flip(text: str, dice: random.Random) -> str:
    place = dice.randrange(len(text))
    other = dice.choice([char for char in "0123456789abcdefABCDEF+=/x" if char != text[place]])
    return text[:place] + other + text[place + 1 :]


def another_byte(post: Post, dice: random.Random) -> Post:
    body = bytearray(post.body)
    body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
    return Post(post.path, bytes(body), post.headers)


def more_bytes(post: Post, dice: random.Random) -> Post:
    more = dice.choice([b" ", b"\n", b"&Body=NGUNG", b"&x=1", b"\x00"])
    return Post(post.path, post.body + more, post.headers)


def fewer_bytes(post: Post, dice: random.Random) -> Post:
    return Post(post.path, post.body[: dice.randrange(len(post.body))], post.headers)


def another_signature(post: Post, dice: random.Random) -> Post:
    name = "X-Signature" if "X-Signature" in post.headers else "X-Twilio-Signature"
    value = dice.choice([_flip(post.headers[name], dice), "", post.headers[name][:-1], post.headers[name].swapcase()])
    return Post(post.path, post.body, {**post.headers, name: value})


def no_headers(post: Post, dice: random.Random) -> Post:
    return Post(post.path, post.body, {"Content-Type": post.headers["Content-Type"]})


def another_moment(post: Post, dice: random.Random) -> Post:
    """A recording played later, or one whose time was written anew."""
    if "X-Timestamp" not in post.headers:
        return another_signature(post, dice)
    if dice.random() < 0.5:
        moved = EIGHT + dice.choice([-1, 1]) * timedelta(seconds=dice.randrange(301, 10**6))
        return Post(post.path, post.body, signed(post.body, moved))
    return Post(post.path, post.body, {**post.headers, "X-Timestamp": _flip(post.headers["X-Timestamp"], dice)})


def another_key(post: Post, dice: random.Random) -> Post:
    if "X-Timestamp" in post.headers:
        return Post(post.path, post.body, signed(post.body, EIGHT, key=_flip(SIGNING_KEY, dice)))
    form = dict(parse_qsl(post.body.decode(), keep_blank_values=True))
    body, headers = twilio_signed(post.path, form, token=f"{dice.getrandbits(128):032x}")
    return Post(post.path, body, headers)


def another_path(post: Post, dice: random.Random) -> Post:
    paths = [
        path for path in ("/sms/smsgate", "/sms/twilio/inbound", "/sms/twilio/status?ref=abc") if path != post.path
    ]
    return Post(dice.choice(paths), post.body, post.headers)


def another_cut(post: Post, dice: random.Random) -> Post:
    """Twilio signs names and values run together: the end of a name moves, and the signature stays right."""
    form = parse_qsl(post.body.decode(errors="replace"), keep_blank_values=True)
    if len(form) < 2:
        return another_byte(post, dice)
    place = dice.randrange(len(form))
    name, value = form[place]
    whole, cut = name + value, dice.randrange(1, len(name + value) + 1)
    if whole[:cut] == name:
        return another_byte(post, dice)
    form[place] = (whole[:cut], whole[cut:])
    return Post(post.path, urlencode(form).encode(), post.headers)


CHANGES: tuple[Change, ...] = (
    another_byte, more_bytes, fewer_bytes, another_signature, no_headers, another_moment, another_key, another_path,
    another_cut,
)  # fmt: skip


def _right(dice: random.Random, number: int, refs: list[str]) -> Post:
    """A report as a gateway makes it, which would be believed."""
    to, mark = f"+8491{dice.randrange(10**7):07d}", f"{number}-{dice.random()}"
    kind = dice.randrange(4)
    if kind < 2:
        payload: dict[str, str] = {"sender": to, "message": "NGUNG", "receivedAt": EIGHT.isoformat()}
        if kind:
            payload = {"messageId": dice.choice(refs)}
        event = "sms:delivered" if kind else "sms:received"
        body = json.dumps({"id": mark, "event": event, "payload": payload}).encode()
        return Post("/sms/smsgate", body, signed(body, EIGHT))
    path = "/sms/twilio/inbound" if kind == 2 else f"/sms/twilio/status?ref={dice.choice(refs)}"
    sid = sid_of(dice.getrandbits(120))
    form = twilio_text(to, "NGUNG", sid) if kind == 2 else twilio_status("delivered", to, sid)
    body, headers = twilio_signed(path, form)
    return Post(path, body, headers)


def forge(folder: Path, template: Path, trials: int, seed: str) -> dict[str, int]:
    """How many of so many forgeries were believed."""
    dice = random.Random(seed)
    with _opened(folder, template) as (app, session):
        client, refs = app.test_client(), list(session.execute(select(OutboundMessage.ref)).scalars())
        before = _believed(session)
        for number in range(trials):
            right = _right(dice, number, refs)
            forged = dice.choice(CHANGES)(right, dice)
            if not _says_the_same(right, forged):
                _send(client, forged)
        return {"trials": trials, "broken": _believed(session) - before}


def _says_the_same(right: Post, forged: Post) -> bool:
    """Nothing was changed, or only how a form spells it: "%2b" for "%2B" is the same letter, and no forgery."""
    if (right.path, right.headers) != (forged.path, forged.headers):
        return False
    if right.headers["Content-Type"] == "application/x-www-form-urlencoded":
        return _fields_of(right) == _fields_of(forged)
    return right.body == forged.body


def _fields_of(post: Post) -> list[tuple[str, str]]:
    return sorted(parse_qsl(post.body.decode("latin-1"), keep_blank_values=True, encoding="latin-1"))


def _believed(session: Session) -> int:
    """Everything that a report can do: a text that came in, a receipt, a text that has moved."""
    session.rollback()
    moved = select(func.count(OutboundMessage.id)).where(OutboundMessage.state != "accepted")
    counts = (select(func.count(InboundMessage.id)), select(func.count(DeliveryReceipt.id)), moved)
    return sum(session.execute(count).scalar_one() for count in counts)


def repeat(folder: Path, template: Path, trials: int, seed: str) -> dict[str, int]:
    """How many effects of so many reports were had twice, or undone."""
    dice = random.Random(seed)
    with _opened(folder, template) as (app, session):
        refs = list(session.execute(select(OutboundMessage.ref).order_by(OutboundMessage.id)).scalars())
        posts = _true_reports(dice, refs, trials)
        client, first_final = app.test_client(), dict[str, str]()
        for post, ref, state in posts:
            if _send(client, post) == 200 and ref and state in FINAL:
                first_final.setdefault(ref, state)
        return {"trials": len(posts), "broken": _doubled(session, first_final, posts)}


def _true_reports(dice: random.Random, refs: list[str], trials: int) -> list[tuple[Post, str, str]]:
    """Reports about all texts and from some people, each several times, shuffled."""
    found: list[tuple[Post, str, str]] = []
    while len(found) < trials:
        number, ref, state = len(found), dice.choice(refs), dice.choice(["accepted", *FINAL])
        if dice.random() < 0.5:
            code = 21211 if state == "failed" else None
            word = {"accepted": "sent", "failed": "undelivered"}.get(state, state)
            path = f"/sms/twilio/status?ref={ref}"
            post = Post(path, *twilio_signed(path, twilio_status(word, "+84912000000", sid_of(number), code)))
        else:
            event = {"accepted": "sms:sent"}.get(state, f"sms:{state}")
            payload: dict[str, Any] = {"messageId": ref}
            if dice.random() < 0.3:
                event, ref, state = "sms:received", "", ""
                sender = f"+8491{dice.randrange(50):07d}"
                payload = {
                    "sender": sender,
                    "message": "1",
                    "receivedAt": (EIGHT + timedelta(seconds=number)).isoformat(),
                }
            body = json.dumps({"id": f"event-{number}", "event": event, "payload": payload}).encode()
            post = Post("/sms/smsgate", body, signed(body, EIGHT))
        found += [(post, ref, state)] * dice.randint(1, 6)
    dice.shuffle(found)
    return found[:trials]


def _doubled(session: Session, first_final: dict[str, str], posts: list[tuple[Post, str, str]]) -> int:
    session.rollback()
    broken = 0
    texts = session.execute(select(OutboundMessage.__table__)).all()
    entries = Counter(session.execute(select(AuditEntry.subject).where(AuditEntry.action.in_(
        [f"message.{state}" for state in FINAL]))).scalars())  # fmt: skip
    for text in texts:
        expected = first_final.get(text.ref, "accepted")
        broken += text.state != expected or entries[f"message:{text.id}"] != (expected in FINAL)
    # A number that does not exist is counted once for its text, however often that is reported.
    fails = {text.line_id for text in texts if text.state == "failed" and text.reason == "permanent"}
    for line in session.execute(select(PhoneLine.id, PhoneLine.permanent_failures)):
        broken += line.permanent_failures != (line.id in fails)
    came = {post.body for post, ref, _ in posts if not ref}
    broken += abs(session.execute(select(func.count(InboundMessage.id))).scalar_one() - len(came))
    told = {(post.path, post.body) for post, ref, _ in posts if ref}
    return broken + abs(session.execute(select(func.count(DeliveryReceipt.id))).scalar_one() - len(told))


def _send(client: Any, post: Post) -> int:
    headers = {name: value.encode(errors="replace").decode("latin-1") for name, value in post.headers.items()}
    status: int = client.post(post.path, data=post.body, headers=headers).status_code
    return status


def fill_template(path: Path) -> int:
    """Texts that wait for their receipts, each to a number of its own."""
    with _opened(path.parent / "template-instance", path, fresh=True) as (_, session):
        fill(session)
        for _ in range(TEXTS):
            queued(session, a_line(session))
        send(session, FakeProvider(per_minute=TEXTS + 1))
    return 0


@contextmanager
def _opened(folder: Path, path: Path, *, fresh: bool = False) -> Iterator[tuple[Flask, Session]]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = path if fresh else folder / "diem-tua.db"
    if fresh:
        migrate(f"sqlite:///{path}", folder)
    else:
        own.write_bytes(path.read_bytes())
    app = create_app(with_gateways(f"sqlite:///{own}", folder, LOG_LEVEL="ERROR"))
    clock.start_at(EIGHT)
    with app.app_context():
        engine = db.engine
    try:
        with Session(engine, expire_on_commit=False) as session:
            yield app, session
    finally:
        clock.start_at(None)
        viewing.log_of(app).stop()
        engine.dispose()
