"""A copy of our own program, for a process that outlives the place it was started from.

A job's copy of the action may be removed at the end of the job, while the engine still runs.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

DIGEST_LENGTH = 16
_FOLDERS = ("runner", "locks")
_IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc")


def keep_program(root: Path, folder: Path) -> Path:
    """Copy the checkout's ``runner`` and ``locks`` once, and return the copy's folder.

    ``root`` is the checkout; the copy stands in ``folder``, named by its content.

    Raises:
        OSError: it cannot be copied.

    """
    place = folder / f"program-{_digest(root)}"
    if place.is_dir():
        return place
    building = Path(tempfile.mkdtemp(prefix=".program-", dir=folder))
    try:
        for name in _FOLDERS:
            shutil.copytree(root / name, building / name, ignore=_IGNORED)
        building.rename(place)
    except OSError:
        if not place.is_dir():
            raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return place


def _digest(root: Path) -> str:
    digest = hashlib.sha256()
    for name in _FOLDERS:
        for path in sorted((root / name).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:DIGEST_LENGTH]
