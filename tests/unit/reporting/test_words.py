"""A verdict in words: what a person needs to mend it."""

from __future__ import annotations

from pathlib import Path

from openhands_testgen.domain.judgement import render_verdict
from openhands_testgen.domain.verdict import (
    Candidate,
    CaseResult,
    Coverage,
    Mutation,
    Outcome,
    Problem,
    StageResult,
    Survivor,
    Verdict,
    Verification,
)
from openhands_testgen.reporting.words import render_words
from tests.fakes.results import HOSTILE

PROBLEM = Problem("no-assertion", "asserts nothing", "assert what it returns", 7)


def render(**changes: object) -> list[str]:
    fields: dict[str, object] = {
        "verdict": Verdict.WEAK,
        "stages": (
            StageResult("run", passed=True, reasons=("not shown",)),
            StageResult("mutation", passed=False, reasons=("40% of 10 mutants",)),
        ),
        "cases": (
            CaseResult("t.py::test_a", "t", Outcome.PASSED),
            CaseResult("t.py::test_b", "t", Outcome.REFUSED, line=5, problems=(PROBLEM,)),
        ),
        "coverage": Coverage(83.33, 5, 6, 0, 0),
        "coverage_before": 50.0,
        "coverage_gained": 33.3,
        "mutation": Mutation(
            40, 4, 10, survivors=(Survivor("a.py", 3, "f", "x", "a + b", "a - b"),)
        ),
        "warnings": ("foreign code could use the network",),
    }
    verification = Verification(**{**fields, **changes})  # type: ignore[arg-type] # a table of fields
    return render_words(render_verdict(verification, Candidate(Path(), "a.py", "t.py", b"", 80)))


def test_everything_that_is_known() -> None:
    assert render() == [
        "weak: t.py for a.py",
        "1 of 2 tests are sound",
        "coverage 83.3% (threshold 80%); the project's other tests reach 50.0%, these add 33.3%",
        "4 of 10 mutants killed (40.0%)",
        "unnoticed: a.py, line 3: `a + b` -> `a - b`",
        "mutation: 40% of 10 mutants",
        "left out: t.py::test_b, line 7: asserts nothing; assert what it returns",
        "warning: foreign code could use the network",
    ]


def test_only_what_is_known() -> None:
    lines = render(
        verdict=Verdict.REJECTED,
        stages=(StageResult("parse", passed=False, reasons=("not Python",)),),
        cases=(),
        coverage=None,
        coverage_before=None,
        coverage_gained=None,
        mutation=None,
        warnings=(),
    )
    assert lines == ["rejected: t.py for a.py", "0 of 0 tests are sound", "parse: not Python"]


def test_a_score_that_there_is_not() -> None:
    assert "no time" in render(mutation=Mutation(0, 0, 0, problem="no time"))


def test_hostile_text_stays_on_its_line() -> None:
    problem = Problem("failed", HOSTILE, HOSTILE)
    lines = render(cases=(CaseResult(HOSTILE, "t", Outcome.FAILED, problems=(problem,)),))
    assert all("\n" not in line and "\x1b" not in line and "##[" not in line for line in lines)
