"""Ten thousand texts of every kind: none gives a dose, changes a file, a number, an order or a schedule.

All of them are read; of each meaning that they are given, so many go the whole way through the database.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter, defaultdict
from datetime import timedelta

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.domain.replies import read_reply
from counseling.models import Base
from counseling.models.texts import InboundMessage
from counseling.refs import new_ref
from counseling.services.inbound_reading import work_on_next
from tests.domain.test_crisis_words import ROWS
from tests.replies.story import REPLIED_AT, ZONE, asked, has_number
from tests.support.cast import Cast
from tests.support.files import patient_of, supported
from tests.support.treatment import opened, ordered, somebody

TEXTS, OF_EACH_MEANING = 10_000, 60
# What a text may write: itself, what is answered, what somebody must do, that a number stopped, and the audit.
MAY_CHANGE = {
    "inbound_messages", "outbound_messages", "reminders", "tasks", "phone_lines", "crisis_alerts", "audit_entries",
    "audit_heads", "aftercare_files",
}  # fmt: skip
PIECES = (
    *(row.text for row in ROWS if len(row.text) < 300), "1", "2", "3", "0912 345 678", "doi so 0987654321", "60 mg",
    "uong roi", "dung thuoc", "hen 25/11 8h", "'; DROP TABLE day_doses; --", "{{7*7}}", "\x00", "\ud83d", "NGUNG",
    "BAT DAU", "<b>", "🙏" * 50,
)  # fmt: skip


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The reader is the same on both; ten thousand texts are enough once."""
    return sqlite_url


def fingerprints(session: Session) -> dict[str, str]:
    session.rollback()
    found = {}
    for table in Base.metadata.sorted_tables:
        rows = sorted(repr(tuple(row)) for row in session.execute(select(table)))
        found[table.name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


def fuzzed(dice: random.Random) -> str:
    text = " ".join(dice.choice(PIECES) for _ in range(dice.randint(1, 4)))
    if dice.random() < 0.3:
        at = dice.randrange(len(text) + 1)
        text = text[:at] + chr(dice.randrange(1, 0x2FFF)) + text[at:]
    return text if dice.random() < 0.5 else dice.choice(PIECES)


def test_no_text_changes_what_is_protected(session: Session, cast: Cast) -> None:
    opened(session, cast)
    person = somebody(session, cast)
    ordered(session, cast, person)
    met = patient_of(session, supported(session, cast))
    lines = [has_number(session, person.id), has_number(session, met, "support", "+84912000222")]
    for number, patient_id, side in zip(lines, (person.id, met), ("treatment", "support"), strict=True):
        asked(session, number, patient_id, "check_in" if side == "support" else "missed_yesterday", side=side)
    before, dice = fingerprints(session), random.Random(12)
    texts = some_of_each([fuzzed(dice).encode(errors="replace").decode() for _ in range(TEXTS)])
    dice.shuffle(texts)
    with writing(session) as tx:  # one for all of them: a commit for each would only measure the disk
        rows = [arrived(session, body, number, dice, lines) for number, body in enumerate(texts)]
        tx.execute(insert(InboundMessage), rows)
        for line_id in lines:
            while work_on_next(tx, line_id, REPLIED_AT + timedelta(hours=3), ZONE, dice) is not None:
                pass
    meanings = Counter(session.execute(select(InboundMessage.meaning)).scalars())
    assert meanings.keys() > {"crisis", "stop", "start", "help", "wrong_number", "other"} and None not in meanings
    after = fingerprints(session)
    assert {name for name, digest in after.items() if digest != before[name]} <= MAY_CHANGE


def some_of_each(texts: list[str]) -> list[str]:
    """What a text does depends on what it is taken for."""
    kept: dict[object, list[str]] = defaultdict(list)
    for text in texts:
        taken_for = read_reply(text, "missed_yesterday")
        if len(kept[taken_for]) < OF_EACH_MEANING:
            kept[taken_for].append(text)
    return [text for some in kept.values() for text in some]


def arrived(session: Session, body: str, number: int, dice: random.Random, lines: list[int]) -> dict[str, object]:
    ref = new_ref()
    return {
        "ref": ref, "event_key": ref, "gateway": "simulator", "kind": dice.choice(("text",) * 9 + ("missed_call",)),
        "line_id": dice.choice(lines), "body": vault_of(session).seal("inbound_messages.body", ref, body),
        "received_at": REPLIED_AT + timedelta(seconds=number),
    }  # fmt: skip
