"""The verdict: what is judged, what was found, and the decision."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


MUTATION_THRESHOLD = 50.0


class Verdict(StrEnum):
    """Our decision about a test file."""

    ACCEPTED = "accepted"
    WEAK = "weak"
    REJECTED = "rejected"


class Outcome(StrEnum):
    """What we found of one test; only a passed one is sound, and delivered.

    The first four are pytest's. A *missing* test is defined, but was not run to its end; a
    *refused* one breaks a rule; a *flaky* one failed in another order or process; a *vacuous* one
    passes whatever the module does.
    """

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    MISSING = "missing"
    REFUSED = "refused"
    FLAKY = "flaky"
    VACUOUS = "vacuous"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A test file to judge. Paths are POSIX, relative to ``project``; the threshold is percent.

    ``base`` is what stood at the output path before, ``None`` if nothing did or it is not known:
    the tests in it have to be there still, as they were.
    """

    project: Path
    module_path: str
    output_path: str
    content: bytes
    coverage_threshold: float
    base: bytes | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a test, or a whole file, is not sound, and what would mend it.

    ``rule`` is a short name that stays the same (``no-assertion``); ``line`` counts from 1 in the
    judged file and is 0 where none is to blame.
    """

    rule: str
    reason: str
    remedy: str
    line: int = 0

    def __str__(self) -> str:
        """Return it as one sentence for a reviewer."""
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.reason}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One test; ``name`` is its node id as pytest writes it (``tests/test_a.py::test_b[1]``).

    ``line`` is where its definition begins in the judged file, 0 if that is not known.
    """

    name: str
    classname: str
    outcome: Outcome
    message: str = ""
    seconds: float = 0.0
    line: int = 0
    problems: tuple[Problem, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether the test belongs into the delivered file."""
        return self.outcome is Outcome.PASSED


@dataclass(frozen=True, slots=True)
class Coverage:
    """Raw coverage of the module, no line of it excluded.

    ``percent`` counts lines and branches together. A missing branch is a pair of lines, from and
    to; where it leaves the function, to is the negative first line of it.
    """

    percent: float
    lines_covered: int
    lines_total: int
    branches_covered: int
    branches_total: int
    missing_lines: tuple[int, ...] = ()
    missing_branches: tuple[tuple[int, int], ...] = ()
    executed_lines: tuple[int, ...] = ()
    executed_branches: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that no test noticed: at ``line``, ``before`` gave way to ``after``.

    ``after`` is empty where nothing took its place, ``function`` at the level of the module.
    """

    path: str
    line: int
    function: str
    operator: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Mutation:
    """How many of the module's mutants the tests killed; ``score`` is percent.

    Those that ran out of time are killed, those that ended the process are not; what there was no
    time for is left out of ``total``. ``problem`` says why there is no score: all numbers are 0.
    """

    score: float
    killed: int
    total: int
    seed: int = 0
    timed_out: int = 0
    crashed: int = 0
    left_out: int = 0
    survivors: tuple[Survivor, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class StageResult:
    """What one stage decided; a stage that passes can still name tests that it left out."""

    name: str
    passed: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verification:
    """The whole judgement.

    ``content`` is the file with its sound tests alone: what is delivered unless it is rejected.
    ``coverage_before`` is what the project's existing tests reach, and ``coverage_gained`` what
    these add to it, in percent; ``None`` where there are no such tests. ``attachments`` are files
    by name, for the results folder.
    """

    verdict: Verdict
    stages: tuple[StageResult, ...]
    content: bytes = b""
    cases: tuple[CaseResult, ...] = ()
    coverage: Coverage | None = None
    coverage_before: float | None = None
    coverage_gained: float | None = None
    mutation: Mutation | None = None
    protections: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    attachments: Mapping[str, bytes] = field(default_factory=dict)


def refuse_secret() -> Verification:
    """Refuse a file unjudged that would carry a secret into the repository."""
    reason = (
        "the file holds a key that this step knows: it is neither judged nor delivered; replace "
        "the key where it is in use, for the agent has seen it"
    )
    return Verification(
        Verdict.REJECTED, (StageResult("secrets", passed=False, reasons=(reason,)),)
    )


def decide(
    stages: Iterable[StageResult],
    mutation: Mutation | None = None,
    mutation_threshold: float = MUTATION_THRESHOLD,
) -> Verdict:
    """Decide: one failed stage rejects, nothing judged rejects, too few mutants killed weakens."""
    decisions = [stage.passed for stage in stages]
    if not decisions or not all(decisions):
        return Verdict.REJECTED
    if mutation is not None and mutation.score < mutation_threshold:
        return Verdict.WEAK
    return Verdict.ACCEPTED
