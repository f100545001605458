"""Numbers as words, the same in the summary and on the page; what is not known is a dash."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openhands_testgen.domain.judgement import CaseDict, CasesDict, MutationDict
    from openhands_testgen.domain.report import TaskResult, TokensDict

UNKNOWN = "-"
PASSED = "passed"
MAX_OUTCOMES = 10


def count(number: int, noun: str) -> str:
    """Render how many there are of something."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def render_percent(share: float | None) -> str:
    """Render a share that is counted in percent."""
    return UNKNOWN if share is None or not math.isfinite(share) else f"{share:.1f}%"


def render_coverage(result: TaskResult) -> str:
    """Render the share that these tests reach and the share asked for."""
    return f"{render_percent(result['coverage'])} (threshold {result['coverage_threshold']:g}%)"


def render_gain(result: TaskResult) -> str:
    """Render what the project's other tests reach, and all of them together; else nothing."""
    before, gained = result["coverage_before"], result["coverage_gained"]
    if before is None or gained is None:
        return ""
    return f"{render_percent(before)} before, {render_percent(before + gained)} together with these"


def render_mutation(mutation: MutationDict | None) -> str:
    """Render the mutation score with what it was counted from, or why there is none."""
    if mutation is None:
        return UNKNOWN
    if mutation["problem"]:
        return mutation["problem"]
    return f"{render_percent(mutation['score'])} ({mutation['killed']} of {mutation['total']})"


def render_outcomes(tests: CasesDict | None) -> str:
    """Render how many tests have each outcome, the passed ones first."""
    if not tests:
        return UNKNOWN
    counts = Counter(case["outcome"] for case in tests["cases"])
    passed = counts.pop(PASSED, 0)
    others = [f"{count} {outcome}" for outcome, count in counts.most_common(MAX_OUTCOMES)]
    return ", ".join([f"{passed} of {tests['total']} passed", *others])


def list_unsound(tests: CasesDict | None) -> list[CaseDict]:
    """List the tests that are not delivered."""
    return [case for case in tests["cases"] if case["outcome"] != PASSED] if tests else []


def list_sound(tests: CasesDict | None) -> list[CaseDict]:
    """List the tests that passed all that was asked of them."""
    return [case for case in tests["cases"] if case["outcome"] == PASSED] if tests else []


def render_cost(cost_usd: float | None) -> str:
    """Render US dollars; unknown is not 0."""
    return "unknown" if cost_usd is None or not math.isfinite(cost_usd) else f"{cost_usd:.2f} USD"


def render_tokens(tokens: TokensDict | None) -> str:
    """Render what the agent's models read and wrote."""
    if not tokens:
        return UNKNOWN
    return f"{tokens['prompt']:,} tokens read, {tokens['completion']:,} written"


def render_duration(seconds: float | None) -> str:
    """Render seconds as minutes and seconds."""
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
