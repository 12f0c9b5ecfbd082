"""A gateway that hands over a burst waits for its answers; whoever reads the texts lets it pass, for a moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from counseling.services import inbound


@dataclass
class Hours:
    """A clock that only moves while somebody waits; `stores` happens after each wait."""

    now: float = 100.0
    waits: int = 0
    stores: Callable[[float], None] = field(default=lambda now: None)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.waits += 1
        self.stores(self.now)


@pytest.fixture
def hours(monkeypatch: pytest.MonkeyPatch) -> Hours:
    hours = Hours()
    monkeypatch.setattr(inbound, "monotonic", lambda: hours.now)
    monkeypatch.setattr(inbound.time, "sleep", hours.sleep)
    return hours


def test_what_was_stored_before_keeps_nobody_waiting(hours: Hours) -> None:
    gate = inbound._Gate()
    gate.stored_at = hours.now
    gate.let_pass(since=hours.now)
    assert hours.waits == 0


def test_while_others_store_it_waits_until_they_are_done(hours: Hours) -> None:
    gate = inbound._Gate()
    gate.stored_at = hours.now
    gate.let_pass(since=hours.now - 1)
    assert hours.now - gate.stored_at == pytest.approx(inbound.BETWEEN_TWO)


def test_a_burst_without_end_does_not_keep_it_for_ever(hours: Hours) -> None:
    gate = inbound._Gate()

    def store(now: float) -> None:
        gate.stored_at = now

    hours.stores = store
    gate.stored_at = hours.now
    gate.let_pass(since=hours.now - 1)
    assert hours.now == pytest.approx(100 + inbound.LONGEST_PATIENCE, abs=inbound.BETWEEN_TWO)
