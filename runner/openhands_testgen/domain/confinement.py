"""Which of the files that an agent changed are taken: its one test file, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from openhands_testgen.domain.task import ChangedFile

MAX_TEST_FILE_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Confined:
    """The test file's bytes, or ``None`` and the reason; and the dropped files with theirs."""

    content: bytes | None
    reason: str
    dropped: tuple[tuple[str, str], ...]


def confine(files: Iterable[ChangedFile], output_path: str) -> Confined:
    """Take the file at ``output_path`` if it is a plain text file of sane size; drop the rest."""
    content: bytes | None = None
    reason = f"the agent left no file at {output_path}"
    dropped: list[tuple[str, str]] = []
    for file in files:
        problem = _find_problem(file, output_path)
        if not problem:
            content, reason = file.content, ""
            continue
        dropped.append((file.path, problem))
        if file.path == output_path:
            reason = f"the file at {output_path} was not taken: {problem}"
    return Confined(content, reason, tuple(dropped))


def _find_problem(file: ChangedFile, output_path: str) -> str:
    if file.path != output_path:
        return "outside the one file that the task may write"
    if file.problem:
        return file.problem
    if file.content is None:
        return "deleted"
    if len(file.content) > MAX_TEST_FILE_BYTES:
        return f"{len(file.content)} bytes, more than the {MAX_TEST_FILE_BYTES} allowed"
    if b"\0" in file.content:
        return "binary"
    return ""
