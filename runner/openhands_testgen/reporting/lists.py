"""Lists that stay within a size: what does not fit is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_LIST_BYTES = 10_000


def join_within(parts: Iterable[str], total: int, separator: str, max_bytes: int, noun: str) -> str:
    """Join what fits and count the rest, which is not even rendered."""
    room, kept = max_bytes, []
    for part in parts:
        room -= len(f"{part}{separator}".encode())
        if room < 0:
            break
        kept.append(part)
    left_out = total - len(kept)
    note = [f"\n{left_out} more {noun}: see the results folder."] if left_out else []
    return separator.join([*kept, *note])


def render_list(items: Iterable[str], total: int, max_bytes: int = MAX_LIST_BYTES) -> str:
    """Render rendered items as a list; they may be rendered while it is made."""
    return join_within((f"- {item}" for item in items), total, "\n", max_bytes, "of them")
