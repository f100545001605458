"""The job summary: one table of all tasks, then each task's details, in GitHub's Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openhands_testgen.reporting.annotations import list_ranges
from openhands_testgen.reporting.markdown import (
    render_block,
    render_code,
    render_folded,
    render_row,
    render_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from openhands_testgen.domain.report import CaseDict, CasesDict, TaskResult

# Above 1 MiB GitHub drops a whole summary; a part of that is left to the step's other sections.
MAX_BYTES = 900_000
MAX_DETAIL_BYTES = 60_000
MAX_LISTED = 100
MAX_MESSAGE_LENGTH = 1_500
COLLECT_COMMAND = "runner/launch collect"

_SIGNS = {"accepted": "✅", "weak": "⚠️", "rejected": "❌"}
_HEADER = ("", "Module", "Verdict", "Coverage", "Tests passed", "Mutants killed", "Cost", "Agent")
_UNKNOWN = "–"


def render_summary(results: Sequence[TaskResult], *, max_bytes: int = MAX_BYTES) -> str:
    """Render the summary of all tasks; what does not fit in ``max_bytes`` is counted."""
    head = "\n".join(["## Generated tests", "", render_row(_HEADER), render_row(["---"] * 8)])
    table = _join_within([_render_task(one) for one in results], "\n", max_bytes // 3, "tasks")
    room = max_bytes - len(f"{head}\n{table}\n\n\n".encode()) - 200
    details = [_render_details(one) for one in _put_bad_ones_first(results)]
    return f"{head}\n{table}\n\n{_join_within(details, '\n\n', room, 'tasks in detail')}\n"


def _join_within(parts: Iterable[str], separator: str, max_bytes: int, noun: str) -> str:
    """Join what fits; the rest is counted at the end."""
    room, kept, left_out = max_bytes, [], 0
    for part in parts:
        size = len(f"{part}{separator}".encode())
        if size <= room:
            kept.append(part)
            room -= size
        else:
            left_out += 1
    note = [f"\n{left_out} more {noun}: see the results folder."] if left_out else []
    return separator.join([*kept, *note])


def _put_bad_ones_first(results: Sequence[TaskResult]) -> list[TaskResult]:
    return sorted(results, key=lambda one: (one["success"], one["verdict"] == "accepted"))


def _render_task(result: TaskResult) -> str:
    verdict = result["verdict"]
    tests, mutation = result["tests"], result["mutation"]
    return render_row(
        [
            _SIGNS.get(verdict or "", "❌" if result["status"] == "FAILED" else "❔"),
            render_code(result["module_path"]),
            render_text(verdict or result["conclusion"] or result["status"]),
            _render_coverage(result),
            f"{tests['passed']} of {tests['total']}" if tests else _UNKNOWN,
            f"{mutation['killed']} of {mutation['total']}" if mutation else _UNKNOWN,
            _render_cost(result["cost_usd"]),
            _render_duration(result["duration_seconds"]),
        ]
    )


def _render_coverage(result: TaskResult) -> str:
    """Render the share reached and the share asked for."""
    coverage, threshold = result["coverage"], result["coverage_threshold"]
    if coverage is None:
        return f"{_UNKNOWN} (threshold {threshold:g}%)"
    return f"{coverage:.1f}% (threshold {threshold:g}%)"


def _render_cost(cost_usd: float | None) -> str:
    return "unknown" if cost_usd is None else f"{cost_usd:.2f} USD"


def _render_duration(seconds: float | None) -> str:
    if seconds is None:
        return _UNKNOWN
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _render_details(result: TaskResult) -> str:
    sections = [section for section in _list_sections(result) if section]
    content = _join_within(sections, "\n\n", MAX_DETAIL_BYTES, "sections")
    title = f"{render_code(result['module_path'])}: {render_text(_say_what_happened(result))}"
    return render_folded(title, content, is_open=not result["success"])


def _say_what_happened(result: TaskResult) -> str:
    decision = result["verdict"] or result["conclusion"] or result["status"]
    return f"{decision} after {result['steps']} steps of the agent"


def _list_sections(result: TaskResult) -> Iterator[str]:
    yield render_block(result["error"]) if result["error"] else ""
    yield _render_list(
        "Files", [render_code(path) for path in result["files"]] or ["none were delivered"]
    )
    yield _render_list("Reasons", _list_reasons(result))
    yield _render_list("Warnings", [render_text(one) for one in result["warnings"]])
    yield _render_cases(result["tests"])
    yield _render_list("Lines not reached", _list_gaps(result))
    yield _render_list("Not taken", _list_dropped(result))
    yield _render_list("Protections", [render_text(one) for one in result["protections"]])
    yield _render_places(result)


def _list_reasons(result: TaskResult) -> list[str]:
    return [
        f"{render_text(stage['name'])}: {render_text(reason)}"
        for stage in result["stages"]
        if not stage["passed"]
        for reason in stage["reasons"] or ["no reason was given"]
    ]


def _list_gaps(result: TaskResult) -> list[str]:
    ranges = list_ranges(result["missing_lines"])
    shown = ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in ranges)
    return [f"{render_code(result['module_path'])} {render_text(shown, 2_000)}"] if ranges else []


def _list_dropped(result: TaskResult) -> list[str]:
    return [
        f"{render_code(one['path'])}: {render_text(one['reason'])}" for one in result["dropped"]
    ]


def _render_list(title: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    more = [f"{len(items) - MAX_LISTED} more"] if len(items) > MAX_LISTED else []
    lines = [f"- {item}" for item in (*items[:MAX_LISTED], *more)]
    return "\n".join([f"**{title}**", "", *lines])


def _render_cases(tests: CasesDict | None) -> str:
    """Render failed tests with their messages, then the names of those that passed."""
    if not tests:
        return ""
    cases = tests["cases"]
    failed = [case for case in cases if case["outcome"] != "passed"]
    names = "\n".join(case["name"] for case in cases if case["outcome"] == "passed")
    parts = [_render_failed_case(case) for case in failed[:MAX_LISTED]]
    if len(failed) > MAX_LISTED:
        parts.append(f"{len(failed) - MAX_LISTED} more tests that did not pass")
    if names:
        parts.append(render_folded(f"{tests['passed']} tests passed", render_block(names)))
    return _join_within(parts, "\n\n", MAX_DETAIL_BYTES // 2, "tests")


def _render_failed_case(case: CaseDict) -> str:
    message = render_block(case["message"], MAX_MESSAGE_LENGTH) if case["message"] else ""
    return f"{render_code(case['name'])} {render_text(case['outcome'])}\n\n{message}".rstrip()


def _render_places(result: TaskResult) -> str:
    folder = result["results_dir"]
    lines = [f"Everything that came back is in {render_code(folder, 1_000)}."] if folder else []
    again = render_block(f"{COLLECT_COMMAND} {result['task_id']}", 5_000)
    return "\n\n".join([*lines, "To collect this task again:", again])
