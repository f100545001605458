"""What sessions load of the project, compiled once for all that come after.

Judged processes write no bytecode, so each of them would compile every file anew.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import CodeType

MAX_FILES = 200
MAX_BYTES = 1_000_000


class Library:
    """Compiled files of one folder, by their absolute paths."""

    def __init__(self, folder: str) -> None:
        """Know no file yet."""
        self._folder = os.path.realpath(folder) + os.sep
        self._codes: dict[str, tuple[tuple[int, int], CodeType]] = {}
        self._known: set[str] = set()

    def learn(self, paths: object) -> None:
        """Compile the files that a session says it has loaded; what else it says counts nothing."""
        for path in paths if isinstance(paths, list) else ():
            if isinstance(path, str) and path not in self._known and len(self._known) < MAX_FILES:
                self._known.add(path)
                self._compile(path)

    def find(self, path: str) -> CodeType | None:
        """Return a file's code, if it stands there as it was."""
        mark, code = self._codes.get(path, ((0, 0), None))
        with suppress(OSError):
            return code if code is not None and _get_mark(path) == mark else None
        return None

    def _compile(self, path: str) -> None:
        with suppress(OSError, ValueError, SyntaxError, MemoryError, RecursionError):
            is_inside = os.path.realpath(path) == path and path.startswith(self._folder)
            if not (is_inside and os.path.isfile(path)):  # noqa: PTH113 - a text
                return
            mark = _get_mark(path)
            if mark[1] <= MAX_BYTES:
                source = Path(path).read_bytes()
                self._codes[path] = (mark, compile(source, path, "exec", dont_inherit=True))


def _get_mark(path: str) -> tuple[int, int]:
    found = os.stat(path)  # noqa: PTH116 - runs at every import
    return found.st_mtime_ns, found.st_size
