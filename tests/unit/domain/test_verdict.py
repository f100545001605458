"""The decision over all stages."""

from __future__ import annotations

import pytest

from openhands_testgen.domain.verdict import StageResult, Verdict, decide

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
