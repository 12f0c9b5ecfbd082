"""Providers that write down each text at the moment they are handed it: an append-only file that no killing undoes.

One write of one short line either happened or not, whatever moment the sender dies.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from counseling.services.simulated_phones import SimulatedPhones
from counseling.sms.gateway import Abilities, AttemptedText, SmsGateway, TextToSend
from counseling.sms.simulator import Simulator

HANDED, TOOK = "handed", "took"
OpenSession = Callable[[], Session]


class Book:
    """Lines of `word ref`, in the order in which they were written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, word: str, ref: str) -> None:
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(file, f"{word} {ref}\n".encode())
        os.close(file)

    def lines(self) -> list[tuple[str, str]]:
        text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        return [(word, ref) for word, ref in (line.split() for line in text.splitlines())]

    def has(self, word: str, ref: str) -> bool:
        return (word, ref) in self.lines()


class Forgetful:
    """Sends whatever it is handed, as often as it is handed it, and cannot be asked (as Kannel)."""

    name = "forgetful"

    def __init__(self, book: Book, calls_at_once: int = 1) -> None:
        self.book, self.abilities = book, _abilities(calls_at_once, repeat_safe=False)

    def send(self, message: TextToSend) -> None:
        self.book.write(TOOK, message.ref)

    def resolve_unknown(self, message: AttemptedText) -> bool | None:
        return None


class Mindful:
    """Knows our references: takes each once, and says whether it has it (as SMS Gate)."""

    name = "mindful"

    def __init__(self, book: Book, calls_at_once: int = 1) -> None:
        self.book, self.abilities = book, _abilities(calls_at_once, repeat_safe=True)

    def send(self, message: TextToSend) -> None:
        if not self.book.has(TOOK, message.ref):
            self.book.write(TOOK, message.ref)

    def resolve_unknown(self, message: AttemptedText) -> bool | None:
        return self.book.has(TOOK, message.ref)


class WatchedSimulator(Simulator):
    """The product's own simulator; beside it stands in the book what it was handed, and what it has certainly taken."""

    def __init__(self, book: Book, phones: SimulatedPhones) -> None:
        super().__init__(phones)
        self.book = book

    def send(self, message: TextToSend) -> None:
        self.book.write(HANDED, message.ref)
        super().send(message)
        self.book.write(TOOK, message.ref)


def _abilities(calls_at_once: int, *, repeat_safe: bool) -> Abilities:
    return Abilities(
        two_way=True, receipts=False, repeat_safe=repeat_safe, unicode=True, segments_per_minute=600,
        calls_at_once=calls_at_once,
    )  # fmt: skip


def gateway_of(name: str, book: Book, open_session: OpenSession, now: datetime, calls_at_once: int) -> SmsGateway:
    if name == "simulator":
        return WatchedSimulator(book, SimulatedPhones(open_session, lambda: now))
    return (Forgetful if name == "forgetful" else Mindful)(book, calls_at_once)
