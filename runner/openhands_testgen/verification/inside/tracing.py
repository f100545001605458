"""Which lines of one file run, and during which test."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Callable

    TraceFunction = Callable[[FrameType, str, Any], Any]

BEFORE_TESTS = ""


class LineTracer:
    """Collects line numbers by test; ``BEFORE_TESTS`` stands for imports and collection."""

    def __init__(self, path: str) -> None:
        """Trace the code that was compiled from ``path``."""
        self.lines: dict[str, set[int]] = {}
        self._path = path
        self._current: set[int] = set()

    def start(self) -> None:
        """Trace this thread and all that start from now on."""
        self.enter(BEFORE_TESTS)
        threading.settrace(self._enter_frame)
        sys.settrace(self._enter_frame)

    def stop(self) -> None:
        """Trace no longer."""
        sys.settrace(None)
        threading.settrace(None)

    def enter(self, test: str) -> None:
        """Count all lines for this test from now on."""
        self._current = self.lines.setdefault(test, set())

    def _enter_frame(self, frame: FrameType, event: str, _: object) -> TraceFunction | None:
        if event == "call" and frame.f_code.co_filename == self._path:
            return self._enter_line
        return None

    def _enter_line(self, frame: FrameType, event: str, _: object) -> TraceFunction:
        if event == "line":
            self._current.add(frame.f_lineno)
        return self._enter_line
