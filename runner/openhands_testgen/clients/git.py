"""The few questions that are asked of git, with the repository's own hooks and helpers off."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SAFE = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.quotePath=off")
TIMEOUT_SECONDS = 60


def find_files(folder: Path) -> tuple[str, ...] | None:
    """Return the files below a folder as git sees them: tracked and untracked, not ignored.

    Paths are POSIX and relative to the folder; files that are gone are still named. ``None`` where
    there is no git or no repository.
    """
    command = ["git", *SAFE, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(
            command, cwd=folder, capture_output=True, timeout=TIMEOUT_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    names = listed.stdout.decode("utf-8", "surrogateescape").split("\0")
    return tuple(sorted({name for name in names if name}))
