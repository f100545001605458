"""Stage *mutation*: the tests notice when the module is changed.

Whether a mutant counts as killed is decided here, from what the process that ran the tests told.
That process is the tests' own, so they can always fail where they like; what keeps the score honest
are *controls*: modules whose code is changed and does the same, run among the mutants. Where one of
them fails, or the unchanged module does, there is no score. A process that ends without a whole
report has killed nothing.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import Field

from openhands_testgen.domain.verdict import Mutation, StageResult, Survivor
from openhands_testgen.verification.programs import (
    CANNOT_FORK,
    CHANGED,
    ENDED,
    NO_TIME,
    Account,
    Answer,
    Facts,
    Subject,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from openhands_testgen.domain.verdict import Candidate
    from openhands_testgen.sandbox.python import SandboxedPython

NAME = "mutation"
PROGRAM = "mutation"
MAX_MUTANTS = 1_000
MAX_REASONS = 5
MOST_WORKERS = 8
NOTHING = "nothing on the covered lines can be changed so that a test could notice"


class End(StrEnum):
    """How a mutant ended; only the first two are kills."""

    KILLED = "killed"
    TIMED_OUT = "timed out"
    SURVIVED = "survived"
    CRASHED = "crashed"
    LEFT_OUT = "left out"


class Mutant(Facts):
    """One change: ``before`` gives way to ``after``, which is empty where nothing takes its place.

    Lines count from 1, columns from 0; ``function`` is empty at the level of the module.
    """

    line: int
    column: int
    function: str = Field(max_length=1_000)
    operator: str = Field(max_length=40)
    before: str = Field(max_length=200)
    after: str = Field(max_length=200)
    run: Account | None = None


class Findings(Answer):
    """What the program found; ``found`` is how many changes there are to choose from."""

    baseline: Account = Account()
    found: int = 0
    workers: int = 0
    controls: list[Account] = Field(default=[], max_length=100)
    mutants: list[Mutant] = Field(default=[], max_length=MAX_MUTANTS)


@dataclass(frozen=True, slots=True)
class MutationPlan:
    """How much is tried: at most so many mutants, in so many seconds, by so many processes."""

    mutants: int = 100
    seed: int = 1
    seconds: float = 60.0
    workers: int = field(default_factory=lambda: min(os.cpu_count() or 1, MOST_WORKERS))


@dataclass(frozen=True, slots=True)
class MutationRecord:
    """What was tried and what came of it.

    ``problem`` says why it proves nothing, ``skipped`` why nothing was tried; ``is_refuted`` that
    tests failed although the module does the same as ever.
    """

    plan: MutationPlan
    module_path: str
    problem: str = ""
    skipped: str = ""
    is_refuted: bool = False
    found: int = 0
    controls: int = 0
    ends: tuple[tuple[Mutant, End], ...] = ()

    def count(self, *ends: End) -> int:
        """Count the mutants that ended so."""
        return sum(end in ends for _, end in self.ends)


async def run_mutation(  # noqa: PLR0913 - what the stage is about
    python: SandboxedPython,
    candidate: Candidate,
    roots: Sequence[Path],
    covered_lines: Collection[int],
    plan: MutationPlan,
    *,
    plugins: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> MutationRecord:
    """Run the tests on mutants of the module; nothing is written to the copy.

    Tests that do not stand the fast way to run them are run once more as pytest would.
    """
    if sys.platform == "win32":
        return MutationRecord(plan, candidate.module_path, skipped=CANNOT_FORK)
    subject, start = Subject(python, candidate, roots, plugins), time.monotonic()
    record = MutationRecord(plan, candidate.module_path, NO_TIME)
    for is_fast in (True, False):
        seconds = plan.seconds - (time.monotonic() - start)
        if seconds <= 0 or not record.problem or subject.has_changed():
            break
        answer = await subject.ask(
            PROGRAM,
            Findings,
            seconds,
            is_fast=is_fast,
            covered_lines=sorted(covered_lines),
            mutants=min(plan.mutants, MAX_MUTANTS),
            seed=plan.seed,
            workers=plan.workers,
        )
        record = read_answer(answer, candidate.module_path, plan)
    return replace(record, problem=CHANGED) if subject.has_changed() else record


def read_answer(answer: Findings | None, module_path: str, plan: MutationPlan) -> MutationRecord:
    """Decide how each mutant ended, and whether that proves anything."""
    if answer is None or answer.is_lost:
        return MutationRecord(plan, module_path, ENDED)
    return MutationRecord(
        plan,
        module_path,
        problem=find_problem(answer),
        skipped="" if answer.mutants else NOTHING,
        is_refuted=any(account.failed for account in (answer.baseline, *answer.controls)),
        found=answer.found,
        controls=len(answer.controls),
        ends=tuple((mutant, decide_end(mutant.run)) for mutant in answer.mutants),
    )


def find_problem(answer: Findings) -> str:
    """Return why the mutants prove nothing; empty if they do."""
    if answer.problem:
        return f"the mutants could not be made or run: {answer.problem}"
    if not answer.baseline.is_sound:
        return f"the tests fail on the unchanged module: {answer.baseline.explain()}"
    failing = [account for account in answer.controls if not account.is_sound]
    if failing:
        return (
            "the tests also fail where the module does the same as before, "
            f"so a failure proves nothing: {failing[0].explain()}"
        )
    has_run = any(mutant.run is not None for mutant in answer.mutants)
    if answer.mutants and not (has_run and answer.controls):
        return NO_TIME
    return ""


def decide_end(run: Account | None) -> End:
    """Decide how a mutant ended."""
    if run is None:
        return End.LEFT_OUT
    if run.failed or run.broken:
        return End.KILLED
    if run.is_done:
        return End.SURVIVED
    is_out_of_time = run.is_late or run.status == -signal.SIGXCPU
    return End.TIMED_OUT if is_out_of_time else End.CRASHED


def judge_mutation(record: MutationRecord, threshold: float) -> tuple[StageResult, Mutation | None]:
    """Compute the score; the threshold is percent. Too low a score is weak, and rejects nothing.

    There is no ``Mutation`` where there is nothing to change.
    """
    if record.problem:
        mutation = Mutation(0.0, 0, 0, seed=record.plan.seed, problem=record.problem)
        return StageResult(NAME, passed=True, reasons=(f"no score: {record.problem}",)), mutation
    if record.skipped:
        return StageResult(NAME, passed=True, reasons=(record.skipped,)), None
    mutation = _compute(record)
    is_enough = mutation.score >= threshold
    return StageResult(
        NAME, passed=True, reasons=() if is_enough else _explain(mutation, threshold)
    ), mutation


def _compute(record: MutationRecord) -> Mutation:
    killed = record.count(End.KILLED, End.TIMED_OUT)
    total = len(record.ends) - record.count(End.LEFT_OUT)
    return Mutation(
        score=100 * killed / total,
        killed=killed,
        total=total,
        seed=record.plan.seed,
        timed_out=record.count(End.TIMED_OUT),
        crashed=record.count(End.CRASHED),
        left_out=record.count(End.LEFT_OUT),
        survivors=tuple(
            Survivor(
                record.module_path, one.line, one.function, one.operator, one.before, one.after
            )
            for one, end in record.ends
            if end in {End.SURVIVED, End.CRASHED}
        ),
    )


def _explain(mutation: Mutation, threshold: float) -> tuple[str, ...]:
    first = (
        f"{mutation.score:.0f}% of {mutation.total} mutants were noticed, "
        f"{threshold:g}% are asked for"
    )
    shown = [
        f"line {one.line}: `{one.before}` -> `{one.after or 'nothing'}` goes unnoticed"
        for one in mutation.survivors[:MAX_REASONS]
    ]
    return (first, *shown)
