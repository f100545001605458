"""Publishes what lies in a results folder: annotations and the job summary."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from openhands_testgen.domain.delivery import DELIVERED_FILE
from openhands_testgen.domain.report import TaskResult
from openhands_testgen.domain.text import to_plain_line
from openhands_testgen.reporting.annotations import (
    cut_annotations,
    list_annotations,
    render_annotation_command,
    render_annotation_line,
)
from openhands_testgen.reporting.commands import render_command, to_plain_lines
from openhands_testgen.reporting.github.delivery import choose_path
from openhands_testgen.reporting.results import RESULT_FILE
from openhands_testgen.reporting.summary import MAX_BYTES, render_summary

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path
    from typing import TextIO

    from openhands_testgen.reporting.annotations import Annotation, Level
    from openhands_testgen.reporting.github.publisher import GitHubPublisher, Published

MAX_RESULT_BYTES = 20_000_000
MAX_TEST_BYTES = 5_000_000
MAX_PROBLEMS = 3
_RESULT = TypeAdapter(TaskResult)


def publish(  # noqa: PLR0913 - the edge between a folder and four sinks
    results_folder: Path,
    summary_file: Path | None,
    stdout: TextIO,
    *,
    in_actions: bool,
    task_ids: Collection[str] = (),
    path_prefix: str = "",
    github: GitHubPublisher | None = None,
) -> None:
    """Publish the results below a folder on GitHub, print annotations, append the job summary.

    Annotations are printed where no check run holds them. ``task_ids`` names the tasks to publish
    where the folder may hold others; none means all. ``path_prefix`` leads from the repository's
    root to the project. A file that cannot be read is a warning; no result at all is a notice.
    """
    results, problems = read_results(results_folder, task_ids)
    lines = _Lines(stdout, in_actions=in_actions)
    for problem in _cut_problems(problems):
        lines.say("warning", problem)
    if not results:
        lines.say("notice", "There are no results of generated tests to publish.")
        return
    annotations: Sequence[Annotation] = list_annotations(results)
    if github:
        files = read_deliveries(results_folder, results, path_prefix) if github.wants_files else {}
        published = github.publish(results, annotations, files)
        annotations = published.missing
        _print_published(published, lines)
    for annotation in cut_annotations(annotations, lines.said):
        line = render_annotation_line(annotation)
        command = render_annotation_command(annotation, path_prefix)
        print(command if in_actions else line, file=stdout)
    problem = _append_summary(summary_file, results)
    if problem:
        lines.say("warning", problem)


def _print_published(published: Published, lines: _Lines) -> None:
    for note in published.notes:
        lines.say(note.level, note.text)
    if published.delivered:
        lines.print(f"delivery: {published.delivered}")
    if published.check_url:
        lines.print(f"check run: {published.check_url}")


def read_results(
    folder: Path, task_ids: Collection[str] = ()
) -> tuple[list[TaskResult], list[str]]:
    """Read the results below a folder, or in it, and say which could not be read."""
    results: dict[str, TaskResult] = {}
    problems: list[str] = []
    for file in _find_results(folder):
        try:
            result = _read_result(file)
        except (OSError, ValueError) as exc:
            problems.append(f"{file} cannot be read and was left out: {_explain(exc)}")
        else:
            if not task_ids or result["task_id"] in task_ids:
                results[result["task_id"]] = result
    return list(results.values()), problems


def read_deliveries(
    folder: Path, results: Sequence[TaskResult], path_prefix: str
) -> dict[str, bytes]:
    """Read the tests that were delivered, by their paths in the repository.

    Only what our own verdict let through, and only files that stand in the tasks' folders.
    """
    wanted = {result["task_id"]: result for result in results if result["success"]}
    found: dict[str, bytes] = {}
    for file in _find_results(folder):
        content = _read_file(file.with_name(DELIVERED_FILE))
        with suppress(OSError, ValueError):
            result = wanted.get(_read_result(file)["task_id"])
            path = (
                choose_path(path_prefix, result["files"][0]) if result and result["files"] else ""
            )
            if path and content is not None:
                found[path] = content
    return found


def _read_file(file: Path) -> bytes | None:
    is_plain = file.is_file() and not file.is_symlink()
    return file.read_bytes() if is_plain and file.stat().st_size <= MAX_TEST_BYTES else None


def _cut_problems(problems: Sequence[str]) -> list[str]:
    """Keep a few: warnings about ourselves must not crowd out those about the tests."""
    kept = list(problems[:MAX_PROBLEMS])
    left_out = len(problems) - len(kept)
    return [*kept, f"{left_out} more results cannot be read."] if left_out else kept


class _Lines:
    """Says things about the publishing itself; ``said`` counts them by level."""

    def __init__(self, stdout: TextIO, *, in_actions: bool) -> None:
        self._stdout = stdout
        self._in_actions = in_actions
        self.said: Counter[Level] = Counter()

    def say(self, level: Level, message: str) -> None:
        """Say a sentence that users see beside the annotations."""
        self.said[level] += 1
        plain = to_plain_lines(message, 1_000)
        line = render_command(level, plain) if self._in_actions else f"{level}: {plain}"
        print(line, file=self._stdout)

    def print(self, line: str) -> None:
        """Print a line of the log."""
        print(to_plain_line(line), file=self._stdout)


def _find_results(folder: Path) -> Iterator[Path]:
    """Find a task's own file or those of all tasks: deeper files are the agent's, not ours."""
    own = folder / RESULT_FILE
    if own.is_file():
        yield own
        return
    yield from sorted(folder.glob(f"*/{RESULT_FILE}"))


def _read_result(file: Path) -> TaskResult:
    if file.stat().st_size > MAX_RESULT_BYTES:
        message = f"it is larger than {MAX_RESULT_BYTES} bytes"
        raise ValueError(message)
    return _RESULT.validate_json(file.read_bytes())


def _explain(problem: Exception) -> str:
    if isinstance(problem, ValidationError):
        first = problem.errors(include_url=False)[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}".lstrip(": ")
    return str(problem)


def _append_summary(file: Path | None, results: Sequence[TaskResult]) -> str:
    """Append what still fits in the step's summary; return a problem in words, if there is one."""
    if file is None:
        return ""
    try:
        present = file.stat().st_size if file.exists() else 0
        text = render_summary(results, max_bytes=max(MAX_BYTES - present, 10_000))
        with file.open("a", encoding="utf-8", errors="replace", newline="\n") as stream:
            stream.write(text)
    except OSError as exc:
        return f"The job summary could not be written: {os.strerror(exc.errno or 0)}"
    return ""
