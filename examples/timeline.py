"""A timeline in text: bars on one axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 60


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that took time; seconds count from the start of the workflow."""

    name: str
    start_seconds: float
    end_seconds: float
    sign: str = "█"


def render_timeline(bars: Sequence[Bar], width: int = WIDTH) -> str:
    """Render one line a bar, all on one axis of ``width`` columns."""
    whole = max((bar.end_seconds for bar in bars), default=0.0) or 1.0
    longest = max((len(bar.name) for bar in bars), default=0)
    lines = [_render_bar(bar, whole, longest, width) for bar in bars]
    axis = f"{'0 s':<{width - 8}}{whole:>6.1f} s"
    return "\n".join([*lines, f"{'':{longest}}  {axis}"])


def _render_bar(bar: Bar, whole: float, longest: int, width: int) -> str:
    first = min(int(bar.start_seconds / whole * width), width - 1)
    length = max(1, round((bar.end_seconds - bar.start_seconds) / whole * width))
    drawn = (" " * first + bar.sign * length)[:width]
    took = bar.end_seconds - bar.start_seconds
    return f"{bar.name:{longest}}  {drawn:{width}}  {took:5.1f} s, from {bar.start_seconds:.1f} s"
