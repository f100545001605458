"""Keep from tests the code of what they test: what it does is what they can judge by."""

from __future__ import annotations

import os
import sys
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
        *("sys._current_frames", "sys._getframe"),
    )
)
MESSAGE = "a test has no business with the code of its module, only with what that does"


def find_unmentioned(source: str) -> Iterator[str]:
    """Find the names of which a module knows nothing: no test of it needs them."""
    return (name for name in ATTRIBUTES | CALLS if name.rpartition(".")[2] not in source)


def conceal(tests: str, names: Collection[str]) -> None:
    """Let no code of the file ``tests``, or of no file at all, ask for one of the names.

    What it calls elsewhere may: mocks and signatures look at code for good reasons. Whoever asks
    for it gets a ``RuntimeError``. This cannot be undone in this process, or in its forks.
    """
    get_frame, is_asking = sys._getframe, False  # noqa: SLF001 - there is no other way

    def check(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal is_asking
        name = arguments[1] if event == "object.__getattr__" else event
        if is_asking or name not in names:
            return
        is_asking = True  # it raises events of its own
        try:
            path = get_frame(1).f_code.co_filename
        finally:
            is_asking = False
        if path == tests or not os.path.isabs(path):  # noqa: PTH117 - a string
            raise RuntimeError(MESSAGE)

    sys.addaudithook(check)
