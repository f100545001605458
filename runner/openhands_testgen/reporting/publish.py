"""Publishes what lies in a results folder: annotations and the job summary."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from openhands_testgen.domain.report import TaskResult
from openhands_testgen.reporting.annotations import (
    cut_annotations,
    list_annotations,
    render_annotation_command,
    render_annotation_line,
)
from openhands_testgen.reporting.commands import render_command, to_plain_lines
from openhands_testgen.reporting.results import RESULT_FILE
from openhands_testgen.reporting.summary import MAX_BYTES, render_summary

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path
    from typing import TextIO

MAX_RESULT_BYTES = 20_000_000
_RESULT = TypeAdapter(TaskResult)


def publish(  # noqa: PLR0913 - the edge between a folder and three sinks
    results_folder: Path,
    summary_file: Path | None,
    stdout: TextIO,
    *,
    in_actions: bool,
    task_ids: Collection[str] = (),
    path_prefix: str = "",
) -> None:
    """Print annotations for the results below a folder and append the job summary.

    ``task_ids`` names the tasks to publish where the folder may hold others; none means all.
    ``path_prefix`` leads from the repository's root to the project. A file that cannot be read is
    a warning; no result at all is a notice.
    """
    results, problems = read_results(results_folder, task_ids)
    sink = _Lines(stdout, in_actions=in_actions)
    for problem in problems:
        sink.say("warning", problem)
    if not results:
        sink.say("notice", "There are no results of generated tests to publish.")
        return
    for annotation in cut_annotations(list_annotations(results)):
        line = render_annotation_line(annotation)
        command = render_annotation_command(annotation, path_prefix)
        print(command if in_actions else line, file=stdout)
    problem = _append_summary(summary_file, results)
    if problem:
        sink.say("warning", problem)


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


class _Lines:
    """Says things about the publishing itself."""

    def __init__(self, stdout: TextIO, *, in_actions: bool) -> None:
        self._stdout = stdout
        self._in_actions = in_actions

    def say(self, level: str, message: str) -> None:
        plain = to_plain_lines(message, 1_000)
        line = render_command(level, plain) if self._in_actions else f"{level}: {plain}"
        print(line, file=self._stdout)


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
