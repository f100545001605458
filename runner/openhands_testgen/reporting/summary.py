"""The job summary: one table of all tasks, their times, then each task's details, in Markdown."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from openhands_testgen.reporting import figures
from openhands_testgen.reporting.details import render_details
from openhands_testgen.reporting.lists import join_within
from openhands_testgen.reporting.markdown import render_code, render_row, render_text
from openhands_testgen.reporting.timeline import render_gantt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openhands_testgen.domain.report import TaskResult

# Above 1 MiB GitHub drops a whole summary; a part of that is left to the step's other sections.
MAX_BYTES = 900_000
MAX_NOTE_BYTES = 200
SIGNS = {"accepted": "✅", "weak": "⚠️", "rejected": "❌"}

_HEADER = ("", "Module", "Verdict", "Coverage", "Tests passed", "Mutants killed", "Cost", "Agent")


def render_summary(
    results: Sequence[TaskResult], *, max_bytes: int = MAX_BYTES, now: float | None = None
) -> str:
    """Render the summary of all tasks; what does not fit in ``max_bytes`` is counted.

    ``now`` counts seconds since 1970; it is the end of what has no end yet.
    """
    head = "\n".join(["## Generated tests", "", render_row(_HEADER), render_row(["---"] * 8)])
    rows = map(_render_task, results)
    table = join_within(rows, len(results), "\n", max_bytes // 3, "tasks")
    chart = render_gantt(results, time.time() if now is None else now)
    top = f"{head}\n{table}\n\n{chart}\n\n" if chart else f"{head}\n{table}\n\n"
    room = max_bytes - len(f"{top}\n".encode()) - MAX_NOTE_BYTES
    details = map(render_details, _put_bad_ones_first(results))
    listed = join_within(details, len(results), "\n\n", room, "tasks in detail")
    return f"{top}{listed}\n"


def _put_bad_ones_first(results: Sequence[TaskResult]) -> list[TaskResult]:
    return sorted(results, key=lambda one: (one["success"], one["verdict"] == "accepted"))


def _render_task(result: TaskResult) -> str:
    verdict = result["verdict"]
    tests, mutation = result["tests"], result["mutation"]
    return render_row(
        [
            SIGNS.get(verdict or "", "❌" if result["status"] == "FAILED" else "❔"),
            render_code(result["module_path"]),
            render_text(verdict or result["conclusion"] or result["status"]),
            figures.render_coverage(result),
            f"{tests['passed']} of {tests['total']}" if tests else figures.UNKNOWN,
            f"{mutation['killed']} of {mutation['total']}" if mutation else figures.UNKNOWN,
            figures.render_cost(result["cost_usd"]),
            figures.render_duration(result["duration_seconds"]),
        ]
    )
