"""Numbers as words."""

from __future__ import annotations

import math

import pytest

from openhands_testgen.reporting import figures
from tests.fakes.results import CASE_FAILED, make_mutation, make_result


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "-"),
        (math.inf, "-"),
        (math.nan, "-"),
        (0.4, "0 s"),
        (59.6, "1 min 0 s"),
        (61, "1 min 1 s"),
    ],
)
def test_durations(seconds: float | None, words: str) -> None:
    assert figures.render_duration(seconds) == words


@pytest.mark.parametrize(
    ("cost", "words"),
    [(None, "unknown"), (math.nan, "unknown"), (0.0, "0.00 USD"), (1.5, "1.50 USD")],
)
def test_costs(cost: float | None, words: str) -> None:
    assert figures.render_cost(cost) == words


def test_what_these_tests_add_is_said_where_there_were_others() -> None:
    assert figures.render_gain(make_result()) == ""
    result = make_result(coverage_before=10.0, coverage_gained=32.5)
    assert figures.render_gain(result) == "10.0% before, 42.5% together with these"


def test_the_mutation_score_or_why_there_is_none() -> None:
    assert figures.render_mutation(None) == "-"
    assert figures.render_mutation(make_mutation()) == "50.0% (1 of 2)"
    assert figures.render_mutation(make_mutation(problem="no time")) == "no time"


def test_outcomes_are_counted_and_sorted_into_sound_and_not() -> None:
    passed = {**CASE_FAILED, "outcome": "passed"}
    cases = [CASE_FAILED, passed, {**CASE_FAILED, "outcome": "flaky"}, CASE_FAILED]
    tests = make_result(tests={"total": 4, "passed": 1, "cases": cases})["tests"]
    assert figures.render_outcomes(tests) == "1 of 4 passed, 2 failed, 1 flaky"
    assert len(figures.list_unsound(tests)) == 3
    assert figures.list_sound(tests) == [passed]
    assert figures.render_outcomes(None) == "-"
    assert figures.list_unsound(None) == figures.list_sound(None) == []


def test_tokens() -> None:
    result = make_result(tokens={"prompt": 1234, "completion": 5})
    assert figures.render_tokens(result.get("tokens")) == "1,234 tokens read, 5 written"
    assert figures.render_tokens(None) == "-"


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 tests"), (1, "1 test"), (1_200, "1,200 tests")]
)
def test_counts(number: int, words: str) -> None:
    assert figures.count(number, "test") == words
