"""What the recorder said of one run, read as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from openhands_testgen.domain.verdict import CaseResult, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection

# The worst of a test's phases counts: it can pass and then fail in its teardown.
_SEVERITY = (Outcome.PASSED, Outcome.SKIPPED, Outcome.REFUSED, Outcome.FAILED, Outcome.ERROR)
# pytest's exit codes: all passed, some failed, there were none.
FINISHED = {0, 1, 5}


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    token: str


class Item(BaseModel):
    """A test that was collected; ``indices`` say which parameter of each name it has.

    ``line`` is where its function begins (its first decorator), 0 if that is in another file.
    """

    model_config = ConfigDict(frozen=True)
    id: str
    line: int
    indices: dict[str, int]


class Collected(_Line):
    """All tests, in the order of the file, and what the file wrote to when it was imported."""

    event: Literal["collected"]
    items: tuple[Item, ...]
    writes: tuple[str, ...]


class Broken(_Line):
    """Something could not be collected."""

    event: Literal["broken"]
    id: str
    outcome: str
    message: str


class Started(_Line):
    """A test begins."""

    event: Literal["start"]
    id: str


class Phase(_Line):
    """One phase of a test has ended; ``when`` is setup, call or teardown."""

    event: Literal["phase"]
    id: str
    outcome: Literal["passed", "failed", "skipped"]
    xfail: bool
    message: str
    seconds: float
    when: str | None


class Finished(_Line):
    """A test has ended; ``writes`` are files of the project that it wrote to."""

    event: Literal["finish"]
    id: str
    writes: tuple[str, ...]


class Ended(_Line):
    """pytest ended by itself; ``lines`` are those of the module that ran, if they were traced."""

    event: Literal["ended"]
    exit_code: int
    lines: tuple[int, ...] | None


type Line = Annotated[
    Collected | Broken | Started | Phase | Finished | Ended, Field(discriminator="event")
]
_LINE: TypeAdapter[Line] = TypeAdapter(Line)


@dataclass(slots=True)
class Journal:
    """One run. ``running`` is the test that had begun when the run broke off.

    A run that pytest itself gave up has *ended*, but is not complete.

    ``writers`` are tests by the file that they wrote to; the empty name is the file's own code.
    ``forgery`` says why the run cannot be believed.
    """

    items: tuple[Item, ...] = ()
    cases: dict[str, CaseResult] = field(default_factory=dict)
    broken: str = ""
    running: str = ""
    writers: dict[str, str] = field(default_factory=dict)
    is_complete: bool = False
    has_ended: bool = False
    lines: tuple[int, ...] | None = None
    forgery: str = ""


def parse_journal(content: bytes, token: str, canaries: Collection[str]) -> Journal:
    """Read the record of one run; ``canaries`` are the names of tests that must have failed.

    What cannot be ours makes the whole of it a forgery: the channel is not in reach by accident.
    """
    journal = Journal()
    lines = content.split(b"\n")  # the last one is empty, or was cut when the process was killed
    for text in lines[:-1]:
        try:
            line = _LINE.validate_json(text)
        except ValidationError:
            journal.forgery = "something else wrote into the record of the run"
            return journal
        if line.token != token or journal.has_ended:
            journal.forgery = "something else wrote into the record of the run"
            return journal
        _add(journal, line)
    journal.cases.pop(journal.running, None)
    _check_canaries(journal, canaries)
    return journal


def _add(journal: Journal, line: Line) -> None:
    match line:
        case Collected():
            journal.items = line.items
            journal.writers |= dict.fromkeys(line.writes, "")
        case Broken():
            journal.broken = journal.broken or line.message or line.outcome
        case Started():
            journal.running = line.id
        case Phase():
            _add_phase(journal.cases, line)
        case Finished():
            journal.running = ""
            for path in line.writes:
                journal.writers.setdefault(path, line.id)
        case Ended():
            journal.has_ended, journal.lines = True, line.lines
            journal.is_complete = line.exit_code in FINISHED and not journal.running


def _add_phase(cases: dict[str, CaseResult], phase: Phase) -> None:
    outcome, message = _read_outcome(phase)
    known = cases.get(phase.id)
    seconds = phase.seconds + (known.seconds if known else 0.0)
    if known and _SEVERITY.index(known.outcome) >= _SEVERITY.index(outcome):
        outcome, message = known.outcome, known.message
    cases[phase.id] = CaseResult(phase.id, render_classname(phase.id), outcome, message, seconds)


def _read_outcome(phase: Phase) -> tuple[Outcome, str]:
    if phase.xfail:
        return Outcome.REFUSED, phase.message
    if phase.outcome == "failed":
        return (Outcome.FAILED if phase.when == "call" else Outcome.ERROR), phase.message
    return Outcome(phase.outcome), phase.message


def render_classname(node_id: str) -> str:
    """Return what JUnit calls the class of a test: the dotted path of what holds it."""
    path, *inner = node_id.partition("[")[0].split("::")
    return ".".join([path.removesuffix(".py").replace("/", "."), *inner[:-1]])


def _check_canaries(journal: Journal, canaries: Collection[str]) -> None:
    """Take the tests that must fail out of the record; if one of them passed, nothing counts."""
    planted = {name: name.rpartition("::")[2] in canaries for name in journal.cases}
    found = [journal.cases.pop(name) for name, is_canary in planted.items() if is_canary]
    if journal.running.rpartition("::")[2] in canaries:
        journal.running = ""
    if any(case.outcome is Outcome.PASSED for case in found):
        journal.forgery = "a test that must fail was reported as passed: outcomes are made up"
    elif journal.is_complete and journal.items and len(found) < len(canaries):
        journal.forgery = "tests that must fail were not run: pytest was tampered with"
