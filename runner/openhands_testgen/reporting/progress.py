"""Lines for a person who waits."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

from openhands_testgen.domain.text import to_plain_line
from openhands_testgen.reporting.outputs import group

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from typing import TextIO

    from openhands_testgen.domain.task import TaskState


class LineProgress:
    """Prints lines with the seconds since the start; foreign text cannot become a command."""

    def __init__(self, stream: TextIO, *, in_actions: bool = False) -> None:
        """Take the stream, which is never the one that carries results."""
        self._stream = stream
        self._in_actions = in_actions
        self._start = time.monotonic()

    def waiting(self, title: str) -> AbstractContextManager[None]:
        """Fold the lines of a wait where a log can be folded."""
        return group(title, self._stream, in_actions=self._in_actions)

    def say(self, line: str) -> None:
        """Print one line."""
        print(render_line(line, self._start), file=self._stream, flush=True)

    def show(self, states: Mapping[str, TaskState]) -> None:
        """Print nothing: what has changed was said."""


class NoProgress:
    """For who asked for quiet."""

    def waiting(self, title: str) -> AbstractContextManager[None]:  # noqa: ARG002 - a port
        """Show nothing."""
        return nullcontext()

    def say(self, line: str) -> None:
        """Say nothing."""

    def show(self, states: Mapping[str, TaskState]) -> None:
        """Show nothing."""


def render_line(line: str, start: float) -> str:
    """Put the seconds since ``start`` before a line, which can no longer become a command."""
    return f"{time.monotonic() - start:6.1f}s  {to_plain_line(line)}"
