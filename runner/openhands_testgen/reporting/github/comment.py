"""The comment on a pull request: one for a job's modules, found again by a hidden marker."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from openhands_testgen.reporting.github.check_run import cut_to_bytes
from openhands_testgen.reporting.github.overview import count_verdicts, render_table
from openhands_testgen.reporting.markdown import render_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from openhands_testgen.clients.github import GitHubClient
    from openhands_testgen.clients.github_records import Comment
    from openhands_testgen.domain.report import TaskResult

MAX_BYTES = 60_000
MAX_MODULES = 500
_MARKER = re.compile(r"<!-- openhands-testgen ([0-9a-f]{12})((?: [0-9a-f]{8})*) -->")


@dataclass(frozen=True, slots=True)
class Marker:
    """What a comment is about: a workflow's job and some modules, as digests."""

    job: str
    modules: frozenset[str]

    def __str__(self) -> str:
        """Render the marker as GitHub does not show it."""
        return f"<!-- openhands-testgen {' '.join([self.job, *sorted(self.modules)])} -->"


def make_marker(workflow: str, job: str, modules: Iterable[str]) -> Marker:
    """Make the marker of a job's comment; ``modules`` are paths in the repository."""
    digests = sorted(_digest(module, 8) for module in modules)
    return Marker(_digest(f"{workflow}\0{job}", 12), frozenset(digests[:MAX_MODULES]))


def find_marker(body: str) -> Marker | None:
    """Find the marker on the first line of a comment."""
    match = _MARKER.fullmatch(body.split("\n", 1)[0].strip())
    return Marker(match[1], frozenset(match[2].split())) if match else None


def choose_comment(comments: Iterable[Comment], marker: Marker) -> Comment | None:
    """Choose the comment to update: the same job's, with the most modules in common.

    Jobs of a matrix share a name and no module, so each keeps its own. A marker in a comment of
    somebody who may not write to the repository is not believed.
    """
    best, most = None, 0
    for comment in comments:
        found = find_marker(comment.body) if comment.is_trusted else None
        common = len(found.modules & marker.modules) if found and found.job == marker.job else 0
        if common > most:
            best, most = comment, common
    return best


def render_comment(results: Sequence[TaskResult], marker: Marker, notes: Sequence[str]) -> str:
    """Render the comment; ``notes`` are lines in Markdown that stand below the table."""
    head = f"{marker}\n### Generated tests: {render_text(count_verdicts(results))}\n\n"
    foot = "".join(f"\n\n{note}" for note in notes)
    room = MAX_BYTES - len(f"{head}{foot}".encode())
    return cut_to_bytes(f"{head}{render_table(results, room)}{foot}\n")


def put_comment(client: GitHubClient, pull_number: int, marker: Marker, body: str) -> None:
    """Update the comment or add it; the same call again doubles nothing.

    Raises:
        GitHubError: GitHub refused, or did not answer.

    """
    present = choose_comment(client.list_comments(pull_number), marker)
    if present is None:
        client.create_comment(pull_number, body)
    elif present.body != body:
        client.update_comment(pull_number, present.id, body)


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]
