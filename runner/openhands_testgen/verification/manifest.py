"""What a copy looked like before a run, to tell what the run changed and to undo it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

type Mark = tuple[int, ...]


def take_manifest(folder: Path) -> dict[str, Mark]:
    """Return a mark for each file and folder below, by relative path.

    The marks change with any write: a time of change cannot be set, as the times of access and
    modification can.
    """
    return dict(_walk(folder, ""))


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, Mark]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:  # foreign code took the right to read it
        return
    for entry in entries:
        found = entry.stat(follow_symlinks=False)
        path = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            yield path, (found.st_mode,)
            yield from _walk(Path(entry.path), f"{path}/")
        else:
            yield path, (found.st_ino, found.st_size, found.st_ctime_ns, found.st_mode)
