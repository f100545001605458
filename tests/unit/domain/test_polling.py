"""The rhythm of a wait."""

from __future__ import annotations

import pytest

from openhands_testgen.domain.polling import Pace


@pytest.mark.parametrize(
    ("polls", "interval", "remaining", "retry_after", "chance", "expected"),
    [
        (0, 5, 100, None, 0, 1.0),
        (1, 5, 100, None, 0, 1.5),
        (9, 5, 100, None, 0, 5.0),
        (10_000, 5, 100, None, 0, 5.0),
        (9, 5, 100, None, 1, 4.5),
        (0, 0.2, 100, None, 0, 0.2),
        (0, 5, 0.3, None, 0, 0.3),
        (0, 5, -1, None, 0, 0.0),
        (0, 5, 100, 30, 0, 30.0),
        (9, 5, 100, 1, 0, 5.0),
        (0, 5, 10, 30, 0, 10.0),
    ],
)
def test_delay(  # noqa: PLR0917
    polls: int,
    interval: float,
    remaining: float,
    retry_after: float | None,
    chance: float,
    expected: float,
) -> None:
    pace = Pace(interval)
    delay = pace.get_delay_seconds(polls, remaining, retry_after_seconds=retry_after, chance=chance)
    assert delay == pytest.approx(expected)
