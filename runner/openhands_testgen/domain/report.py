"""What users get: a status and a result as plain dicts, and the report that they come from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NotRequired, TypedDict

from openhands_testgen.domain.judgement import (
    CasesDict,
    MutationDict,
    StageDict,
    render_cases,
    render_mutation,
    render_stages,
)
from openhands_testgen.domain.task import Conclusion, Status
from openhands_testgen.domain.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Collection

    from openhands_testgen.domain.task import TaskState
    from openhands_testgen.domain.task_id import TaskId
    from openhands_testgen.domain.verdict import Coverage, Verification
    from openhands_testgen.errors import GenerationError


class TaskStatus(TypedDict):
    """The status of a task. Times are ISO 8601 in UTC; an unknown cost is ``None``, never 0."""

    task_id: str
    status: str
    conclusion: str | None
    module_path: str
    output_path: str
    created_at: str
    started_at: str | None
    completed_at: str | None
    error: str | None
    cost_usd: float | None


class DroppedDict(TypedDict):
    """A file that the agent touched and that was not taken."""

    path: str
    reason: str


class ReachDict(TypedDict):
    """What the tests reach of the module, line by line; a branch is a pair of lines."""

    lines_covered: int
    lines_total: int
    branches_covered: int
    branches_total: int
    executed_lines: list[int]
    executed_branches: list[list[int]]
    missing_branches: list[list[int]]


class TokensDict(TypedDict):
    """Tokens that the agent's models read and wrote."""

    prompt: int
    completion: int


class TaskResult(TaskStatus):
    """The result of a task.

    ``success`` is our verdict (accepted or weak), never the agent's word. ``coverage`` and
    ``coverage_threshold`` are percent of the module's lines and branches, ``coverage_before`` what
    the project's other tests reach, ``coverage_gained`` what these add. ``files`` are the delivered
    paths, relative to the working directory.
    """

    success: bool
    verdict: str | None
    coverage: float | None
    coverage_threshold: float
    coverage_before: float | None
    coverage_gained: float | None
    tests: CasesDict | None
    mutation: MutationDict | None
    files: list[str]
    results_dir: str | None
    duration_seconds: float | None
    stages: list[StageDict]
    missing_lines: list[int]
    dropped: list[DroppedDict]
    protections: list[str]
    warnings: list[str]
    steps: int
    repairs: int
    model: NotRequired[str]
    final_message: NotRequired[str]
    collected_at: NotRequired[str | None]
    reach: NotRequired[ReachDict | None]
    tokens: NotRequired[TokensDict | None]


@dataclass(frozen=True, slots=True)
class Report:
    """All that is known of a task at the end of a collect.

    ``failure`` is why there is no answer: the deadline, or an error of the backend or the setup.
    """

    task_id: TaskId
    state: TaskState
    conclusion: Conclusion | None
    error: str | None = None
    failure: GenerationError | None = None
    verification: Verification | None = None
    files: tuple[str, ...] = ()
    dropped: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    final_message: str = ""
    exit_code: int = 0
    repairs: int = 0
    results_dir: str | None = None

    @property
    def verdict(self) -> Verdict | None:
        """Our decision, if there were tests to judge."""
        return self.verification.verdict if self.verification else None

    @property
    def is_success(self) -> bool:
        """Whether the tests are sound: accepted, or weak."""
        return self.verdict in {Verdict.ACCEPTED, Verdict.WEAK}


