"""Foreign text made harmless for a terminal and a log."""

from __future__ import annotations

MAX_LINE_LENGTH = 2_000


def to_plain_line(text: str) -> str:
    """Return one printable line: no control, escape or bidirectional characters, bounded.

    The runner reads ``##[`` as a command wherever it stands in a line, so it is broken up.
    """
    line = " ".join(text[: MAX_LINE_LENGTH * 4].split()).replace("##[", "## [")
    plain = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)
    return plain if len(plain) <= MAX_LINE_LENGTH else plain[: MAX_LINE_LENGTH - 3] + "..."
