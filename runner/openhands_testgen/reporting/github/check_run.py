"""The check run: what stands in it, and how it comes to hold each annotation exactly once."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

from openhands_testgen.reporting.annotations import (
    MAX_MESSAGE_LENGTH,
    MAX_PATH_LENGTH,
    join_path,
)
from openhands_testgen.reporting.commands import to_plain_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from openhands_testgen.clients.github_records import AnnotationDict, CheckRun
    from openhands_testgen.domain.report import TaskResult
    from openhands_testgen.reporting.annotations import Annotation

MAX_BYTES = 64_000
MAX_NAME_LENGTH = 100
MAX_TITLE_LENGTH = 255
_LEVELS = {"error": "failure", "warning": "warning", "notice": "notice"}


def render_name(results: Sequence[TaskResult]) -> str:
    """Name the check after its modules: of one name GitHub shows the latest check alone."""
    modules = sorted({result["module_path"] for result in results})
    others = f" and {len(modules) - 1} more" if len(modules) > 1 else ""
    first = to_plain_lines(modules[0] if modules else "", MAX_NAME_LENGTH).replace("\n", " ")
    return f"Generated tests: {first}{others}"


def render_external_id(results: Sequence[TaskResult], path_prefix: str) -> str:
    """Render what finds the check run again: the same modules of one commit have the same id."""
    modules = sorted({join_path(path_prefix, result["module_path"]) for result in results})
    content = "\0".join(modules).encode("utf-8", "surrogatepass")
    return f"openhands-testgen-{hashlib.sha256(content).hexdigest()[:24]}"


def render_annotation(annotation: Annotation, path_prefix: str) -> AnnotationDict:
    """Render one annotation as the API takes it; one without a line stands on the first."""
    path = to_plain_lines(join_path(path_prefix, annotation.path), MAX_PATH_LENGTH)
    title = to_plain_lines(annotation.title, MAX_TITLE_LENGTH).replace("\n", " ")
    line = annotation.line or 1
    return {
        "path": path.replace("\n", " "),
        "start_line": line,
        "end_line": max(annotation.end_line or line, line),
        "annotation_level": _LEVELS[annotation.level],
        "title": title,
        "message": to_plain_lines(annotation.message, MAX_MESSAGE_LENGTH) or title,
    }


def choose_check_run(found: Iterable[CheckRun], external_id: str) -> CheckRun | None:
    """Choose ours: the latest one, for an older one is no longer shown."""
    own = [run for run in found if run.external_id == external_id]
    return max(own, key=lambda run: run.id, default=None)


def find_missing(
    planned: Sequence[AnnotationDict], present: Iterable[AnnotationDict]
) -> list[AnnotationDict] | None:
    """Find the annotations that are still to be sent; ``None`` if others are there than planned.

    GitHub takes annotations in, and never away: a check run with others cannot be put right.
    """
    left = Counter(_identify(one) for one in present)
    missing = []
    for one in planned:
        key = _identify(one)
        if left[key] > 0:
            left[key] -= 1
        else:
            missing.append(one)
    return missing if left.total() == 0 else None


def cut_to_bytes(text: str, max_bytes: int = MAX_BYTES) -> str:
    """Cut a text to a size in UTF-8, and say so in it."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= max_bytes:
        return encoded.decode()
    note = "\n\nThis is cut; the job summary has the rest."
    return encoded[: max_bytes - len(note)].decode("utf-8", "ignore") + note


def _identify(annotation: AnnotationDict) -> tuple[str, ...]:
    names = ("path", "start_line", "end_line", "annotation_level", "title", "message")
    return tuple(" ".join(str(annotation[name]).split()) for name in names)
