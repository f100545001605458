"""The trial of one test file: stage after stage, cheapest first, each test judged by itself."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from openhands_testgen.domain.verdict import Outcome, Problem, StageResult
from openhands_testgen.verification.budget import OutOfTimeError
from openhands_testgen.verification.docket import Docket, EndedError
from openhands_testgen.verification.stages import coverage, mutation, reruns, rules, run, sabotage

if TYPE_CHECKING:
    from openhands_testgen.domain.verdict import Coverage, Mutation
    from openhands_testgen.sandbox.confinement import Protections
    from openhands_testgen.verification.plan import VerdictPlan
    from openhands_testgen.verification.runs import Runs

MAX_RUNS = 6
TIME = "time"
RUNS_EXHAUSTED = f"{MAX_RUNS} runs did not suffice to find all tests that break the run"
OTHER_TESTS = "without the tests that were left out, pytest finds others than before"
VACUOUS = Problem(
    "vacuous",
    "passes although the module does nothing",
    "assert values that only the module can have computed",
)


@dataclass(slots=True)
class Trial:
    """One test file on its way through the stages; make one for each verdict."""

    docket: Docket
    runs: Runs
    plan: VerdictPlan
    coverage: Coverage | None = None
    before: Coverage | None = None
    mutation: Mutation | None = None
    protections: Protections | None = None
    files: dict[str, bytes] = field(default_factory=dict)
    content: bytes = b""
    _passed: bytes = b""

    async def hear(self) -> None:
        """Take the file through the stages, until one rejects it or all have been asked."""
        try:
            self._apply_rules()
            await self._run()
            await self._rerun()
            self._judge_coverage()
            await self._sabotage()
            await self._confirm()
            await self._mutate()
            self.content = self.docket.deliver(run.NAME)
        except EndedError as end:
            self.docket.add(end.stage)
        except OutOfTimeError:
            reason = (
                f"the {self.plan.timeout_seconds:g} s for the verdict were over before all stages "
                "had decided; raise `verify-timeout`, or let the tests take less time"
            )
            self.docket.add(StageResult(TIME, passed=False, reasons=(reason,)))

    def _apply_rules(self) -> None:
        candidate = self.runs.candidate
        found = rules.judge_rules(
            self.docket.ledger.content, self.runs.place.import_name, self.runs.read_module()
        )
        whole = [*found.whole, *rules.find_changes(candidate.base, candidate.content)]
        if whole:
            raise EndedError(rules.NAME, whole)
        self.docket.refuse(rules.NAME, found.tests)

    async def _run(self) -> None:
        """Run what is left of the file until all of it passes."""
        ledger, path = self.docket.ledger, self.runs.candidate.output_path
        for _ in range(MAX_RUNS):
            measured = await self.runs.run(ledger.content)
            record = measured.record
            self.protections = self.protections or record.protections
            self.files |= {"pytest.log": record.log, "coverage.json": measured.report}
            judged = run.judge_run(record, ledger.list_expected(), path)
            if judged.problems:
                raise EndedError(run.NAME, judged.problems)
            if not ledger.enroll(record.journal.items):
                raise EndedError(run.NAME, [OTHER_TESTS])
            ledger.note(case for case in judged.cases if case.is_sound)
            unsound = [case for case in judged.cases if not case.is_sound]
            if not unsound:
                self.coverage, self._passed = measured.coverage, ledger.content
                self.docket.let_pass(run.NAME)
                return
            self.docket.strike(run.NAME, unsound)
        raise EndedError(run.NAME, [RUNS_EXHAUSTED])

    async def _rerun(self) -> None:
        """Run it in other orders and, beside that, what tests the project has already."""
        content = self.docket.ledger.content
        records, self.before = await self.runs.rerun(content, self.plan.reruns)
        judged = reruns.judge_reruns(records, self.runs.candidate.output_path)
        if judged.problems:
            raise EndedError(reruns.NAME, judged.problems)
        made_up = [coverage.find_made_up(self.coverage, record.journal.lines) for record in records]
        if any(made_up):
            raise EndedError(coverage.NAME, filter(None, made_up))
        self.docket.strike(reruns.NAME, judged.cases)

    def _judge_coverage(self) -> None:
        candidate = self.runs.candidate
        stage = coverage.judge_coverage(
            self.coverage, candidate.coverage_threshold, candidate.module_path
        )
        if not stage.passed:
            raise EndedError(stage.name, stage.reasons)
        self.docket.add(stage)

    async def _sabotage(self) -> None:
        """Leave out what passes although the module does nothing."""
        ledger = self.docket.ledger
        record = await self.runs.sabotage(ledger.content)
        judged = sabotage.judge_sabotage(record, ledger.list_current())
        if record.is_hostile:
            raise EndedError(sabotage.NAME, judged.stage.reasons)
        vacuous = set(judged.vacuous_tests)
        self.docket.strike(
            sabotage.NAME,
            [
                replace(case, outcome=Outcome.VACUOUS, problems=(VACUOUS,))
                for case in ledger.list_current()
                if sabotage.get_test(case.name) in vacuous
            ],
        )
        if record.problem:
            self.docket.add(judged.stage)

    async def _confirm(self) -> None:
        """Run what is left once more if tests were left out since it passed."""
        if self.docket.ledger.content != self._passed:
            await self._run()
            self._judge_coverage()

    async def _mutate(self) -> None:
        """Count the mutants that the tests notice; this decides between accepted and weak."""
        if not self.plan.mutants or self.coverage is None:
            return
        content, lines = self.docket.ledger.content, self.coverage.executed_lines
        record = await self.runs.mutate(content, lines, self.plan.mutants)
        if record.is_refuted:  # they passed in each run before: two records contradict each other
            raise EndedError(mutation.NAME, [record.problem])
        stage, self.mutation = mutation.judge_mutation(record, self.plan.mutation_threshold)
        self.docket.add(stage)
