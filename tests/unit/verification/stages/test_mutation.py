"""How a mutant ended, what that proves, and the score."""

from __future__ import annotations

import json
import signal

import pytest
from pydantic import ValidationError

from openhands_testgen.domain.verdict import MUTATION_THRESHOLD, StageResult, Verdict, decide
from openhands_testgen.verification.programs import ENDED, NO_TIME, Account
from openhands_testgen.verification.stages.mutation import (
    NOTHING,
    End,
    Findings,
    Mutant,
    MutationPlan,
    MutationRecord,
    decide_end,
    judge_mutation,
    read_answer,
)

SOUND = Account(passed=3, is_done=True, is_loaded=True)
KILLED = Account(failed=["test_a: AssertionError"], is_done=True, is_loaded=True)
LATE = Account(is_late=True, status=-signal.SIGKILL)
CRASHED = Account(status=0)
PLAN = MutationPlan(seed=7)


def make_mutant(run: Account | None, line: int = 1) -> Mutant:
    return Mutant(
        line=line, column=0, function="f", operator="comparison", before="<", after="<=", run=run
    )


def judge(*runs: Account | None, **changes: object) -> MutationRecord:
    mutants = [make_mutant(run, line) for line, run in enumerate(runs, 1)]
    findings = Findings(baseline=SOUND, found=9, workers=2, controls=[SOUND], mutants=mutants)
    return read_answer(findings.model_copy(update=changes), "a.py", PLAN)


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (None, End.LEFT_OUT),
        (SOUND, End.SURVIVED),
        (KILLED, End.KILLED),
        (Account(failed=["test_a: x"]), End.KILLED),
        (Account(broken="ImportError: x"), End.KILLED),
        (LATE, End.TIMED_OUT),
        (Account(status=-signal.SIGXCPU), End.TIMED_OUT),
        (CRASHED, End.CRASHED),
        (Account(status=-signal.SIGSEGV), End.CRASHED),
        (Account(status=-signal.SIGKILL), End.CRASHED),
        (Account(passed=2, status=0), End.CRASHED),
    ],
)
def test_how_a_mutant_ended(run: Account | None, expected: End) -> None:
    assert decide_end(run) is expected


def test_the_score_counts_what_was_run() -> None:
    stage, mutation = judge_mutation(judge(KILLED, LATE, SOUND, CRASHED, None), 50)
    assert mutation is not None
    assert (mutation.killed, mutation.total, mutation.score) == (2, 4, 50)
    assert (mutation.timed_out, mutation.crashed, mutation.left_out) == (1, 1, 1)
    assert mutation.seed == 7
    assert [(one.path, one.line) for one in mutation.survivors] == [("a.py", 3), ("a.py", 4)]
    assert stage == StageResult("mutation", passed=True)


def test_too_low_a_score_is_weak_and_says_what_went_unnoticed() -> None:
    stage, mutation = judge_mutation(judge(KILLED, SOUND, SOUND), 50)
    assert stage.passed
    assert stage.reasons == (
        "33% of 3 mutants were noticed, 50% are asked for",
        "line 2: `<` -> `<=` goes unnoticed",
        "line 3: `<` -> `<=` goes unnoticed",
    )
    assert decide([stage], mutation) is Verdict.WEAK


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"baseline": KILLED},
            "the tests fail on the unchanged module: test_a: AssertionError",
        ),
        (
            {"baseline": LATE},
            "the tests fail on the unchanged module: they did not end in time",
        ),
        (
            {"baseline": Account(status=-signal.SIGXCPU)},
            "the tests fail on the unchanged module: they did not end in time",
        ),
        (
            {"baseline": CRASHED},
            (
                "the tests fail on the unchanged module: "
                "their process ended with exit code 0, without a report"
            ),
        ),
        (
            {"baseline": Account(passed=1, is_done=True)},
            "the tests fail on the unchanged module: they never load the module from the copy",
        ),
        (
            {"baseline": Account(is_done=True, is_loaded=True)},
            "the tests fail on the unchanged module: no test passed",
        ),
        (
            {"controls": [SOUND, KILLED]},
            (
                "the tests also fail where the module does the same as before, "
                "so a failure proves nothing: test_a: AssertionError"
            ),
        ),
        ({"controls": []}, NO_TIME),
        ({"mutants": [make_mutant(None)]}, NO_TIME),
        ({"is_lost": True}, ENDED),
        ({"problem": "KeyError: 1"}, "the mutants could not be made or run: KeyError: 1"),
    ],
)
def test_there_is_no_score_where_a_failure_proves_nothing(
    changes: dict[str, object], expected: str
) -> None:
    record = judge(KILLED, KILLED, **changes)
    assert record.problem == expected
    stage, mutation = judge_mutation(record, MUTATION_THRESHOLD)
    assert mutation is not None
    assert (mutation.score, mutation.total, mutation.problem) == (0, 0, expected)
    assert stage.reasons == (f"no score: {expected}",)
    assert decide([stage], mutation) is Verdict.WEAK


def test_no_answer_is_no_score() -> None:
    assert read_answer(None, "a.py", PLAN).problem == ENDED


def test_where_there_is_nothing_to_change_nothing_is_missing() -> None:
    stage, mutation = judge_mutation(judge(), 50)
    assert mutation is None
    assert stage == StageResult("mutation", passed=True, reasons=(NOTHING,))
    assert decide([stage], mutation) is Verdict.ACCEPTED


@pytest.mark.parametrize(
    "changes",
    [
        {"mutants": [{"line": "1"}]},
        {"mutants": [{**make_mutant(None).model_dump(), "before": "x" * 300}]},
        {"baseline": {"broken": "x" * 2_000}},
        {"baseline": {"failed": ["x"] * 11}},
        {"found": "many"},
        {"controls": [{}] * 101},
    ],
)
def test_facts_of_no_sane_size_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Findings.model_validate_json(json.dumps(changes))
