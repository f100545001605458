"""The trial of one test file: stage after stage, cheapest first, each test judged by itself."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from openhands_testgen.domain.verdict import StageResult, Verification, decide
from openhands_testgen.verification.budget import OutOfTimeError
from openhands_testgen.verification.cutting import CannotCutError
from openhands_testgen.verification.junit import render_junit
from openhands_testgen.verification.ledger import Ledger
from openhands_testgen.verification.stages import coverage, parse, reruns, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from openhands_testgen.domain.verdict import Candidate, CaseResult, Coverage, Mutation
    from openhands_testgen.sandbox.confinement import Protections
    from openhands_testgen.verification.plan import VerdictPlan
    from openhands_testgen.verification.runs import Measured, Runs

MAX_RUNS = 6
TIME = "time"
NOTHING_LEFT = "no sound test is left"


class EndedError(Exception):
    """A stage rejects the file; what comes after it is not tried."""

    def __init__(self, stage: str, reasons: Iterable[object]) -> None:
        """Say which stage, and why."""
        super().__init__(stage)
        self.stage = StageResult(stage, passed=False, reasons=tuple(map(str, reasons)))


@dataclass(slots=True)
class Trial:
    """One test file on its way through the stages; make one for each verdict.

    ``stages`` have one result each; a stage that is tried again replaces its first one.
    """

    candidate: Candidate
    plan: VerdictPlan
    ledger: Ledger | None = None
    stages: dict[str, StageResult] = field(default_factory=dict)
    mutation_stage: StageResult | None = None
    coverage: Coverage | None = None
    coverage_before: float | None = None
    coverage_gained: float | None = None
    mutation: Mutation | None = None
    protections: Protections | None = None
    files: dict[str, bytes] = field(default_factory=dict)

    def read(self) -> Ledger | None:
        """Read the file, without running any of it; ``None`` if there is nothing to run."""
        parsed = parse.judge_source(self.candidate.content)
        self._add(parsed.stage)
        if parsed.stage.passed:
            self.ledger = Ledger(self.candidate.output_path, self.candidate.content)
        return self.ledger

    async def hear(self, ledger: Ledger, runs: Runs) -> None:
        """Take the file through the stages, until one rejects it or all have been asked."""
        with self._note_end():
            await self._run(ledger, runs)
            await self._rerun(ledger, runs)
            self._judge_coverage()
            await self._compare(ledger, runs)

    def conclude(self) -> Verification:
        """Return the judgement, with all that was found on the way."""
        ledger = self.ledger
        cases = ledger.cases if ledger else ()
        junit = render_junit(cases, self.candidate.output_path)
        mutation_stages = [self.mutation_stage] if self.mutation_stage else []
        return Verification(
            verdict=decide(self.stages.values(), self.mutation_stage),
            stages=(*self.stages.values(), *mutation_stages),
            content=ledger.content if ledger else b"",
            cases=cases,
            coverage=self.coverage,
            coverage_before=self.coverage_before,
            coverage_gained=self.coverage_gained,
            mutation=self.mutation,
            protections=self.protections.describe() if self.protections else (),
            warnings=self.protections.warn() if self.protections else (),
            attachments={**self.files, "junit.xml": junit},
        )

    async def _run(self, ledger: Ledger, runs: Runs) -> None:
        """Run what is left of the file until all of it passes."""
        reasons: list[str] = []
        for _ in range(MAX_RUNS):
            measured = await runs.run(ledger.content)
            self._keep(measured)
            journal = measured.record.journal
            expected = ledger.list_expected()
            judged = run.judge_run(measured.record, expected, self.candidate.output_path)
            if judged.problems:
                raise EndedError(run.NAME, [*reasons, *judged.problems])
            if not ledger.enroll(journal.items):
                message = (
                    "without the tests that were left out, pytest finds other tests than before"
                )
                raise EndedError(run.NAME, [*reasons, message])
            ledger.note(case for case in judged.cases if case.is_sound)
            unsound = [case for case in judged.cases if not case.is_sound]
            if not unsound:
                self.coverage = measured.coverage
                self._add(StageResult(run.NAME, passed=True, reasons=tuple(reasons)))
                return
            reasons += self._strike(ledger, run.NAME, unsound)
        raise EndedError(run.NAME, [*reasons, f"{MAX_RUNS} runs did not suffice to find them all"])

    async def _rerun(self, ledger: Ledger, runs: Runs) -> None:
        if self.plan.reruns:
            records = await runs.rerun(ledger.content, self.plan.reruns)
            judged = reruns.judge_reruns(records, self.candidate.output_path)
            if judged.problems:
                raise EndedError(reruns.NAME, judged.problems)
            reasons = self._strike(ledger, reruns.NAME, judged.cases)
            self._add(StageResult(reruns.NAME, passed=True, reasons=tuple(reasons)))

    def _judge_coverage(self) -> None:
        threshold, path = self.candidate.coverage_threshold, self.candidate.module_path
        stage = coverage.judge_coverage(self.coverage, threshold, path)
        if not stage.passed:
            raise EndedError(stage.name, stage.reasons)
        self._add(stage)

    async def _compare(self, ledger: Ledger, runs: Runs) -> None:
        before = await runs.measure_existing(ledger.content)
        if before and self.coverage:
            self.coverage_before = before.percent
            both = coverage.join_coverage(before, self.coverage)
            self.coverage_gained = both - before.percent

    def _strike(self, ledger: Ledger, stage: str, cases: Iterable[CaseResult]) -> list[str]:
        """Leave tests out; return why, a line for each."""
        known = len(ledger.left_out)
        problem = None
        try:
            ledger.strike(cases)
        except CannotCutError as exc:
            problem = str(exc)
        reasons = [
            f"{case.name}: {problem}"
            for case in ledger.left_out[known:]
            for problem in case.problems
        ]
        if problem is not None:
            raise EndedError(stage, [*reasons, f"{problem}: the whole file is rejected"])
        if not ledger.kept:
            raise EndedError(stage, [*reasons, NOTHING_LEFT])
        return reasons

    def _keep(self, measured: Measured) -> None:
        record = measured.record
        self.protections = self.protections or record.protections
        self.files["pytest.log"] = record.log
        if measured.report:
            self.files["coverage.json"] = measured.report

    @contextmanager
    def _note_end(self) -> Iterator[None]:
        try:
            yield
        except EndedError as end:
            self._add(end.stage)
        except OutOfTimeError:
            reason = (
                f"the {self.plan.timeout_seconds:g} s for the verdict were over before all stages "
                "had decided; raise `verify-timeout`, or let the tests take less time"
            )
            self._add(StageResult(TIME, passed=False, reasons=(reason,)))

    def _add(self, stage: StageResult) -> None:
        """Add a stage's result; of a stage that is asked again all reasons are kept."""
        before = self.stages.get(stage.name)
        reasons = (*before.reasons, *stage.reasons) if before else stage.reasons
        self.stages[stage.name] = StageResult(stage.name, stage.passed, reasons)
