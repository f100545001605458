"""The decision over all stages."""

from __future__ import annotations

import pytest

from openhands_testgen.domain.verdict import (
    CaseResult,
    Mutation,
    Outcome,
    Problem,
    StageResult,
    Verdict,
    decide,
)

PASSED, FAILED = StageResult("a", passed=True), StageResult("b", passed=False)


@pytest.mark.parametrize(
    ("stages", "verdict"),
    [
        ((), Verdict.REJECTED),
        ((PASSED,), Verdict.ACCEPTED),
        ((PASSED, PASSED), Verdict.ACCEPTED),
        ((FAILED,), Verdict.REJECTED),
        ((PASSED, FAILED, PASSED), Verdict.REJECTED),
    ],
)
def test_one_failed_stage_rejects(stages: tuple[StageResult, ...], verdict: Verdict) -> None:
    assert decide(iter(stages)) is verdict


@pytest.mark.parametrize(
    ("mutation", "threshold", "verdict"),
    [
        (None, 50, Verdict.ACCEPTED),
        (Mutation(50, 5, 10), 50, Verdict.ACCEPTED),
        (Mutation(49.9, 4, 10), 50, Verdict.WEAK),
        (Mutation(0, 0, 0, problem="no time"), 50, Verdict.WEAK),
        (Mutation(0, 0, 0, problem="no time"), 0, Verdict.ACCEPTED),
    ],
)
def test_too_few_mutants_killed_weaken(
    mutation: Mutation | None, threshold: float, verdict: Verdict
) -> None:
    assert decide([PASSED], mutation, threshold) is verdict
    assert decide([FAILED], mutation, threshold) is Verdict.REJECTED


@pytest.mark.parametrize("outcome", Outcome)
def test_only_what_passed_is_sound(outcome: Outcome) -> None:
    assert CaseResult("a", "a", outcome).is_sound is (outcome is Outcome.PASSED)


def test_a_problem_is_a_sentence() -> None:
    assert str(Problem("r", "asserts nothing", "assert", 3)) == "line 3: asserts nothing; assert"
    assert str(Problem("r", "asserts nothing", "assert")) == "asserts nothing; assert"
