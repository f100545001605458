"""Outputs of a step, masks, and errors: what a step tells the workflow.

Written to the runner's files by ourselves: importing a toolkit for these few lines costs more CPU
time (0.17 s) than the rest of a submit leaves free.
"""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

from openhands_testgen.domain.text import MIN_SECRET_LENGTH
from openhands_testgen.errors import GenerationError
from openhands_testgen.reporting.commands import render_command, to_plain_lines
from openhands_testgen.reporting.redacted_stream import RedactedStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import TextIO

    from openhands_testgen.domain.report import TaskResult

MAX_ERROR_LENGTH = 4_096

# From bad to good; no answer (`None`) outweighs a no, as it does in the exit codes.
_STATUSES = ("FAILED", "QUEUED", "RUNNING", "COMPLETED")
_VERDICTS = (None, "rejected", "weak", "accepted")
_CONCLUSIONS = (
    "lost",
    "agent_error",
    "stuck",
    "needs_confirmation",
    "over_budget",
    "cancelled",
    "timed_out",
    None,
    "no_tests",
    "rejected",
    "success",
)


def write_outputs(values: Mapping[str, str], file: Path | None) -> None:
    """Append outputs to the file that the runner named; without one there is nothing to do.

    Raises:
        GenerationError: a value holds the random delimiter, so it could add outputs of its own.

    """
    if file is None:
        return
    delimiter = f"end-{uuid.uuid4().hex}"
    with file.open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
        stream.write(render_assignments(values, delimiter))


def render_assignments(values: Mapping[str, str], delimiter: str) -> str:
    """Render outputs in the runner's file format, each between two lines of the delimiter."""
    for name, value in values.items():
        if delimiter in value:
            message = f"The output {name} holds the delimiter of the output file; it was refused."
            raise GenerationError(message)
    return "".join(f"{name}<<{delimiter}\n{value}\n{delimiter}\n" for name, value in values.items())


def render_submit_outputs(task_ids: Iterable[str], urls: Iterable[str]) -> dict[str, str]:
    """Render the outputs of a submit: the tasks that were handed over, and pages to watch them."""
    ids = " ".join(task_ids)
    return {
        "task-id": ids,
        "status": "QUEUED" if ids else "",
        "conversation-url": " ".join(filter(None, urls)),
    }


def render_outputs(
    results: Sequence[TaskResult], results_folder: Path, *, expected: int | None = None
) -> dict[str, str]:
    """Render the outputs of a collect, for one task or several.

    Several tasks are as good as their worst one: ``success`` is all of them, ``coverage`` (in
    percent) the lowest, ``cost`` (US dollars) the sum; a number that one task lacks is empty.
    ``expected`` tasks were asked for: one without a result is no success.
    """
    complete = bool(results) and len(results) >= (expected or 1)
    mutations = [one["mutation"] for one in results]
    scores = [mutation["score"] if mutation else None for mutation in mutations]
    return {
        "success": str(complete and all(one["success"] for one in results)).lower(),
        "status": _choose_worst([one["status"] for one in results], _STATUSES),
        "conclusion": _choose_worst([one["conclusion"] for one in results], _CONCLUSIONS),
        "verdict": _choose_worst([one["verdict"] for one in results], _VERDICTS)
        if complete
        else "",
        "coverage": _render_lowest([one["coverage"] for one in results]),
        "mutation-score": _render_lowest(scores),
        "test-path": "\n".join(path for one in results for path in one["files"]),
        "cost": _render_sum([one["cost_usd"] for one in results]),
        "results-dir": _choose_folder(results, results_folder),
    }


def mask_secrets(
    secrets: Iterable[str], stream: TextIO | RedactedStream, *, in_actions: bool
) -> None:
    """Hide secrets in all that is printed to come, and have the runner hide them in its log too.

    The runner masks line by line, so each line of a secret is masked as well. Words too short to
    be a secret are left alone: to mask them would tear task ids and logs apart.
    """
    known = list(secrets)
    if isinstance(stream, RedactedStream):
        stream.secrets.extend(known)
        stream = stream.raw
    for secret in known if in_actions else ():
        for part in dict.fromkeys([secret, *secret.splitlines()]):
            if len(part.strip()) >= MIN_SECRET_LENGTH:
                print(render_command("add-mask", part), file=stream, flush=True)


@contextmanager
def group(title: str, stream: TextIO, *, in_actions: bool) -> Iterator[None]:
    """Fold what is printed meanwhile in the log of a step; elsewhere nothing is folded."""
    if in_actions:
        print(render_command("group", title), file=stream, flush=True)
    try:
        yield
    finally:
        if in_actions:
            print(render_command("endgroup", ""), file=stream, flush=True)


def print_error(message: str, stream: TextIO, *, in_actions: bool) -> None:
    """Print the error that ends a command; foreign text in it cannot become a command."""
    _print_remark("error", message, stream, in_actions=in_actions)


def print_notice(message: str, stream: TextIO, *, in_actions: bool) -> None:
    """Print why a command ended early without an error."""
    _print_remark("notice", message, stream, in_actions=in_actions)


def _print_remark(level: str, message: str, stream: TextIO, *, in_actions: bool) -> None:
    plain = to_plain_lines(message, MAX_ERROR_LENGTH)
    line = render_command(level, plain) if in_actions else f"{level}: {plain}"
    print(line, file=stream, flush=True)


def _choose_worst(values: Sequence[str | None], order: Sequence[str | None]) -> str:
    """Choose what stands first in an order; an unknown word counts as the worst."""
    ranks = {value: rank for rank, value in enumerate(order)}
    worst = min(values, key=lambda value: ranks.get(value, -1), default=None)
    return worst or ""


def _render_lowest(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{min(known):.1f}" if known and len(known) == len(values) else ""


def _render_sum(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{sum(known):.4f}" if known and len(known) == len(values) else ""


def _choose_folder(results: Sequence[TaskResult], results_folder: Path) -> str:
    if len(results) == 1:
        return results[0]["results_dir"] or str(results_folder)
    return str(results_folder) if results else ""
