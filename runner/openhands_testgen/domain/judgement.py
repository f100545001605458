"""The verdict as plain data: what ``verify`` prints, and ``verdict.schema.json`` describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from openhands_testgen.domain.verdict import (
        Candidate,
        CaseResult,
        Coverage,
        Mutation,
        Problem,
        StageResult,
        Survivor,
        Verification,
    )


class ProblemDict(TypedDict):
    """Why a test is not sound, and what would mend it.

    ``line`` counts from 1 in the file as it came, 0 where none is to blame.
    """

    rule: str
    line: int
    reason: str
    remedy: str


class CaseDict(TypedDict):
    """One test of the judged file. One whose outcome is ``passed`` is sound, all others are cut.

    ``line`` is where it is defined in the file as it came, 0 if that is not known.
    """

    name: str
    outcome: str
    message: str
    line: int
    problems: list[ProblemDict]


class CasesDict(TypedDict):
    """The judged tests, counted and one by one."""

    total: int
    passed: int
    cases: list[CaseDict]


class StageDict(TypedDict):
    """One stage of the verdict; one that passed can have reasons: the tests that it left out."""

    name: str
    passed: bool
    reasons: list[str]


class SurvivorDict(TypedDict):
    """A change of the module that no test noticed; ``after`` is empty where nothing was put."""

    path: str
    line: int
    function: str
    operator: str
    before: str
    after: str


class MutationDict(TypedDict):
    """The mutation stage in numbers; ``score`` is percent.

    ``seed`` chose the mutants; what there was no time for is ``left_out`` of ``total``. Where
    ``problem`` says why there is no score, all numbers are 0.
    """

    score: float
    killed: int
    total: int
    seed: int
    timed_out: int
    crashed: int
    left_out: int
    survivors: list[SurvivorDict]
    problem: str


class CoverageDict(TypedDict):
    """Coverage of the module in percent of its lines and branches.

    ``before`` is what the project's other tests reach, ``gained`` what these add; ``null`` where
    the project has no such tests.
    """

    percent: float
    threshold: float
    before: float | None
    gained: float | None
    missing_lines: list[int]
    missing_branches: list[list[int]]


class VerdictDict(TypedDict):
    """The judgement of one test file."""

    verdict: str
    module_path: str
    tests_path: str
    coverage: CoverageDict | None
    mutation: MutationDict | None
    tests: CasesDict
    stages: list[StageDict]
    protections: list[str]
    warnings: list[str]


def render_verdict(judged: Verification, candidate: Candidate) -> VerdictDict:
    """Render a judgement as the plain dict that users get."""
    threshold = candidate.coverage_threshold
    return {
        "verdict": judged.verdict.value,
        "module_path": candidate.module_path,
        "tests_path": candidate.output_path,
        "coverage": _render_coverage(judged, judged.coverage, threshold),
        "mutation": render_mutation(judged.mutation),
        "tests": render_cases(judged.cases),
        "stages": render_stages(judged.stages),
        "protections": list(judged.protections),
        "warnings": list(judged.warnings),
    }


def render_cases(cases: Iterable[CaseResult]) -> CasesDict:
    """Render tests, counted and one by one."""
    several = list(cases)
    return {
        "total": len(several),
        "passed": sum(case.is_sound for case in several),
        "cases": [_render_case(case) for case in several],
    }


def render_mutation(mutation: Mutation | None) -> MutationDict | None:
    """Render the mutation stage in numbers."""
    if mutation is None:
        return None
    return {
        "score": mutation.score,
        "killed": mutation.killed,
        "total": mutation.total,
        "seed": mutation.seed,
        "timed_out": mutation.timed_out,
        "crashed": mutation.crashed,
        "left_out": mutation.left_out,
        "survivors": [_render_survivor(survivor) for survivor in mutation.survivors],
        "problem": mutation.problem,
    }


def render_stages(stages: Iterable[StageResult]) -> list[StageDict]:
    """Render what the stages decided."""
    return [
        {"name": stage.name, "passed": stage.passed, "reasons": list(stage.reasons)}
        for stage in stages
    ]


def _render_case(case: CaseResult) -> CaseDict:
    return {
        "name": case.name,
        "outcome": case.outcome.value,
        "message": case.message,
        "line": case.line,
        "problems": [_render_problem(problem) for problem in case.problems],
    }


def _render_problem(problem: Problem) -> ProblemDict:
    return {
        "rule": problem.rule,
        "line": problem.line,
        "reason": problem.reason,
        "remedy": problem.remedy,
    }


def _render_survivor(survivor: Survivor) -> SurvivorDict:
    return {
        "path": survivor.path,
        "line": survivor.line,
        "function": survivor.function,
        "operator": survivor.operator,
        "before": survivor.before,
        "after": survivor.after,
    }


def _render_coverage(
    judged: Verification, coverage: Coverage | None, threshold: float
) -> CoverageDict | None:
    if coverage is None:
        return None
    return {
        "percent": coverage.percent,
        "threshold": threshold,
        "before": judged.coverage_before,
        "gained": judged.coverage_gained,
        "missing_lines": list(coverage.missing_lines),
        "missing_branches": [list(jump) for jump in coverage.missing_branches],
    }
