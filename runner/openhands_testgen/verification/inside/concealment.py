"""Keep from tests the code of what they test: what it does is what they can judge by."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from types import FrameType

# Attributes, and calls, that lead to code or to the frames of whoever runs it. The interpreter
# raises an audit event for each: https://docs.python.org/3/library/audit_events.html
ATTRIBUTES = frozenset(
    (
        *("__code__", "ag_code", "cr_code", "f_code", "gi_code"),
        *("ag_frame", "cr_frame", "gi_frame", "tb_frame"),
    )
)
CALLS = frozenset(
    (
        *("gc.get_objects", "gc.get_referents", "gc.get_referrers", "marshal.loads"),
        *("sys._current_frames", "sys._getframe", "sys.addaudithook"),
        *("sys.monitoring.register_callback", "sys.setprofile", "sys.settrace"),
    )
)
# Who makes code says what file it is from.
MAKERS = frozenset(("code.__new__", "compile"))
# Compiled, so they ask for frames in the name of who calls them.
COMPILED = ("gevent", "greenlet")
FROZEN = "<frozen "
DETOURS = ("/./", "//", "/../")
MESSAGE = "a test has no business with the code of its module, only with what that does"


def find_unmentioned(source: str) -> Iterator[str]:
    """Find the names of which a module knows nothing: no test of it needs them."""
    for name in ATTRIBUTES | CALLS:
        is_known = all(part in source for part in name.split("."))
        if not (is_known or (name == "sys._getframe" and any(one in source for one in COMPILED))):
            yield name


class Callers:
    """Whom to trust: what is installed, and what stood in the project before tests could write.

    ``since_ns`` is that moment, as ``time.time_ns`` tells it. Everything is known by its spelling.
    """

    def __init__(self, tests: str, project: str, since_ns: int) -> None:
        """Look at where modules come from now."""
        own = os.path.dirname(__file__)  # noqa: PTH120 - a string
        folders = (own, sys.prefix, sys.base_prefix, *sys.path)
        self._installed = (FROZEN, *(f"{folder}{os.sep}" for folder in folders if folder))
        self._project = f"{project}{os.sep}"
        self._since_ns = since_ns
        self._distrusted = {tests}
        # Tests can put something else in the place of what has a name.
        self._stat, self._type, self._text = os.lstat, type, str
        self._starts, self._detours = str.startswith, DETOURS

    def are_trusted(self, path: str) -> bool:
        """Whether code of this file may ask."""
        if self._type(path) is not self._text or path in self._distrusted:
            return False
        for detour in self._detours:
            if detour in path:
                return False
        if not self._starts(path, self._project):
            return self._starts(path, self._installed)
        try:
            return self._stat(path).st_ctime_ns < self._since_ns
        except OSError:
            return False

    def is_frozen(self, path: object) -> bool:
        """Whether this is a name of code that the interpreter begins with, which nobody makes."""
        return self._type(path) is self._text and self._starts(path, FROZEN)  # type: ignore[arg-type]  # it is a string

    def distrust(self, path: object) -> None:
        """Distrust code that says it is of this file; ``None`` is said of what is no text yet.

        Raises:
            RuntimeError: this is no plain name of a file.

        """
        if self._type(path) is self._text:
            self._distrusted.add(path)  # type: ignore[arg-type]  # it is a string
        elif path is not None:
            raise RuntimeError(MESSAGE)


def conceal(callers: Callers, names: Collection[str]) -> None:
    """Let nobody who is not trusted ask for one of the names.

    What is trusted may: mocks and signatures look at code for good reasons. Who else asks gets a
    ``RuntimeError``. This cannot be undone in this process, or in its forks.
    """
    get_frame, get_thread, error = sys._getframe, threading.get_ident, RuntimeError  # noqa: SLF001
    makers, message = MAKERS, MESSAGE
    # By thread: the frame that is looked at here, which raises events of its own.
    frames: dict[int, FrameType | None] = {}

    def find_caller(thread: int) -> str:
        frames[thread] = None
        try:
            frames[thread] = frame = get_frame(2)
            path = frame.f_code.co_filename
        except ValueError:  # a thread that runs no code but the interpreter's own
            path = ""
        finally:
            frames.pop(thread, None)  # a signal may have come in between
        return path

    def check(event: str, arguments: tuple[object, ...]) -> None:
        name = arguments[1] if event == "object.__getattr__" else event
        if name not in names and event not in makers:
            return
        thread = get_thread()
        if thread in frames:
            frame = frames[thread]
            is_own = event == "sys._getframe" if frame is None else arguments[0] is frame
            if is_own:
                return
        path = find_caller(thread)
        is_trusted = callers.are_trusted(path)
        if event not in makers:
            if not is_trusted:
                raise error(message)
        elif not is_trusted or callers.is_frozen(arguments[1]):
            callers.distrust(arguments[1])

    sys.addaudithook(check)
