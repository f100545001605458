"""A service that fails at random, the same way for one seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.fakes.cloud import FakeCloud
from tests.fakes.http import Fault

FAULTS = (
    Fault(status=500),
    Fault(status=502),
    Fault(status=503, headers={"Retry-After": "0"}),
    Fault(status=429, headers={"Retry-After": "0"}),
    Fault(kind="cut"),
    Fault(kind="lost"),
    Fault(kind="garbage"),
    Fault(kind="slow"),
)


@dataclass
class ShakyCloud(FakeCloud):
    """Of its answers a ``share`` is a fault; ``failed`` counts them."""

    share: float = 0.05
    seed: int = 0
    failed: int = 0
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        """Start the row of faults."""
        self._random = random.Random(self.seed)  # noqa: S311 - a row of faults, no key

    def find_fault(self, method: str, path: str) -> Fault | None:
        """Fail now and then."""
        with self._door:
            if self._random.random() >= self.share:
                return super().find_fault(method, path)
            self.failed += 1
            return self._random.choice(FAULTS)
