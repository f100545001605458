"""Runs and reruns: what one shows of each test, and when it shows nothing at all."""

from __future__ import annotations

import pytest

from openhands_testgen.domain.verdict import CaseResult, Outcome
from openhands_testgen.verification.journal import Item, Journal
from openhands_testgen.verification.recording import RunRecord
from openhands_testgen.verification.stages.reruns import judge_reruns
from openhands_testgen.verification.stages.run import get_definition_name, judge_run, shorten

PATH = "tests/test_a.py"
A, B = f"{PATH}::test_a", f"{PATH}::TestB::test_b[x::y]"


def make_case(name: str, outcome: Outcome = Outcome.PASSED, message: str = "") -> CaseResult:
    return CaseResult(name, "tests.test_a", outcome, message)


def make_record(
    *cases: CaseResult,
    items: tuple[str, ...] = (A, B),
    running: str = "",
    changed: tuple[str, ...] = (),
    writers: dict[str, str] | None = None,
    broken: str = "",
    forgery: str = "",
    is_complete: bool = True,
    has_ended: bool = False,
    exit_code: int = 0,
    timed_out: bool = False,
    is_full: bool = False,
) -> RunRecord:
    journal = Journal(
        items=tuple(Item(id=name, line=0, indices={}) for name in items),
        cases={case.name: case for case in cases},
        running=running,
        writers=writers or {},
        broken=broken,
        forgery=forgery,
        is_complete=is_complete and not running,
        has_ended=has_ended,
    )
    return RunRecord(journal, exit_code, timed_out, is_full, limit_seconds=7, changed=changed)


PASSED = (make_case(A), make_case(B))


def judge(record: RunRecord, *expected: str) -> dict[str, tuple[Outcome, str]]:
    judged = judge_run(record, expected or ("test_a", "TestB::test_b"), PATH)
    assert judged.problems == ()
    return {
        case.name: (case.outcome, "; ".join(problem.rule for problem in case.problems))
        for case in judged.cases
    }


def find_problem(record: RunRecord) -> str:
    judged = judge_run(record, (), PATH)
    assert judged.cases == ()
    (problem,) = judged.problems
    return str(problem)


def test_all_pass() -> None:
    assert judge(make_record(*PASSED)) == {A: (Outcome.PASSED, ""), B: (Outcome.PASSED, "")}


@pytest.mark.parametrize(
    ("outcome", "rule"),
    [
        (Outcome.FAILED, "failed"),
        (Outcome.ERROR, "error"),
        (Outcome.SKIPPED, "skipped"),
        (Outcome.REFUSED, "xfail"),
    ],
)
def test_what_does_not_pass_has_a_reason(outcome: Outcome, rule: str) -> None:
    found = judge(make_record(make_case(A, outcome, "why"), make_case(B)))
    assert found == {A: (outcome, rule), B: (Outcome.PASSED, "")}


def test_what_was_collected_has_to_run() -> None:
    assert judge(make_record(make_case(A)))[B] == (Outcome.MISSING, "missing")


def test_what_is_defined_has_to_be_collected() -> None:
    found = judge(make_record(make_case(A), items=(A,)))
    assert found[f"{PATH}::TestB::test_b"] == (Outcome.MISSING, "missing")


@pytest.mark.parametrize(
    ("record", "rule", "words"),
    [
        (make_record(make_case(A), running=B), "ends-process", "exit code 0"),
        (make_record(make_case(A), running=B, exit_code=137), "ends-process", "was killed"),
        (make_record(make_case(A), running=B, exit_code=152), "ends-process", "CPU time"),
        (make_record(make_case(A), running=B, timed_out=True), "too-slow", "not end within 7 s"),
        (make_record(make_case(A), running=B, is_full=True), "ends-process", "wrote more"),
    ],
)
def test_a_break_is_the_running_tests(record: RunRecord, rule: str, words: str) -> None:
    judged = judge_run(record, ("test_c",), PATH)
    assert not judged.is_complete
    first, second = judged.cases
    assert (first.name, first.outcome) == (A, Outcome.PASSED)
    assert (second.name, second.outcome) == (B, Outcome.MISSING)
    assert second.problems[0].rule == rule
    assert words in second.problems[0].reason


