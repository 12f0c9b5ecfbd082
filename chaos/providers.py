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
KINDS = ("forgetful", "simulator", "mindful")
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
    abilities = Abilities(two_way=True, receipts=False, repeat_safe=False, unicode=True, segments_per_minute=600)

    def __init__(self, book: Book) -> None:
        self.book = book

    def send(self, message: TextToSend) -> None:
        self.book.write(TOOK, message.ref)

    def resolve_unknown(self, message: AttemptedText) -> bool | None:
        return None


class Mindful:
    """Knows our references: takes each once, and says whether it has it (as SMS Gate)."""

    name = "mindful"
    abilities = Abilities(two_way=True, receipts=False, repeat_safe=True, unicode=True, segments_per_minute=600)

    def __init__(self, book: Book) -> None:
        self.book = book

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


def gateway_of(kind: str, book: Book, open_session: OpenSession, now: datetime) -> SmsGateway:
    if kind == "simulator":
        return WatchedSimulator(book, SimulatedPhones(open_session, lambda: now))
    return Forgetful(book) if kind == "forgetful" else Mindful(book)
