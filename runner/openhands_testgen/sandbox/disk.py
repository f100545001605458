"""Watch how much foreign code writes: each file has a limit of its own, their number has none."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LOOK_SECONDS = 0.1
LARGE_PART = 4


def ask_disk(folder: Path) -> tuple[int, int]:
    """Return the free bytes and the free files of a folder's disk."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize, found.f_favail


async def watch_disk(
    folders: Sequence[Path],
    limit_bytes: int,
    limit_files: int,
    *,
    ask: Callable[[Path], tuple[int, int]] = ask_disk,
    look_seconds: float = LOOK_SECONDS,
) -> None:
    """Return once the folders have grown by more than they may; cancel it when that is no matter.

    The folders are only counted where the disk as a whole has lost a part of that.
    """
    first, before = ask(folders[0]), await asyncio.to_thread(_count, folders)
    while True:
        await asyncio.sleep(look_seconds)
        free_bytes, free_files = ask(folders[0])
        lost_bytes, lost_files = first[0] - free_bytes, first[1] - free_files
        if lost_bytes * LARGE_PART < limit_bytes and lost_files * LARGE_PART < limit_files:
            continue
        now = await asyncio.to_thread(_count, folders)
        if now[0] - before[0] > limit_bytes or now[1] - before[1] > limit_files:
            return


def _count(folders: Sequence[Path]) -> tuple[int, int]:
    sizes = [size for folder in folders for size in _list_sizes(folder)]
    return sum(sizes), len(sizes)


def _list_sizes(folder: Path) -> Iterator[int]:
    for place, names, files in os.walk(folder):
        for name in (*names, *files):
            try:
                found = Path(place, name).lstat()
            except OSError:  # removed meanwhile
                continue
            yield 0 if stat.S_ISDIR(found.st_mode) else found.st_blocks * 512
