"""The exit code of a report, and of several."""

from __future__ import annotations

from dataclasses import replace

import pytest

from openhands_testgen.domain.confinement import Confined
from openhands_testgen.domain.outcome import (
    choose_exit_code,
    choose_worst,
    explain_missing_tests,
)
from openhands_testgen.domain.task import Conclusion, Status, TaskState, Work
from openhands_testgen.domain.verdict import Verdict
from openhands_testgen.errors import (
    EXIT_CODES,
    AuthenticationError,
    DeadlineError,
    GenerationError,
)
from tests.fakes.reports import make_report

FAIL_ON = ("weak", "rejected", "failed", "never")


@pytest.mark.parametrize(
    ("verdict", "codes"),
    [
        (Verdict.ACCEPTED, (0, 0, 0, 0)),
        (Verdict.WEAK, (10, 0, 0, 0)),
        (Verdict.REJECTED, (10, 10, 0, 0)),
    ],
)
def test_verdicts(verdict: Verdict, codes: tuple[int, ...]) -> None:
    report = make_report(verdict=verdict)
    assert tuple(choose_exit_code(report, fail_on) for fail_on in FAIL_ON) == codes


@pytest.mark.parametrize(
    ("conclusion", "codes"),
    [
        (Conclusion.NO_TESTS, (6, 6, 6, 0)),
        (Conclusion.AGENT_ERROR, (6, 6, 6, 0)),
        (Conclusion.CANCELLED, (6, 6, 6, 0)),
        (Conclusion.LOST, (6, 6, 6, 0)),
        (Conclusion.TIMED_OUT, (7, 7, 7, 0)),
    ],
)
def test_tasks_without_tests(conclusion: Conclusion, codes: tuple[int, ...]) -> None:
    report = make_report(TaskState(Status.FAILED, conclusion))
    assert tuple(choose_exit_code(report, fail_on) for fail_on in FAIL_ON) == codes


@pytest.mark.parametrize(
    ("failure", "codes"),
    [
        (DeadlineError("late"), (7, 7, 7, 0)),
        (AuthenticationError("refused"), (4, 4, 4, 4)),
        (GenerationError("bug"), (1, 1, 1, 1)),
    ],
)
def test_failures_of_the_backend_stay(failure: GenerationError, codes: tuple[int, ...]) -> None:
    report = replace(make_report(verdict=Verdict.ACCEPTED), failure=failure)
    assert tuple(choose_exit_code(report, fail_on) for fail_on in FAIL_ON) == codes


@pytest.mark.parametrize(
    ("codes", "worst"),
    [
        ((), 0),
        ((0, 0), 0),
        ((0, 10), 10),
        ((10, 8, 0), 8),
        ((7, 6, 10), 6),
        ((130, 10), 130),
    ],
)
def test_no_answer_outweighs_a_no_and_a_no_a_yes(codes: tuple[int, ...], worst: int) -> None:
    assert choose_worst(codes) == worst


def test_every_error_has_a_code_of_the_table() -> None:
    errors = list_subclasses(GenerationError)
    assert errors
    assert {error.exit_code for error in errors} <= set(EXIT_CODES)


def list_subclasses(kind: type[GenerationError]) -> set[type[GenerationError]]:
    direct = set(kind.__subclasses__())
    return direct | {deeper for one in direct for deeper in list_subclasses(one)}


def test_an_end_without_tests_is_explained_in_one_line() -> None:
    taken = Confined(None, "the agent left no file at tests/test_a.py", ())
    said = explain_missing_tests(taken, Work((), final_message="  All\n done. " + "x" * 500))
    assert said.startswith("The agent finished, but the agent left no file at tests/test_a.py. Its")
    assert said.endswith('x"')
    assert "All done. x" in said
    assert len(said) < 450
    assert explain_missing_tests(taken, Work(())).endswith("tests/test_a.py.")
