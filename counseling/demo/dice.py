"""Chance that comes out the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

from counseling.refs import ALPHABET, REF_LENGTH

T = TypeVar("T")


class Dice:
    """All chance of the demo. Its references can be foretold: right for invented people only."""

    def __init__(self, *seed: object) -> None:
        self._random = random.Random(":".join(map(str, seed)))  # noqa: S311 - invented data, nothing secret

    @property
    def random(self) -> random.Random:
        """For rules of the product that throw dice themselves."""
        return self._random

    def chance(self, share: float) -> bool:
        return self._random.random() < share

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends counted in."""
        return self._random.randint(low, high)

    def one_of(self, choices: Sequence[T], weights: Sequence[float] | None = None) -> T:
        return self._random.choices(choices, weights)[0] if weights else self._random.choice(choices)

    def some_of(self, choices: Sequence[T], count: int) -> list[T]:
        return self._random.sample(choices, count)

    def deal(self, shares: Mapping[T, int], count: int) -> list[T]:
        """So many of each as the shares say, in an order of chance: for few people, where chance alone is unfair."""
        ordered = [one for one, share in shares.items() for _ in range(share)]
        dealt = [ordered[number * len(ordered) // count] for number in range(count)]
        return self.some_of(dealt, count)

    def around(self, middle: float, spread: float) -> float:
        return self._random.gauss(middle, spread)

    def peaked(self, low: float, high: float, peak: float) -> float:
        return self._random.triangular(low, high, peak)

    def digits(self, count: int) -> str:
        return "".join(str(self._random.randrange(10)) for _ in range(count))

    def ref(self) -> str:
        return "".join(self._random.choice(ALPHABET) for _ in range(REF_LENGTH))

    def request_key(self) -> str:
        return self._random.randbytes(16).hex()

    def random_bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)
