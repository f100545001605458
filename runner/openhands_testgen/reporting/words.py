"""A verdict in words, for a person at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openhands_testgen.domain.text import to_plain_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openhands_testgen.domain.judgement import CaseDict, CoverageDict, SurvivorDict, VerdictDict

MAX_SURVIVORS = 10


def render_words(verdict: VerdictDict) -> list[str]:
    """Render a verdict in lines: the decision, the numbers, and why something was left out."""
    return [to_plain_line(line) for line in _list_lines(verdict)]


def _list_lines(verdict: VerdictDict) -> Iterator[str]:
    tests = verdict["tests"]
    yield f"{verdict['verdict']}: {verdict['tests_path']} for {verdict['module_path']}"
    yield f"{tests['passed']} of {tests['total']} tests are sound"
    if verdict["coverage"]:
        yield _render_coverage(verdict["coverage"])
    if verdict["mutation"]:
        mutation = verdict["mutation"]
        killed, total, score = mutation["killed"], mutation["total"], mutation["score"]
        yield mutation["problem"] or f"{killed} of {total} mutants killed ({score:.1f}%)"
        yield from map(_render_survivor, mutation["survivors"][:MAX_SURVIVORS])
    for stage in verdict["stages"]:
        if not stage["passed"]:
            yield from (f"{stage['name']}: {reason}" for reason in stage["reasons"])
    for case in tests["cases"]:
        yield from _explain(case)
    yield from (f"warning: {warning}" for warning in verdict["warnings"])


def _render_coverage(coverage: CoverageDict) -> str:
    reached = f"coverage {coverage['percent']:.1f}% (threshold {coverage['threshold']:g}%)"
    before, gained = coverage["before"], coverage["gained"]
    if before is None or gained is None:
        return reached
    return f"{reached}; the project's other tests reach {before:.1f}%, these add {gained:.1f}%"


def _render_survivor(one: SurvivorDict) -> str:
    change = f"`{one['before']}` -> `{one['after'] or 'nothing'}`"
    return f"unnoticed: {one['path']}, line {one['line']}: {change}"


def _explain(case: CaseDict) -> Iterator[str]:
    for problem in case["problems"]:
        line = problem["line"] or case["line"]
        place = f", line {line}" if line else ""
        yield f"left out: {case['name']}{place}: {problem['reason']}; {problem['remedy']}"
