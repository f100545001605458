"""Reports as the plain dicts that users get, and as lines."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from openhands_testgen.domain.report import (
    TaskResult,
    TaskStatus,
    conclude,
    label,
    render_end,
    render_result,
    render_standing,
    render_status,
    render_time,
)
from openhands_testgen.domain.task import Conclusion, Status, TaskState
from openhands_testgen.domain.verdict import (
    CaseResult,
    Coverage,
    Mutation,
    Outcome,
    StageResult,
    Verdict,
    Verification,
)
from tests.fakes.reports import COMPLETED, make_report, make_task_id


@pytest.mark.parametrize(
    ("status", "conclusion", "verdict", "expected"),
    [
        (Status.QUEUED, None, None, None),
        (Status.RUNNING, None, None, None),
        (Status.COMPLETED, None, None, Conclusion.NO_TESTS),
        (Status.COMPLETED, None, Verdict.ACCEPTED, Conclusion.SUCCESS),
        (Status.COMPLETED, None, Verdict.WEAK, Conclusion.SUCCESS),
        (Status.COMPLETED, None, Verdict.REJECTED, Conclusion.REJECTED),
        (Status.FAILED, None, None, Conclusion.AGENT_ERROR),
        (Status.FAILED, Conclusion.STUCK, None, Conclusion.STUCK),
    ],
)
def test_conclusions(
    status: Status,
    conclusion: Conclusion | None,
    verdict: Verdict | None,
    expected: Conclusion | None,
) -> None:
    assert conclude(TaskState(status, conclusion), verdict) is expected


def test_times_are_iso_8601_in_utc() -> None:
    assert render_time(1_700_000_000) == "2023-11-14T22:13:20Z"


def test_a_status_has_the_promised_keys() -> None:
    state = TaskState(Status.FAILED, Conclusion.STUCK, error="it repeats itself")
    status = render_status(make_task_id(), state)
    assert set(status) == set(TaskStatus.__annotations__)
    assert (status["status"], status["conclusion"]) == ("FAILED", "stuck")
    assert status["created_at"] == "2023-11-14T22:13:20Z"
    assert status["cost_usd"] is None


def test_a_result_without_a_verdict_knows_no_numbers() -> None:
    result = render_result(make_report())
    assert set(TaskStatus.__annotations__) < set(result)
    assert set(TaskResult.__required_keys__) <= set(result)
    assert (result["success"], result["verdict"], result["coverage"]) == (False, None, None)
    assert (result["tests"], result["mutation"], result["duration_seconds"]) == (None, None, None)
    assert result["coverage_threshold"] == 80


def test_a_result_counts() -> None:
    cases = (
        CaseResult("t::a", "t", Outcome.PASSED),
        CaseResult("t::b", "t", Outcome.FAILED, "assert 1 == 2"),
    )
    verification = Verification(
        verdict=Verdict.WEAK,
        stages=(StageResult("parse", passed=True), StageResult("run", False, ("no",))),
        cases=cases,
        coverage=Coverage(75.0, 3, 4, 0, 0, missing_lines=(4,)),
        mutation=Mutation(40.0, 4, 10),
        warnings=("foreign code could use the network",),
    )
    state = replace(COMPLETED, completed_at="2023-11-14T22:14:20Z", cost_usd=0.5)
    report = replace(make_report(state), verification=verification, warnings=("changed",))
    result = render_result(report)
    assert (result["success"], result["verdict"]) == (True, "weak")
    assert (result["coverage"], result["missing_lines"]) == (75.0, [4])
    assert result["tests"] is not None
    assert (result["tests"]["total"], result["tests"]["passed"]) == (2, 1)
    mutation = result["mutation"]
    assert mutation is not None
    assert (mutation["score"], mutation["killed"], mutation["total"]) == (40.0, 4, 10)
    assert (result["duration_seconds"], result["cost_usd"]) == (60.0, 0.5)
    assert result["warnings"] == ["changed", "foreign code could use the network"]
    assert json.loads(json.dumps(result)) == result


def test_a_clock_that_goes_back_is_no_negative_duration() -> None:
    state = replace(COMPLETED, completed_at="2023-11-14T22:13:19+00:00")
    assert render_result(make_report(state))["duration_seconds"] == 0.0


def test_our_own_error_comes_before_the_agents() -> None:
    state = TaskState(Status.FAILED, error="the agent's")
    assert render_result(make_report(state))["error"] == "the agent's"
    assert render_result(replace(make_report(state), error="ours"))["error"] == "ours"


@pytest.mark.parametrize(
    ("state", "verdict", "line"),
    [
        (COMPLETED, Verdict.ACCEPTED, "accepted"),
        (TaskState(Status.FAILED, Conclusion.STUCK, error="twice"), None, "stuck: twice"),
        (TaskState(Status.RUNNING), None, "RUNNING"),
    ],
)
def test_the_end_as_a_line(state: TaskState, verdict: Verdict | None, line: str) -> None:
    assert render_end(make_report(state, verdict)) == line


def test_the_end_names_the_coverage() -> None:
    verification = Verification(Verdict.REJECTED, (), coverage=Coverage(66.666, 2, 3, 0, 0))
    report = replace(make_report(), verification=verification)
    assert render_end(report) == "rejected, coverage 66.7%"


WORKING = TaskState(Status.RUNNING, steps=3, step="Run the tests", cost_usd=0.126)


@pytest.mark.parametrize(
    ("states", "line"),
    [
        ([TaskState(Status.QUEUED)], "QUEUED"),
        ([TaskState(Status.QUEUED, step="2 before it in line")], "QUEUED, 2 before it in line"),
        ([WORKING], "RUNNING, step 3: Run the tests (0.13 USD so far)"),
        ([replace(WORKING, cost_usd=None)], "RUNNING, step 3: Run the tests"),
        ([replace(WORKING, cost_usd=0.0)], "RUNNING, step 3: Run the tests (0.00 USD so far)"),
        ([TaskState(Status.COMPLETED), TaskState(Status.QUEUED)], "1 QUEUED, 1 COMPLETED"),
        ([WORKING, WORKING, TaskState(Status.QUEUED)], "1 QUEUED, 2 RUNNING, 0.25 USD so far"),
        ([], ""),
    ],
)
def test_where_tasks_stand_is_one_line(states: list[TaskState], line: str) -> None:
    assert render_standing(states) == line


def test_tasks_are_told_apart_in_lines() -> None:
    assert label(make_task_id()) == "[00000000] src/a.py"
