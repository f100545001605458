"""The results in a few lines of Markdown, for check run, comment and pull request."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from openhands_testgen.domain.text import to_plain_line
from openhands_testgen.reporting.annotations import render_facts
from openhands_testgen.reporting.markdown import render_code, render_row, render_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openhands_testgen.domain.report import TaskResult

MAX_TITLE_LENGTH = 255
MAX_NOTE_BYTES = 100
_HEADER = ("Module", "Verdict", "What was found", "Tests")
_ORDER = ("rejected", "weak", "accepted")


def count_verdicts(results: Sequence[TaskResult]) -> str:
    """Count the decisions in plain words, the bad ones first: ``1 rejected, 2 accepted``."""
    decisions = Counter(get_decision(result) for result in results)
    known = [word for word in _ORDER if word in decisions]
    others = sorted(set(decisions) - set(known))
    counted = ", ".join(f"{decisions[word]} {word}" for word in [*others, *known])
    return to_plain_line(counted)[:MAX_TITLE_LENGTH]


def get_decision(result: TaskResult) -> str:
    """Return our verdict, or how the task ended without one."""
    return (result["verdict"] or result["conclusion"] or result["status"]).replace("_", " ")


def render_table(results: Sequence[TaskResult], max_bytes: int) -> str:
    """Render one row a task; rows that do not fit into ``max_bytes`` are counted."""
    head = "\n".join([render_row(_HEADER), render_row(["---"] * len(_HEADER))])
    room, rows = max_bytes - len(head.encode()) - MAX_NOTE_BYTES, []
    for result in results:
        row = _render_row(result)
        room -= len(row.encode()) + 1
        if room < 0:
            break
        rows.append(row)
    left_out = len(results) - len(rows)
    note = ["", f"{left_out} more tasks: see the job summary."] if left_out else []
    return "\n".join([head, *rows, *note])


def _render_row(result: TaskResult) -> str:
    files = ", ".join(render_code(path) for path in result["files"])
    return render_row(
        [
            render_code(result["module_path"]),
            render_text(get_decision(result)),
            render_text(render_facts(result)),
            files or "none were delivered",
        ]
    )
