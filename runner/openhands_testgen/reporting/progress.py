"""Lines for a person who waits."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from openhands_testgen.domain.text import to_plain_line

if TYPE_CHECKING:
    from typing import TextIO


class LineProgress:
    """Prints lines with the seconds since the start; foreign text cannot become a command."""

    def __init__(self, stream: TextIO) -> None:
        """Take the stream, which is never the one that carries results."""
        self._stream = stream
        self._start = time.monotonic()

    def say(self, line: str) -> None:
        """Print one line."""
        elapsed_seconds = time.monotonic() - self._start
        print(f"{elapsed_seconds:6.1f}s  {to_plain_line(line)}", file=self._stream, flush=True)


class NoProgress:
    """For who asked for quiet."""

    def say(self, line: str) -> None:
        """Say nothing."""
