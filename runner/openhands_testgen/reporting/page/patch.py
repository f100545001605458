"""The patch, line by line."""

from __future__ import annotations

from dataclasses import dataclass

from openhands_testgen.reporting.page.source import count_lines_within

MAX_LINES = 5_000
MAX_CHARACTERS = 500_000
_KINDS = {"+": "added", "-": "removed", "@": "place", "\\": "place"}


@dataclass(frozen=True, slots=True)
class PatchLine:
    """One line and what it does."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Patch:
    """The lines that are shown, and how many are not."""

    lines: tuple[PatchLine, ...] = ()
    left_out: int = 0


def list_patch_lines(content: bytes) -> Patch:
    """List the lines of a unified diff; only before the first hunk there is a head."""
    texts = content.decode("utf-8", "replace").split("\n")
    texts = texts if texts[-1] else texts[:-1]
    count = count_lines_within(texts, MAX_LINES, MAX_CHARACTERS)
    lines: list[PatchLine] = []
    is_head = True
    for text in texts[:count]:
        is_head = is_head and not text.startswith("@@")
        kind = "head" if is_head else _KINDS.get(text[:1], "")
        lines.append(PatchLine(kind, text))
    return Patch(tuple(lines), len(texts) - count)
