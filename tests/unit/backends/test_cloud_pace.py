"""How old a look at a task's steps may be: a table."""

from __future__ import annotations

import pytest

from openhands_testgen.backends.cloud_watch import choose_glimpse_seconds


@pytest.mark.parametrize(
    ("watched", "has_moved", "seconds"),
    [(1, True, 2), (1, False, 30), (5, True, 5), (200, True, 200), (200, False, 200)],
)
def test_glimpse_seconds(watched: int, *, has_moved: bool, seconds: float) -> None:
    assert choose_glimpse_seconds(watched, has_moved=has_moved) == seconds
