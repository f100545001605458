"""Which lines of the module a call runs, and whether it asks for what changes by itself."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

# Methods of C that tell the time or the place.
CHANGING = {
    "time": {"time", "time_ns", "localtime", "gmtime", "ctime", "asctime", "monotonic", "sleep"}
    | {"monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "thread_time"},
    "datetime": {"now", "today", "utcnow"},
    "posix": {"getpid", "getppid", "getcwd", "urandom", "uname", "getlogin", "getuid", "times"},
    "_socket": {"gethostname", "socket"},
}
# The standard library's own habits that no result shows.
HARMLESS_CALLERS = ("logging/__init__.py", "threading.py", "tempfile.py", "asyncio/")


class ArcTracer:
    """Collects the jumps between lines of one file, as coverage.py does: ``(from, to)``.

    Entering a function is a jump from, leaving it one to the negative number of its first line.
    """

    def __init__(self, path: str) -> None:
        """Take the file's path as code objects know it."""
        self.arcs: set[tuple[int, int]] = set()
        self._path = path

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Collect in this thread and those that start meanwhile."""
        threading.settrace(self._trace)
        sys.settrace(self._trace)
        try:
            yield
        finally:
            sys.settrace(None)
            threading.settrace(None)

    def _trace(self, frame: FrameType, event: str, arg: object) -> Any:  # noqa: ANN401 - as sys has it
        del event, arg
        code = frame.f_code
        if code.co_filename != self._path:
            return None
        outside = previous = -code.co_firstlineno
        add = self.arcs.add

        def trace_lines(frame: FrameType, event: str, arg: object) -> Callable[..., object]:
            nonlocal previous
            del arg
            if event == "line":
                line = frame.f_lineno
                add((previous, line))
                previous = line
            elif event == "return":
                add((previous, outside))
            return trace_lines

        return trace_lines


class ChangeWatch:
    """Notices calls that ask for the time, the process or the place."""

    def __init__(self) -> None:
        """Start with nothing noticed."""
        self.noticed: set[str] = set()

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Notice in this thread."""
        sys.setprofile(self._notice)
        try:
            yield
        finally:
            sys.setprofile(None)

    def _notice(self, frame: FrameType, event: str, arg: object) -> None:
        if event != "c_call":
            return
        name = getattr(arg, "__name__", "")
        owner = getattr(arg, "__self__", None)
        home = getattr(arg, "__module__", None) or getattr(owner, "__module__", None)
        home = home or type(owner).__module__
        if name in CHANGING.get(str(home), ()):
            caller = frame.f_code.co_filename
            if not any(one in caller for one in HARMLESS_CALLERS):
                self.noticed.add(f"{home}.{name}")
