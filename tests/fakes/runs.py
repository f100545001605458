"""Runs that a test scripts: a trial goes its way without any process."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from openhands_testgen.domain.verdict import Candidate, CaseResult, Coverage, Outcome
from openhands_testgen.verification.budget import OutOfTimeError
from openhands_testgen.verification.journal import Item, Journal
from openhands_testgen.verification.recording import Place, RunRecord
from openhands_testgen.verification.runs import Measured
from openhands_testgen.verification.stages.mutation import End as MutantEnd
from openhands_testgen.verification.stages.mutation import (
    Mutant,
    MutationPlan,
    MutationRecord,
)
from openhands_testgen.verification.stages.sabotage import SabotageRecord

if TYPE_CHECKING:
    from collections.abc import Collection

PATH = "test_judged.py"
COVERED = Coverage(90, 9, 10, 0, 0, (10,), (), tuple(range(1, 10)))


@dataclass
class FakeRuns:
    """Answers by what stands in the judged file.

    A test whose name holds ``fails``, ``flaky`` or ``vacuous`` is that; one with ``ends`` ends the
    run. ``out_of_time`` names the step for which there is no time.
    """

    content: bytes
    threshold: float = 80
    base: bytes | None = None
    coverage: Coverage | None = COVERED
    before: Coverage | None = None
    traced: tuple[int, ...] | None = None
    killed: int = 8
    out_of_time: str = ""
    hostile: bool = False
    refuted: bool = False
    forgery: str = ""
    steps: list[str] = field(default_factory=list)

    @property
    def candidate(self) -> Candidate:
        """The file, for a module that nobody reads."""
        return Candidate(Path("/project"), "a.py", PATH, self.content, self.threshold, self.base)

    @property
    def place(self) -> Place:
        """Where the module would be."""
        return Place("a", ("",))

    def read_module(self) -> bytes:
        """Return a module."""
        return b"def f(): return 1\n"

    async def run(self, content: bytes) -> Measured:
        """Run once."""
        self._step("run")
        return Measured(self._record(content, ("fails",)), self.coverage, b"{}")

    async def rerun(self, content: bytes, count: int) -> tuple[list[RunRecord], Coverage | None]:
        """Run again: what is flaky fails now."""
        self._step("rerun")
        records = [self._record(content, ("fails", "flaky")) for _ in range(count)]
        for record in records[:1]:
            record.journal.lines = self.traced
        return records, self.before

    async def sabotage(self, content: bytes) -> SabotageRecord:
        """Run on nothing."""
        self._step("sabotage")
        if self.hostile:
            return SabotageRecord(problem="ended what watched over them", is_hostile=True)
        names = [name for name in _list_tests(content) if "vacuous" in name]
        return SabotageRecord(passed=tuple(f"{PATH}::{name}" for name in names))

    async def mutate(
        self, content: bytes, covered_lines: Collection[int], mutants: int
    ) -> MutationRecord:
        """Run on mutants."""
        del content
        self._step("mutate")
        if self.refuted:
            return MutationRecord(MutationPlan(), "a.py", "they fail", is_refuted=True)
        mutant = Mutant(
            line=min(covered_lines), column=0, function="", operator="x", before="a", after="b"
        )
        ends = [
            (mutant, MutantEnd.KILLED if number < self.killed else MutantEnd.SURVIVED)
            for number in range(min(mutants, 10))
        ]
        return MutationRecord(MutationPlan(), "a.py", found=10, controls=1, ends=tuple(ends))

    def _step(self, name: str) -> None:
        self.steps.append(name)
        if name == self.out_of_time:
            raise OutOfTimeError

    def _record(self, content: bytes, bad: tuple[str, ...]) -> RunRecord:
        names = [f"{PATH}::{name}" for name in _list_tests(content)]
        journal = Journal(
            items=tuple(Item(id=name, line=0, indices={}) for name in names),
            is_complete=True,
            forgery=self.forgery,
        )
        for name in names:
            if "ends" in name:
                journal.running, journal.is_complete = name, False
                break
            outcome = Outcome.FAILED if any(word in name for word in bad) else Outcome.PASSED
            journal.cases[name] = CaseResult(name, "test_judged", outcome)
        return RunRecord(journal, log=b"log")


def _list_tests(content: bytes) -> list[str]:
    lines = content.decode().splitlines()
    return [line[4:].partition("(")[0] for line in lines if line.startswith("def test")]
