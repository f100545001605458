"""Stage *coverage*: the tests reach enough of the module's lines and branches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from openhands_testgen.domain.verdict import Coverage, StageResult
from openhands_testgen.sandbox.workbench import read_foreign
from openhands_testgen.verification.recording import CONFIGURATION

if TYPE_CHECKING:
    from collections.abc import Collection

    from openhands_testgen.sandbox.python import SandboxedPython

NAME = "coverage"
REPORT = "coverage.json"
MAX_REPORT_BYTES = 20_000_000
MOST_UNSEEN, MOST_UNSEEN_PART = 3, 0.15


class Summary(BaseModel):
    """The numbers of one file in coverage.py's JSON report."""

    covered_lines: int
    num_statements: int
    percent_covered: float
    covered_branches: int = 0
    num_branches: int = 0


class FileReport(BaseModel):
    """One file in coverage.py's JSON report."""

    summary: Summary
    executed_lines: tuple[int, ...] = ()
    missing_lines: tuple[int, ...] = ()
    executed_branches: tuple[tuple[int, int], ...] = ()
    missing_branches: tuple[tuple[int, int], ...] = ()


class CoverageReport(BaseModel):
    """coverage.py's JSON report."""

    files: dict[str, FileReport]


async def measure(
    python: SandboxedPython, module_path: str, data: str
) -> tuple[Coverage | None, bytes]:
    """Compute the coverage from the data of a run, and return it with the report's bytes.

    Only the interpreter that ran the module can analyse its lines, so it does, in a process that
    imports nothing of what is judged.
    """
    bench = python.bench
    result, _ = await python.run(
        [
            *("-m", "coverage", "json", "-q", f"--rcfile={bench.ours / CONFIGURATION}"),
            *(f"--data-file={bench.out / data}", "-o", str(bench.out / REPORT)),
            str(bench.project / module_path),
        ],
        cwd=bench.ours,
    )
    content = read_foreign(bench.out / REPORT, MAX_REPORT_BYTES) or b""
    return (parse_coverage(content) if result.exit_code == 0 else None), content


def parse_coverage(content: bytes) -> Coverage | None:
    """Return what a report says of its one file, or ``None`` if it is no such report."""
    try:
        (file,) = CoverageReport.model_validate_json(content).files.values()
    except (ValidationError, ValueError):
        return None
    summary = file.summary
    return Coverage(
        percent=summary.percent_covered,
        lines_covered=summary.covered_lines,
        lines_total=summary.num_statements,
        branches_covered=summary.covered_branches,
        branches_total=summary.num_branches,
        missing_lines=file.missing_lines,
        missing_branches=file.missing_branches,
        executed_lines=file.executed_lines,
        executed_branches=file.executed_branches,
    )


def judge_coverage(coverage: Coverage | None, threshold: float, module_path: str) -> StageResult:
    """Decide whether the coverage reaches the threshold; both are percent."""
    if coverage is None:
        reason = f"the tests never import {module_path} from the project's copy"
        return StageResult(NAME, passed=False, reasons=(reason,))
    if coverage.percent >= threshold:
        return StageResult(NAME, passed=True)
    reason = (
        f"{coverage.percent:.2f}% of lines and branches are covered, "
        f"{threshold:g}% are asked for; {_render_missing(coverage)}"
    )
    return StageResult(NAME, passed=False, reasons=(reason,))


def find_made_up(coverage: Coverage | None, traced: Collection[int] | None) -> str:
    """Return why the coverage cannot be believed, empty if it can.

    ``traced`` are the lines that another run saw, counted in another way. The two differ a little
    where a statement has several lines, and where a test depends on chance.
    """
    if coverage is None or traced is None:
        return ""
    claimed = set(coverage.executed_lines)
    unseen = claimed - set(traced)
    if len(unseen) <= max(MOST_UNSEEN, len(claimed) * MOST_UNSEEN_PART):
        return ""
    return (
        f"coverage counts {len(claimed)} lines as run, of which another count of another run saw "
        f"only {len(claimed) - len(unseen)}: it is made up"
    )


def join_coverage(one: Coverage, other: Coverage) -> float:
    """Return the share of lines and branches that two runs reach together, in percent."""
    total = one.lines_total + one.branches_total
    reached = {*one.executed_lines, *other.executed_lines}
    taken = {*one.executed_branches, *other.executed_branches}
    return 100 * (len(reached) + len(taken)) / total if total else 100.0


def _render_missing(coverage: Coverage) -> str:
    lines = _render_ranges(coverage.missing_lines)
    jumps = ", ".join(f"{start}->{end}" for start, end in coverage.missing_branches[:10])
    parts = [f"lines {lines}"] * bool(lines) + [f"branches {jumps}"] * bool(jumps)
    return f"missing: {'; '.join(parts)}"


def _render_ranges(numbers: tuple[int, ...]) -> str:
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)
