"""Keep from tests the code of what they test: what it does is what they can judge by."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

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
        *("gc.get_objects", "gc.get_referents", "gc.get_referrers"),
        *("marshal.loads", "sys._current_frames", "sys._getframe"),
    )
)
# Who makes code says what file it is from.
MAKERS = frozenset(("code.__new__", "compile"))
FROZEN = "<frozen "
MESSAGE = "a test has no business with the code of its module, only with what that does"


def find_unmentioned(source: str) -> Iterator[str]:
    """Find the names of which a module knows nothing: no test of it needs them."""
    for name in ATTRIBUTES | CALLS:
        if not all(part in source for part in name.split(".")):
            yield name


def conceal(tests: str, project: str, names: Collection[str]) -> None:
    """Let no code of the file ``tests`` ask for one of the names, nor what that code makes.

    What it calls in the rest of the project, and in what is installed now, may: mocks and
    signatures look at code for good reasons. Whoever else asks gets a ``RuntimeError``. This cannot
    be undone in this process, or in its forks.
    """
    own = os.path.dirname(__file__)  # noqa: PTH120 - a string
    folders = (own, project, sys.prefix, sys.base_prefix, *sys.path)
    trusted = (FROZEN, *(f"{folder}{os.sep}" for folder in folders if folder))
    distrusted = {tests}
    get_frame, get_thread = sys._getframe, threading.get_ident  # noqa: SLF001 - no other way
    asking: set[int] = set()

    def find_caller(thread: int) -> str:
        asking.add(thread)  # this raises events of its own
        try:
            return get_frame(2).f_code.co_filename
        except ValueError:  # a thread that runs no code but the interpreter's own
            return ""
        finally:
            asking.remove(thread)

    def check(event: str, arguments: tuple[object, ...]) -> None:
        name = arguments[1] if event == "object.__getattr__" else event
        thread = get_thread()
        if (name not in names and event not in MAKERS) or thread in asking:
            return
        path = find_caller(thread)
        if path not in distrusted and path.startswith(trusted):
            return
        if event not in MAKERS:
            raise RuntimeError(MESSAGE)
        distrusted.add(str(arguments[1]))

    sys.addaudithook(check)
