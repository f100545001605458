"""The time that one verdict may take, and how the stages share it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# The share of the whole time that one run of the tests may take.
RUN_SHARE = 0.2
LEAST_SECONDS = 1.0


class OutOfTimeError(Exception):
    """The time is over, or too little is left to begin a stage."""


@dataclass(slots=True)
class Budget:
    """Seconds for the whole verdict of one file, from its making on."""

    seconds: float
    clock: Callable[[], float] = time.monotonic
    _begin: float = field(init=False)

    def __post_init__(self) -> None:
        """Start the clock."""
        self._begin = self.clock()

    @property
    def remaining_seconds(self) -> float:
        """What is left."""
        return self.seconds - (self.clock() - self._begin)

    def take(self, seconds: float) -> float:
        """Return the time that something may take: so many seconds, or what is left.

        Raises:
            OutOfTimeError: nothing is left.

        """
        left = self.remaining_seconds
        if left < LEAST_SECONDS:
            raise OutOfTimeError
        return min(seconds, left)

    def take_run(self, last_seconds: float | None = None) -> float:
        """Return the limit of one run of the tests; four times what the last one took suffices."""
        share = self.seconds * RUN_SHARE
        return self.take(share if last_seconds is None else min(share, 10 + 4 * last_seconds))
