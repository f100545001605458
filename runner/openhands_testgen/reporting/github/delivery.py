"""What a delivery holds and where it may go: the decisions, before GitHub is asked for anything."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from openhands_testgen.domain.task_id import is_safe_path
from openhands_testgen.domain.text import to_plain_line
from openhands_testgen.reporting.annotations import join_path
from openhands_testgen.reporting.github.overview import count_verdicts, render_table
from openhands_testgen.reporting.markdown import render_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openhands_testgen.domain.report import TaskResult
    from openhands_testgen.reporting.github.event import Event

BRANCH_PREFIX = "openhands-testgen/"
MAX_SUBJECT_LENGTH = 72
MAX_BODY_BYTES = 60_000
# Events that a delivery with a token of the user's own would set off again.
_AUTOMATIC = ("push", "pull_request", "pull_request_target")
_TRAILER = re.compile(r"^Generated-Tests-Base: ([0-9a-f]{40,64})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Files for one branch, whose head must still be ``expected_sha``.

    ``files`` are by their paths in the repository, ``subject`` is one line, ``body`` Markdown.
    """

    branch: str
    expected_sha: str
    files: Mapping[str, bytes]
    subject: str
    body: str
    is_automatic: bool = False

    @property
    def own_branch(self) -> str:
        """The branch of a pull request of their own."""
        return f"{BRANCH_PREFIX}{self.branch}"

    @property
    def message(self) -> str:
        """The commit's message, with the mark that tells ours from other commits."""
        listed = "\n".join(to_plain_line(path) for path in self.files)
        return f"{self.subject}\n\n{listed}\n\nGenerated-Tests-Base: {self.expected_sha}\n"


def explain_refusal(event: Event) -> str:
    """Say why nothing may be delivered on an event; empty where it may."""
    if event.is_fork:
        return "tests are never delivered to the branches of forks"
    if not event.head_sha or not event.branch:
        return f"the event `{event.name}` names no branch to deliver to"
    if event.branch.startswith(BRANCH_PREFIX):
        return f"{event.branch} is a branch of delivered tests itself"
    return ""


def plan_delivery(
    event: Event, results: Sequence[TaskResult], files: Mapping[str, bytes]
) -> Delivery:
    """Plan the delivery of files, which are by their paths in the repository."""
    modules = [result["module_path"] for result in results if result["success"]]
    subject = (
        f"Tests for {modules[0]}" if len(modules) == 1 else f"Tests for {len(modules)} modules"
    )
    return Delivery(
        branch=event.branch,
        expected_sha=event.head_sha,
        files=files,
        subject=to_plain_line(subject)[:MAX_SUBJECT_LENGTH],
        body=f"{render_text(count_verdicts(results))}\n\n{render_table(results, MAX_BODY_BYTES)}\n",
        is_automatic=event.name in _AUTOMATIC,
    )


def choose_path(path_prefix: str, path: str) -> str:
    """Return a delivered file's path in the repository; empty if it is none that git may hold."""
    whole = join_path(path_prefix, path)
    return whole if is_safe_path(path) and is_safe_path(whole) else ""


def find_base(message: str) -> str:
    """Find the commit that a delivered commit was made on; empty if it is none of ours."""
    match = _TRAILER.search(message)
    return match[1] if match else ""
