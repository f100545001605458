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

    from openhands_testgen.domain.judgement import CaseDict, CasesDict
    from openhands_testgen.domain.report import TaskResult

# Above 1 MiB GitHub drops a whole summary; a part of that is left to the step's other sections.
MAX_BYTES = 900_000
MAX_LIST_BYTES = 10_000
MAX_CASES_BYTES = 30_000
MAX_NOTE_BYTES = 200
MAX_MESSAGE_LENGTH = 1_500
COLLECT_COMMAND = "runner/launch collect"

_SIGNS = {"accepted": "✅", "weak": "⚠️", "rejected": "❌"}
_HEADER = ("", "Module", "Verdict", "Coverage", "Tests passed", "Mutants killed", "Cost", "Agent")
_UNKNOWN = "-"


def render_summary(results: Sequence[TaskResult], *, max_bytes: int = MAX_BYTES) -> str:
    """Render the summary of all tasks; what does not fit in ``max_bytes`` is counted."""
    head = "\n".join(["## Generated tests", "", render_row(_HEADER), render_row(["---"] * 8)])
    rows = map(_render_task, results)
    table = _join_within(rows, len(results), "\n", max_bytes // 3, "tasks")
    room = max_bytes - len(f"{head}\n{table}\n\n\n".encode()) - MAX_NOTE_BYTES
    details = map(_render_details, _put_bad_ones_first(results))
    listed = _join_within(details, len(results), "\n\n", room, "tasks in detail")
    return f"{head}\n{table}\n\n{listed}\n"


def _join_within(
    parts: Iterable[str], total: int, separator: str, max_bytes: int, noun: str
) -> str:
    """Join what fits and count the rest, which is not even rendered."""
    room, kept = max_bytes, []
    for part in parts:
        room -= len(f"{part}{separator}".encode())
        if room < 0:
            break
        kept.append(part)
    left_out = total - len(kept)
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
    content = "\n\n".join(section for section in _list_sections(result) if section)
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
    lines = (f"- {item}" for item in items)
    listed = _join_within(lines, len(items), "\n", MAX_LIST_BYTES, "of them")
    return f"**{title}**\n\n{listed}"


def _render_cases(tests: CasesDict | None) -> str:
    """Render failed tests with their messages, then the names of those that passed."""
    if not tests:
        return ""
    failed = [case for case in tests["cases"] if case["outcome"] != "passed"]
    names = "\n".join(case["name"] for case in tests["cases"] if case["outcome"] == "passed")
    parts = map(_render_failed_case, failed)
    shown = _join_within(parts, len(failed), "\n\n", MAX_CASES_BYTES, "tests that did not pass")
    title = f"{tests['passed']} tests passed"
    passed = render_folded(title, render_block(names)) if names else ""
    return f"{shown}\n\n{passed}".strip()


def _render_failed_case(case: CaseDict) -> str:
    message = render_block(case["message"], MAX_MESSAGE_LENGTH) if case["message"] else ""
    return f"{render_code(case['name'])} {render_text(case['outcome'])}\n\n{message}".rstrip()


def _render_places(result: TaskResult) -> str:
    folder = result["results_dir"]
    lines = [f"Everything that came back is in {render_code(folder, 1_000)}."] if folder else []
    again = render_block(f"{COLLECT_COMMAND} {result['task_id']}", 5_000)
    return "\n\n".join([*lines, "To collect this task again:", again])
