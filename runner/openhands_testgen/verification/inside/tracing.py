"""Which lines of one file run, and during which test."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import CodeType, FrameType
    from typing import Any, Callable, Protocol

    TraceFunction = Callable[[FrameType, str, Any], Any]

    class Tracing(Protocol):
        """A way to be called for each line of one file."""

        def start(self) -> None:
            """Call for each line from now on, in all threads."""

        def renew(self) -> None:
            """Call for lines that were told before, too."""

        def stop(self) -> None:
            """Call no longer."""


BEFORE_TESTS = ""
MOST_TOOLS = 6


class LineTracer:
    """Collects line numbers by test; ``BEFORE_TESTS`` stands for imports and collection."""

    def __init__(self, path: str) -> None:
        """Trace the code that was compiled from ``path``."""
        self.lines: dict[str, set[int]] = {}
        self._current: set[int] = set()
        self._tracing = choose_tracing(path, self._note)

    def start(self) -> None:
        """Trace this thread, and others as the interpreter can."""
        self.enter(BEFORE_TESTS)
        self._tracing.start()

    def stop(self) -> None:
        """Trace no longer."""
        self._tracing.stop()

    def enter(self, test: str) -> None:
        """Count all lines for this test from now on."""
        self._current = self.lines.setdefault(test, set())
        self._tracing.renew()

    def _note(self, line: int) -> None:
        self._current.add(line)


def choose_tracing(path: str, note: Callable[[int], None]) -> Tracing:
    """Choose what the interpreter has; ``note`` is called with each line of that file."""
    if sys.version_info >= (3, 12) and _find_tool() is not None:
        return LineEvents(path, note)
    return TraceFunctions(path, note)


def _find_tool() -> int | None:
    """Find the number of a tool that nobody uses."""
    free = (tool for tool in range(MOST_TOOLS) if sys.monitoring.get_tool(tool) is None)
    return next(free, None)


class LineEvents:
    """By ``sys.monitoring``, which costs next to nothing where a line was told already."""

    def __init__(self, path: str, note: Callable[[int], None]) -> None:
        """Take the path as code objects have it."""
        self._path = path
        self._note = note
        self._tool = -1

    def start(self) -> None:
        """Take the first tool that nobody uses; where there is none no line is told."""
        monitoring, tool = sys.monitoring, _find_tool()
        if tool is None:
            return
        self._tool = tool
        events = monitoring.events
        monitoring.use_tool_id(self._tool, "lines")
        monitoring.register_callback(self._tool, events.PY_START, self._enter_code)
        monitoring.register_callback(self._tool, events.LINE, self._enter_line)
        monitoring.set_events(self._tool, events.PY_START)

    def renew(self) -> None:
        """Ask for everything anew."""
        if self._tool >= 0:
            sys.monitoring.restart_events()

    def stop(self) -> None:
        """Give the tool back; what code was told to report it goes on reporting, to nobody."""
        if self._tool < 0:
            return
        monitoring = sys.monitoring
        for event in (monitoring.events.PY_START, monitoring.events.LINE):
            monitoring.register_callback(self._tool, event, None)
        monitoring.set_events(self._tool, 0)
        monitoring.free_tool_id(self._tool)
        self._tool = -1

    def _enter_code(self, code: CodeType, _: int) -> object:
        if code.co_filename == self._path:
            sys.monitoring.set_local_events(self._tool, code, sys.monitoring.events.LINE)
        return sys.monitoring.DISABLE

    def _enter_line(self, code: CodeType, line: int) -> object:
        if code.co_filename == self._path:
            self._note(line)
        return sys.monitoring.DISABLE


class TraceFunctions:
    """By ``sys.settrace``, before Python 3.12."""

    def __init__(self, path: str, note: Callable[[int], None]) -> None:
        """Take the path as code objects have it."""
        self._path = path
        self._note = note

    def start(self) -> None:
        """Trace this thread and all that start from now on."""
        threading.settrace(self._enter_frame)
        sys.settrace(self._enter_frame)

    def renew(self) -> None:
        """Do nothing: each line is told each time."""

    def stop(self) -> None:
        """Trace no longer."""
        sys.settrace(None)
        threading.settrace(None)

    def _enter_frame(self, frame: FrameType, event: str, _: object) -> TraceFunction | None:
        if event == "call" and frame.f_code.co_filename == self._path:
            return self._enter_line
        return None

    def _enter_line(self, frame: FrameType, event: str, _: object) -> TraceFunction:
        if event == "line":
            self._note(frame.f_lineno)
        return self._enter_line