def test_when_pytest_gave_up_what_failed_before_is_to_blame() -> None:
    failed = make_case(A, Outcome.FAILED, "MemoryError")
    for running in ("", B):
        record = make_record(failed, running=running, is_complete=False, has_ended=True)
        judged = judge_run(record, (), PATH)
        assert not judged.is_complete
        assert [(case.name, case.outcome) for case in judged.cases] == [(A, Outcome.FAILED)]
    record = make_record(make_case(A), running=B, has_ended=True, exit_code=3)
    assert judge(record)[B] == (Outcome.MISSING, "ends-process")


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (make_record(forgery="made up"), "made up"),
        (
            make_record(broken="E   ImportError: no shop"),
            "cannot be collected: ImportError: no shop",
        ),
        (make_record(is_complete=False, exit_code=3), "outside of any test, the run was ended"),
        (
            make_record(is_complete=False, timed_out=True),
            "outside of any test, the run did not end",
        ),
        (make_record(items=()), "finds no test"),
        (make_record(*PASSED, changed=("a.txt",)), "changes a.txt"),
        (make_record(*PASSED, changed=("a.txt",), writers={"a.txt": ""}), "changes a.txt"),
    ],
)
def test_a_problem_of_the_whole_file_leaves_no_case(record: RunRecord, words: str) -> None:
    assert words in find_problem(record)


def test_a_change_is_the_writers() -> None:
    found = judge(make_record(*PASSED, changed=("a.txt",), writers={"a.txt": B}))
    assert found == {A: (Outcome.PASSED, ""), B: (Outcome.REFUSED, "changes-project")}


def test_a_change_in_a_broken_run_is_the_running_tests() -> None:
    found = judge(make_record(make_case(A), running=B, changed=("a.txt",)))
    assert found[B] == (Outcome.REFUSED, "ends-process; changes-project")


def test_writing_what_was_there_is_no_change() -> None:
    record = make_record(*PASSED, writers={"a.txt": B})
    assert judge(record)[B] == (Outcome.PASSED, "")


@pytest.mark.parametrize(
    ("node_id", "name"),
    [(A, "test_a"), (B, "TestB::test_b"), ("odd[1]/test_a.py::test_a[2]", "test_a")],
)
def test_the_definition_of_a_case(node_id: str, name: str) -> None:
    path = node_id.partition("::")[0]
    assert get_definition_name(node_id, path) == name


@pytest.mark.parametrize(
    ("message", "short"),
    [
        ("one\n\n  two ", "one / two"),
        (
            "t.py:1: in f\n    assert 1 == 2\nE   assert 1 == 2\nE    +  where",
            "assert 1 == 2 / +  where",
        ),
        ("x" * 400, "x" * 300),
        ("", ""),
    ],
)
def test_messages_are_shortened_to_what_they_say(message: str, short: str) -> None:
    assert shorten(message) == short


def test_reruns_name_what_does_not_pass_every_time() -> None:
    failed = make_record(make_case(A), make_case(B, Outcome.FAILED, "boom"))
    skipped = make_record(make_case(A, Outcome.SKIPPED), make_case(B))
    judged = judge_reruns([make_record(*PASSED), failed, failed, skipped], PATH)
    assert judged.problems == ()
    found = {case.name: case for case in judged.cases}
    assert {case.outcome for case in found.values()} == {Outcome.FLAKY}
    assert "rerun 2 of 4" in found[B].problems[0].reason
    assert "boom" in found[B].problems[0].reason
    assert "rerun 4 of 4" in found[A].problems[0].reason


def test_reruns_that_all_pass_say_nothing() -> None:
    assert judge_reruns([make_record(*PASSED)] * 3, PATH).cases == ()
    assert judge_reruns([], PATH).cases == ()


def test_a_rerun_that_shows_nothing_rejects_the_file() -> None:
    judged = judge_reruns([make_record(*PASSED), make_record(broken="no")], PATH)
    assert "in rerun 2 of 2, the file cannot be collected" in str(judged.problems[0])


def test_a_rerun_that_breaks_off_is_the_running_tests() -> None:
    judged = judge_reruns([make_record(running=A, exit_code=1)], PATH)
    assert [(case.name, case.outcome) for case in judged.cases] == [(A, Outcome.FLAKY)]
