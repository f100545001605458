"""JUnit: what other programs read of a verdict."""

from __future__ import annotations

from junitparser import Error, Failure, JUnitXml, Skipped

from openhands_testgen.domain.verdict import CaseResult, Outcome, Problem
from openhands_testgen.verification.junit import render_junit
from tests.fakes.results import HOSTILE

PROBLEM = Problem("vacuous", "passes although the module does nothing", "assert values", 7)


def read(*cases: CaseResult) -> JUnitXml:
    return JUnitXml.fromstring(render_junit(cases, "tests/test_a.py"))


def make_case(outcome: Outcome, message: str = "") -> CaseResult:
    problems = () if outcome is Outcome.PASSED else (PROBLEM,)
    name = f"tests/test_a.py::TestA::test_{outcome.value}[1]"
    return CaseResult(name, "tests.test_a.TestA", outcome, message, 0.25, 5, problems)


def test_each_outcome_is_what_junit_has_for_it() -> None:
    kinds = {
        Outcome.PASSED: [],
        Outcome.FAILED: [Failure],
        Outcome.ERROR: [Error],
        Outcome.SKIPPED: [Skipped],
        Outcome.MISSING: [Failure],
        Outcome.REFUSED: [Failure],
        Outcome.FLAKY: [Failure],
        Outcome.VACUOUS: [Failure],
    }
    (suite,) = read(*map(make_case, kinds))
    found = {case.name: [type(result) for result in case.result] for case in suite}
    assert found == {f"test_{outcome.value}[1]": kind for outcome, kind in kinds.items()}
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (8, 5, 1, 1)
    assert suite.time == 2.0


def test_a_failure_says_why() -> None:
    ((case,),) = read(make_case(Outcome.VACUOUS, "it <passes>"))
    (result,) = case.result
    assert (result.message, result.type) == ("it <passes>", "vacuous")
    assert result.text == "line 7: passes although the module does nothing; assert values"
    assert (case.classname, case.time) == ("tests.test_a.TestA", 0.25)


def test_hostile_text_stays_text() -> None:
    ((case,),) = read(make_case(Outcome.FAILED, HOSTILE + "\0\x1b]]>\ud800"))
    (result,) = case.result
    assert "boom" in result.message
    assert "\x1b" not in result.message
    assert "<script>" in result.message


def test_no_test_is_a_report_too() -> None:
    (suite,) = read()
    assert suite.tests == 0
