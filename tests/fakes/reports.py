"""Task ids and reports, made for a test."""

from __future__ import annotations

from dataclasses import replace

from openhands_testgen.domain.report import Report
from openhands_testgen.domain.task import Status, TaskState
from openhands_testgen.domain.task_id import TaskId
from openhands_testgen.domain.verdict import Verdict, Verification

COMPLETED = TaskState(Status.COMPLETED)


def make_task_id(number: int = 1, *, backend: str = "fake") -> TaskId:
    """Make the id of a task that was submitted in November 2023."""
    return TaskId(
        backend=backend,
        conversation_id=f"{number:032x}",
        module_path="src/a.py",
        output_path="tests/test_a.py",
        coverage_threshold=80,
        created_at=1_700_000_000,
        module_digest="-",
        output_digest="-",
    )


def make_report(state: TaskState = COMPLETED, verdict: Verdict | None = None) -> Report:
    """Make the report of a task in a state, judged if there is a verdict."""
    report = Report(make_task_id(), state, state.conclusion)
    return replace(report, verification=Verification(verdict, ())) if verdict else report
