"""Which tests are vacuous, as far as the program's answer shows."""

from __future__ import annotations

import pytest

from openhands_testgen.domain.verdict import CaseResult, Outcome
from openhands_testgen.verification.inside import sabotage as program
from openhands_testgen.verification.programs import ENDED, NO_TIME, Account
from openhands_testgen.verification.stages.sabotage import (
    SABOTAGES,
    Findings,
    Sabotage,
    SabotageRecord,
    judge_sabotage,
    read_answer,
)

SOUND = Account(passed=3, is_done=True, is_loaded=True)


def make_findings(*passed: str, tried: int = len(SABOTAGES), broken: str = "") -> Findings:
    sabotages = [Sabotage(what=what, mode=mode, broken="") for what, mode in SABOTAGES[:tried]]
    if broken:
        sabotages[-1] = sabotages[-1].model_copy(update={"broken": broken})
    return Findings(baseline=SOUND, sabotages=sabotages, passed=list(passed))


def make_cases(*names: str, outcome: Outcome = Outcome.PASSED) -> list[CaseResult]:
    return [CaseResult(name, "", outcome) for name in names]


def test_both_sides_name_the_same_sabotages() -> None:
    assert program.SABOTAGES == SABOTAGES


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        (make_findings("a"), SabotageRecord(passed=("a",))),
        (make_findings(), SabotageRecord()),
        (make_findings(tried=1), SabotageRecord()),
        (make_findings(tried=0), SabotageRecord()),
        (make_findings("a", tried=2), SabotageRecord(problem=NO_TIME)),
        (
            make_findings(broken="NameError: x", tried=4),
            SabotageRecord(
                problem="the tests cannot be collected without what the module does: NameError: x"
            ),
        ),
    ],
)
def test_what_passes_every_sabotage(findings: Findings, expected: SabotageRecord) -> None:
    assert read_answer(findings) == expected


@pytest.mark.parametrize("answer", [None, Findings(is_lost=True)])
def test_no_answer_is_hostile(answer: Findings | None) -> None:
    record = read_answer(answer)
    assert record == SabotageRecord(problem=ENDED, is_hostile=True)
    judgement = judge_sabotage(record, make_cases("a"))
    assert (judgement.stage.passed, judgement.stage.reasons) == (False, (ENDED,))


@pytest.mark.parametrize(
    "answer",
    [
        Findings(problem="KeyError: 1"),
        Findings(baseline=Account(status=0)),
        Findings(baseline=Account(is_done=True, passed=1)),
    ],
)
def test_what_cannot_be_told_is_said(answer: Findings) -> None:
    record = read_answer(answer)
    assert record.problem
    judgement = judge_sabotage(record, make_cases("a"))
    assert (judgement.stage.passed, judgement.vacuous_tests) == (True, ())
    assert judgement.stage.reasons == (record.problem,)


def test_a_test_is_vacuous_if_all_of_its_cases_are() -> None:
    record = SabotageRecord(passed=("t.py::a[1]", "t.py::a[2]", "t.py::b[1]", "t.py::C::d", "x"))
    cases = make_cases("t.py::a[1]", "t.py::a[2]", "t.py::b[1]", "t.py::b[2]", "t.py::C::d")
    judgement = judge_sabotage(record, cases)
    assert judgement.vacuous_tests == ("t.py::a", "t.py::C::d")
    assert judgement.vacuous_cases == ("t.py::a[1]", "t.py::a[2]", "t.py::b[1]", "t.py::C::d")
    assert not judgement.stage.passed
    assert judgement.stage.reasons == (
        "t.py::a passes although the module does nothing",
        "t.py::C::d passes although the module does nothing",
    )


def test_where_only_single_cases_are_vacuous_the_stage_passes() -> None:
    judgement = judge_sabotage(SabotageRecord(passed=("b[1]",)), make_cases("b[1]", "b[2]"))
    assert judgement.stage.passed
    assert (judgement.vacuous_tests, judgement.vacuous_cases) == ((), ("b[1]",))


def test_what_did_not_pass_on_the_whole_module_is_not_vacuous() -> None:
    cases = make_cases("a", outcome=Outcome.FAILED)
    judgement = judge_sabotage(SabotageRecord(passed=("a",)), cases)
    assert (judgement.stage.passed, judgement.vacuous_cases) == (True, ())