def render_time(seconds: float) -> str:
    """Render seconds since 1970 as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def conclude(state: TaskState, verdict: Verdict | None) -> Conclusion | None:
    """Say why a task ended; a task that completed without a verdict left no tests."""
    if not state.status.is_final:
        return None
    if state.status is Status.FAILED:
        return state.conclusion or Conclusion.AGENT_ERROR
    if verdict is None:
        return Conclusion.NO_TESTS
    return Conclusion.REJECTED if verdict is Verdict.REJECTED else Conclusion.SUCCESS


def render_status(task_id: TaskId, state: TaskState) -> TaskStatus:
    """Render a status as the plain dict that users get."""
    return {
        "task_id": str(task_id),
        "status": state.status.value,
        "conclusion": state.conclusion.value if state.conclusion else None,
        "module_path": task_id.module_path,
        "output_path": task_id.output_path,
        "created_at": render_time(task_id.created_at),
        "started_at": state.started_at,
        "completed_at": state.completed_at,
        "error": state.error,
        "cost_usd": state.cost_usd,
    }


def render_result(report: Report) -> TaskResult:
    """Render a report as the plain dict that users get."""
    judged = report.verification
    status = render_status(report.task_id, report.state)
    status["conclusion"] = report.conclusion.value if report.conclusion else None
    status["error"] = report.error or report.state.error
    return {
        **status,
        "success": report.is_success,
        "verdict": report.verdict.value if report.verdict else None,
        "coverage": judged.coverage.percent if judged and judged.coverage else None,
        "coverage_threshold": report.task_id.coverage_threshold,
        "coverage_before": judged.coverage_before if judged else None,
        "coverage_gained": judged.coverage_gained if judged else None,
        "tests": render_cases(judged.cases) if judged else None,
        "mutation": render_mutation(judged.mutation) if judged else None,
        "files": list(report.files),
        "results_dir": report.results_dir,
        "duration_seconds": _count_seconds(report),
        "stages": render_stages(judged.stages) if judged else [],
        "missing_lines": list(judged.coverage.missing_lines) if judged and judged.coverage else [],
        "dropped": [{"path": path, "reason": reason} for path, reason in report.dropped],
        "protections": list(judged.protections) if judged else [],
        "warnings": [*report.warnings, *(judged.warnings if judged else ())],
        "steps": report.state.steps,
        "model": report.state.model,
        "repairs": report.repairs,
        "final_message": report.final_message,
        "reach": _render_reach(judged.coverage) if judged and judged.coverage else None,
        "collected_at": None,
        "tokens": None,
    }


def _render_reach(coverage: Coverage) -> ReachDict:
    return {
        "lines_covered": coverage.lines_covered,
        "lines_total": coverage.lines_total,
        "branches_covered": coverage.branches_covered,
        "branches_total": coverage.branches_total,
        "executed_lines": list(coverage.executed_lines),
        "executed_branches": [list(jump) for jump in coverage.executed_branches],
        "missing_branches": [list(jump) for jump in coverage.missing_branches],
    }


def _count_seconds(report: Report) -> float | None:
    """Count from submit to the agent's end."""
    if not report.state.completed_at:
        return None
    ended = datetime.fromisoformat(report.state.completed_at).timestamp()
    return max(0.0, round(ended - report.task_id.created_at, 1))


def label(task_id: TaskId) -> str:
    """Name a task in a line of progress."""
    return f"[{task_id.short}] {task_id.module_path}"


def render_step(state: TaskState) -> str:
    """Render what an agent does now, and what it has cost so far where that is known."""
    spent = "" if state.cost_usd is None else f" ({state.cost_usd:.2f} USD so far)"
    number = f"step {state.steps}: " if state.steps else ""
    return f"{number}{state.step}{spent}"


def render_standing(states: Collection[TaskState]) -> str:
    """Render where tasks stand, on one line: one of them in detail, several counted."""
    if len(states) == 1:
        (state,) = states
        return f"{state.status}, {render_step(state)}" if state.step else f"{state.status}"
    counts = Counter(state.status for state in states)
    costs = [state.cost_usd for state in states if state.cost_usd is not None]
    spent = [f"{sum(costs):.2f} USD so far"] if costs else []
    return ", ".join([*(f"{counts[one]} {one}" for one in Status if counts[one]), *spent])


def render_end(report: Report) -> str:
    """Render the end of a task as a line."""
    if report.verification:
        coverage = report.verification.coverage
        share = f", coverage {coverage.percent:.1f}%" if coverage else ""
        return f"{report.verification.verdict}{share}"
    reason = report.error or report.state.error or ""
    return f"{report.conclusion or report.state.status}: {reason}".rstrip(": ")
