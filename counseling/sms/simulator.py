"""The gateway of demos: phones that stand in the database beside the people, and are shown side by side on a page."""

from __future__ import annotations

from typing import Protocol

from counseling.sms.gateway import Abilities, AttemptedText, TextToSend


class Phones(Protocol):
    """Where the simulator keeps what it has taken: services/simulated_phones.py. It is the provider's memory."""

    def take(self, message: TextToSend) -> bool:
        """Keep one text and show it where the phone is on; False for a reference that it has already."""

    def has(self, message_ref: str) -> bool:
        """Whether a text of this reference was taken."""


class Simulator:
    name = "simulator"
    # It carries what a local SIM carries; no operator slows it down.
    abilities = Abilities(two_way=True, receipts=True, repeat_safe=True, unicode=True, segments_per_minute=600)

    def __init__(self, phones: Phones) -> None:
        self._phones = phones

    def send(self, message: TextToSend) -> None:
        self._phones.take(message)

    def resolve_unknown(self, message: AttemptedText) -> bool | None:
        return self._phones.has(message.ref)
