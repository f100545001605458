"""Bars that fill the width, and can all be seen."""

from __future__ import annotations

import pytest

from openhands_testgen.reporting.page.chart import MIN_WIDTH, WIDTH, list_bars
from openhands_testgen.reporting.timeline import Span


@pytest.mark.parametrize(
    ("seconds", "bars"),
    [
        ((25, 75), [(0, 250), (250, 750)]),
        ((0, 100), [(0, MIN_WIDTH), (0, WIDTH)]),
        ((100, 0), [(0, WIDTH), (WIDTH - MIN_WIDTH, MIN_WIDTH)]),
        ((0, 0), [(0, MIN_WIDTH), (0, MIN_WIDTH)]),
    ],
)
def test_bars(seconds: tuple[int, int], bars: list[tuple[int, int]]) -> None:
    first, second = seconds
    spans = [Span("one", 1_000, 1_000 + first), Span("two", 1_000 + first, 1_000 + first + second)]
    assert [(bar.start, bar.width) for bar in list_bars(spans)] == bars


def test_a_bar_says_how_long_it_took() -> None:
    (bar,) = list_bars([Span("one", 0, 61)])
    assert (bar.label, bar.duration) == ("one", "1 min 1 s")
    assert list_bars([]) == []
