"""Stage *run*: every test that the file defines runs to its end, and passes."""

from __future__ import annotations

import signal
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from openhands_testgen.domain.verdict import CaseResult, Outcome, Problem
from openhands_testgen.verification.journal import render_classname

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from openhands_testgen.verification.recording import RunRecord

NAME = "run"
MAX_REASON_LENGTH = 300
SIGNALLED = 128
LEAVE_OUT = "mend it or leave it out"
_FORGED = "let the tests call the module, and leave pytest alone"


@dataclass(frozen=True, slots=True)
class Judged:
    """What a run shows: problems of the whole file, or one result for each test.

    After a run that broke off, tests that had no turn are not among the cases. Where pytest gave
    up, and a test had not passed before, it is not the running one that is to blame: memory that
    a test has used up is missing in the next one.
    """

    problems: tuple[Problem, ...]
    cases: tuple[CaseResult, ...] = ()
    is_complete: bool = False


def judge_run(record: RunRecord, expected: Iterable[str], output_path: str) -> Judged:
    """Decide from a run which tests pass, and whether the file can be judged at all.

    ``expected`` are the tests that the file defines (``TestCart::test_add``).
    """
    journal = record.journal
    problems = tuple(_find_whole_problems(record))
    if problems:
        return Judged(problems)
    cases = {case.name: _judge_case(case) for case in journal.cases.values()}
    if journal.running and not (journal.has_ended and _has_unsound(record)):
        cases[journal.running] = _explain_break(record, journal.running)
    for path in record.changed:
        name = journal.writers.get(path) or journal.running
        cases[name] = _refuse_change(cases.get(name) or _make_case(name), path)
    missing = _find_missing(record, expected, output_path) if journal.is_complete else ()
    return Judged((), (*cases.values(), *missing), is_complete=journal.is_complete)


def get_definition_name(node_id: str, output_path: str) -> str:
    """Return ``TestCart::test_add`` for ``tests/test_cart.py::TestCart::test_add[1]``."""
    return node_id.removeprefix(f"{output_path}::").partition("[")[0]


def shorten(message: str) -> str:
    """Return a message as one line, bounded; of a traceback what it comes to."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    errors = [line.removeprefix("E").strip() for line in lines if line.startswith("E   ")]
    lines = errors[:3] or lines
    return " / ".join(lines)[:MAX_REASON_LENGTH]


def _find_whole_problems(record: RunRecord) -> Iterator[Problem]:
    journal = record.journal
    if journal.forgery:
        yield Problem("forged", journal.forgery, _FORGED)
    elif journal.broken:
        reason = f"the file cannot be collected: {shorten(journal.broken)}"
        yield Problem("not-collected", reason, "let it import what is there")
    elif not (journal.running or journal.is_complete or _has_unsound(record)):
        reason = f"outside of any test, the run {_say_how_it_ended(record)}"
        yield Problem("broken-off", reason, "leave that out of the file's own code and fixtures")
    elif not journal.items:
        yield Problem("no-test", "pytest finds no test in the file", "define functions test_...")
    for path in record.changed:
        if not (journal.writers.get(path) or journal.running):
            reason = f"the file changes {path} of the project while it is imported"
            yield Problem("changes-project", reason, "write to pytest's tmp_path alone")


def _has_unsound(record: RunRecord) -> bool:
    return any(not case.is_sound for case in record.journal.cases.values())


def _judge_case(case: CaseResult) -> CaseResult:
    if case.outcome is Outcome.PASSED:
        return case
    if case.outcome is Outcome.SKIPPED:
        reason = f"was skipped ({shorten(case.message)}), which proves nothing"
        problem = Problem("skipped", reason, "let it run here, or leave it out")
    elif case.outcome is Outcome.REFUSED:
        reason = "is marked as expected to fail: it can never fail"
        problem = Problem("xfail", reason, "assert what the module does, or leave it out")
    else:
        verb = "fails" if case.outcome is Outcome.FAILED else "ends in an error"
        problem = Problem(case.outcome.value, f"{verb}: {shorten(case.message)}", LEAVE_OUT)
    return replace(case, problems=(problem,))


def _find_missing(
    record: RunRecord, expected: Iterable[str], output_path: str
) -> tuple[CaseResult, ...]:
    """Return a case for what was collected but not run, and for what was not even collected."""
    items = [item.id for item in record.journal.items]
    collected = {get_definition_name(name, output_path) for name in items}
    idle = [name for name in items if name not in record.journal.cases]
    unseen = [f"{output_path}::{name}" for name in expected if name not in collected]
    return tuple(
        _refuse(name, Outcome.MISSING, Problem("missing", reason, LEAVE_OUT))
        for names, reason in (
            (idle, "was collected, but not run"),
            (unseen, "is defined, but pytest does not find it"),
        )
        for name in names
    )


def _explain_break(record: RunRecord, name: str) -> CaseResult:
    if record.timed_out:
        problem = Problem("too-slow", _say_how_it_ended(record), "let it end sooner")
    else:
        remedy = "test what ends the process with pytest.raises(SystemExit), or in a subprocess"
        problem = Problem("ends-process", f"the run {_say_how_it_ended(record)}", remedy)
    return _refuse(name, Outcome.MISSING, problem)


def _say_how_it_ended(record: RunRecord) -> str:
    number = record.exit_code - SIGNALLED
    if record.timed_out:
        return f"did not end within {record.limit_seconds:g} s"
    if record.is_full:
        return "was ended because it wrote more than it may"
    if number == signal.SIGXCPU:
        return "used more CPU time than it may"
    if number == signal.SIGKILL:
        return "was killed: it used more CPU time or memory than it may"
    return f"was ended with exit code {record.exit_code} before pytest had finished"


def _refuse_change(case: CaseResult, path: str) -> CaseResult:
    problem = Problem(
        "changes-project", f"changes {path} of the project", "write to pytest's tmp_path alone"
    )
    return replace(case, outcome=Outcome.REFUSED, problems=(*case.problems, problem))


def _refuse(name: str, outcome: Outcome, problem: Problem) -> CaseResult:
    return replace(_make_case(name), outcome=outcome, message=problem.reason, problems=(problem,))


def _make_case(name: str) -> CaseResult:
    return CaseResult(name, render_classname(name), Outcome.PASSED)
