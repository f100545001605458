"""The docket of one file: what the stages decided so far, and what is left of the file."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from openhands_testgen.domain.verdict import StageResult
from openhands_testgen.verification.cutting import CannotCutError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from openhands_testgen.domain.expected import Definition
    from openhands_testgen.domain.verdict import CaseResult, Problem
    from openhands_testgen.verification.ledger import Ledger

NOTHING_LEFT = "no sound test is left"


class EndedError(Exception):
    """A stage rejects the file; what comes after it is not tried."""

    def __init__(self, stage: str, reasons: Iterable[object]) -> None:
        """Say which stage, and why."""
        super().__init__(stage)
        self.stage = StageResult(stage, passed=False, reasons=tuple(map(str, reasons)))


@dataclass(slots=True)
class Docket:
    """Stages and tests. A stage that is asked again keeps the reasons of its first time."""

    ledger: Ledger
    stages: dict[str, StageResult] = field(default_factory=dict)

    def add(self, stage: StageResult) -> None:
        """Note what a stage decided."""
        before = self.stages.get(stage.name)
        reasons = (*before.reasons, *stage.reasons) if before else stage.reasons
        self.stages[stage.name] = StageResult(stage.name, stage.passed, reasons)

    def let_pass(self, stage: str) -> None:
        """Note that a stage has nothing, or nothing more, against the file."""
        self.add(StageResult(stage, passed=True))

    def refuse(self, stage: str, tests: Sequence[tuple[Definition, Sequence[Problem]]]) -> None:
        """Leave tests out before anything has run.

        Raises:
            EndedError: nothing is left, or what is left is no file.

        """
        with self._explain(stage):
            self.ledger.refuse(tests)
        if tests and not self.ledger.list_expected():
            raise EndedError(stage, [NOTHING_LEFT])

    def strike(self, stage: str, cases: Iterable[CaseResult]) -> None:
        """Leave tests out that a run has shown to be unsound.

        Raises:
            EndedError: nothing is left, or what is left is no file.

        """
        with self._explain(stage):
            self.ledger.strike(cases)
        if not self.ledger.kept:
            raise EndedError(stage, [NOTHING_LEFT])

    def deliver(self, stage: str) -> bytes:
        """Return the file to deliver.

        Raises:
            EndedError: tests that were there before cannot be kept without those left out.

        """
        try:
            return self.ledger.render_delivered()
        except CannotCutError as exc:
            raise EndedError(stage, [str(exc)]) from exc

    @contextmanager
    def _explain(self, stage: str) -> Iterator[None]:
        known = len(self.ledger.left_out)
        failure = ""
        try:
            yield
        except CannotCutError as exc:
            failure = f"{exc}, and so the file is rejected as a whole"
        reasons = [
            f"{case.name}: {problem}"
            for case in self.ledger.left_out[known:]
            for problem in case.problems
        ]
        self.add(StageResult(stage, passed=not failure, reasons=tuple(reasons)))
        if failure:
            raise EndedError(stage, [failure])
