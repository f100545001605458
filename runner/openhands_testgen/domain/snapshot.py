"""The snapshot: the files that the agent starts from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ABSENT = "-"
DIGEST_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files of a working directory at submit.

    ``paths`` are POSIX and relative to ``root``. ``digest`` covers their names and contents, so it
    is the same wherever the same files are.
    """

    root: Path
    paths: tuple[str, ...]
    digest: str


def render_digest(content: bytes | None) -> str:
    """Return 16 hex digits for a file's bytes, or ``-`` for a file that is not there."""
    if content is None:
        return ABSENT
    return hashlib.sha256(content).hexdigest()[:DIGEST_LENGTH]
