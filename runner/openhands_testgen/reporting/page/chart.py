"""The task's spans as bars, in units of a drawing that is a thousand wide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from openhands_testgen.reporting.figures import render_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openhands_testgen.reporting.timeline import Span

WIDTH = 1_000
MIN_WIDTH = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One span as a bar."""

    label: str
    duration: str
    start: int
    width: int


def list_bars(spans: Sequence[Span]) -> list[Bar]:
    """List the bars; together they fill the width, and each can be seen."""
    if not spans:
        return []
    began = spans[0].began
    total = max(spans[-1].ended - began, 1.0)
    return [_draw(span, (span.began - began) / total, span.seconds / total) for span in spans]


def _draw(span: Span, start: float, share: float) -> Bar:
    width = max(round(share * WIDTH), MIN_WIDTH)
    place = min(round(start * WIDTH), WIDTH - width)
    return Bar(span.label, render_duration(span.seconds), place, width)
