"""What sessions load of the project, compiled once for all that come after.

Judged processes write no bytecode, so each of them would compile every file anew.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from openhands_testgen.verification.inside.account import MAX_FILES

if TYPE_CHECKING:
    from types import CodeType

MAX_BYTES = 1_000_000


class Library:
    """Compiled files of one folder, by their absolute paths."""

    def __init__(self, folder: str) -> None:
        """Know no file yet."""
        self._folder = os.path.realpath(folder) + os.sep
        self._codes: dict[str, tuple[tuple[int, ...], CodeType]] = {}
        self._known: set[str] = set()

    def learn(self, paths: object) -> bool:
        """Compile the files that a session says it has loaded; what else it says counts nothing.

        Returns whether there is any new one now.
        """
        before = len(self._codes)
        for path in paths if isinstance(paths, list) else ():
            is_own = isinstance(path, str) and path.startswith(self._folder)
            if is_own and path not in self._known and len(self._known) < MAX_FILES:
                self._known.add(path)
                self._compile(path)
        return len(self._codes) > before

    def find(self, path: str) -> CodeType | None:
        """Return a file's code, if it stands there as it was."""
        known = self._codes.get(path)
        with suppress(OSError):
            if known and _get_mark(os.stat(path)) == known[0]:  # noqa: PTH116 - runs at every import
                return known[1]
        return None

    def _compile(self, path: str) -> None:
        with suppress(Exception):  # it is the tests' own matter, when they load it
            if os.path.realpath(path) != path:
                return
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(descriptor, "rb") as file:
                found = os.fstat(descriptor)
                if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
                    return
                source = file.read(MAX_BYTES)
            self._codes[path] = (
                _get_mark(found),
                compile(source, path, "exec", dont_inherit=True),
            )


def _get_mark(found: os.stat_result) -> tuple[int, ...]:
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
