"""Stage *sabotage*: tests that pass although the module does nothing do not depend on it.

The module's functions give way to stand-ins, in several ways; last, so do its classes and values.
A test is *vacuous* if it passes every time. See ``inside/stand_ins.py``.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import Field

from openhands_testgen.domain.verdict import Outcome, StageResult
from openhands_testgen.verification.programs import (
    CANNOT_FORK,
    CHANGED,
    ENDED,
    MAX_ITEMS,
    NO_TIME,
    Account,
    Answer,
    Facts,
    Subject,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from openhands_testgen.domain.verdict import Candidate, CaseResult
    from openhands_testgen.sandbox.python import SandboxedPython

NAME = "sabotage"
PROGRAM = "sabotage"
SECONDS = 30.0
NOT_FAST = "there was no time to run tests again that need all of pytest"
# All that the program does, in order; it stops where no test is left.
SABOTAGES = (
    ("functions", "other"),
    ("functions", "equal"),
    ("functions", "spite"),
    ("data", "other"),
    ("data", "equal"),
)


class Sabotage(Facts):
    """One sabotage, of the tests that had passed those before; ``broken`` if none could run."""

    what: str = Field(max_length=40)
    mode: str = Field(max_length=40)
    broken: str = Field(max_length=1_400)


class Findings(Answer):
    """What the program found; ``passed`` are the tests that passed all sabotages so far."""

    baseline: Account = Account()
    sabotages: list[Sabotage] = Field(default=[], max_length=len(SABOTAGES))
    passed: list[str] = Field(default=[], max_length=MAX_ITEMS)


@dataclass(frozen=True, slots=True)
class SabotageRecord:
    """The tests that passed every sabotage, as node ids; or why that cannot be told.

    ``is_hostile`` says that the tests ended what watched over them.
    """

    passed: tuple[str, ...] = ()
    problem: str = ""
    is_hostile: bool = False


@dataclass(frozen=True, slots=True)
class SabotageJudgement:
    """``vacuous_tests`` are functions without parameters, ``vacuous_cases`` single cases."""

    stage: StageResult
    vacuous_tests: tuple[str, ...] = ()
    vacuous_cases: tuple[str, ...] = ()


async def run_sabotage(
    python: SandboxedPython,
    candidate: Candidate,
    roots: Sequence[Path],
    *,
    plugins: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> SabotageRecord:
    """Run the tests on a module that does nothing; nothing is written to the copy."""
    if sys.platform == "win32":
        return SabotageRecord(problem=CANNOT_FORK)
    subject, start = Subject(python, candidate, roots, plugins), time.monotonic()
    limit, record = min(SECONDS, python.limits.timeout_seconds), SabotageRecord(problem=NO_TIME)
    for is_fast in (True, False):
        seconds = limit - (time.monotonic() - start)
        if seconds <= 0 or not record.problem or subject.has_changed():
            break
        answer = await subject.ask(PROGRAM, Findings, seconds, is_fast=is_fast)
        record = read_answer(answer)
        if is_fast and answer is not None and answer.baseline.failed:
            record = SabotageRecord(problem=NOT_FAST)
    is_changed = subject.has_changed()
    return SabotageRecord(problem=CHANGED, is_hostile=True) if is_changed else record


def read_answer(answer: Findings | None) -> SabotageRecord:
    """Return what can be concluded: a test that was not tried in every way is not vacuous."""
    if answer is None or answer.is_lost:
        return SabotageRecord(problem=ENDED, is_hostile=True)
    if answer.problem:
        return SabotageRecord(problem=f"the module could not be replaced: {answer.problem}")
    if not answer.baseline.is_done or not answer.baseline.is_loaded:
        problem = f"the tests cannot be run on a replaced module: {answer.baseline.explain()}"
        return SabotageRecord(problem=problem)
    broken = [one.broken for one in answer.sabotages if one.broken]
    if broken:
        problem = f"the tests cannot be collected without what the module does: {broken[0]}"
        return SabotageRecord(problem=problem)
    done = tuple((one.what, one.mode) for one in answer.sabotages)
    if answer.passed and done != SABOTAGES:
        return SabotageRecord(problem=NO_TIME)
    return SabotageRecord(passed=tuple(answer.passed))


def judge_sabotage(record: SabotageRecord, cases: Iterable[CaseResult]) -> SabotageJudgement:
    """Name the vacuous tests among those that passed when the module was whole.

    A test function is vacuous if all of its cases are; where only some are the stage passes.
    """
    if record.problem:
        stage = StageResult(NAME, passed=not record.is_hostile, reasons=(record.problem,))
        return SabotageJudgement(stage)
    passed = [case.name for case in cases if case.outcome is Outcome.PASSED]
    vacuous = set(record.passed)
    sound_tests = {get_test(name) for name in passed if name not in vacuous}
    found = [name for name in passed if name in vacuous]
    tests = tuple(
        dict.fromkeys(get_test(name) for name in found if get_test(name) not in sound_tests)
    )
    reasons = tuple(f"{test} passes although the module does nothing" for test in tests)
    return SabotageJudgement(StageResult(NAME, not tests, reasons), tests, tuple(found))


def get_test(name: str) -> str:
    """Return a node id without its parameters."""
    return name.partition("[")[0]
