"""The coverage as coverage.py reports it, and the decision."""

from __future__ import annotations

import json

import pytest

from openhands_testgen.domain.verdict import Coverage
from openhands_testgen.verification.stages.coverage import (
    find_made_up,
    join_coverage,
    judge_coverage,
    parse_coverage,
)

SUMMARY = {
    "covered_lines": 3,
    "num_statements": 4,
    "percent_covered": 66.66,
    "covered_branches": 1,
    "num_branches": 2,
}
FILE = {"summary": SUMMARY, "missing_lines": [3], "missing_branches": [[2, 3]]}


def test_a_report_of_one_file() -> None:
    coverage = parse_coverage(json.dumps({"files": {"prices.py": FILE}}).encode())
    assert coverage is not None
    assert coverage.percent == 66.66
    assert (coverage.lines_covered, coverage.lines_total) == (3, 4)
    assert (coverage.branches_covered, coverage.branches_total) == (1, 2)
    assert (coverage.missing_lines, coverage.missing_branches) == ((3,), ((2, 3),))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"files": {}}',
        json.dumps({"files": {"a": FILE, "b": FILE}}).encode(),
        json.dumps({"files": {"a": {"summary": {}}}}).encode(),
    ],
)
def test_what_is_no_report_of_one_file(content: bytes) -> None:
    assert parse_coverage(content) is None


def make_coverage(percent: float, missing: tuple[int, ...] = ()) -> Coverage:
    return Coverage(percent, 0, 0, 0, 0, missing, ((2, 3), (7, -1)))


@pytest.mark.parametrize(
    ("percent", "threshold", "passed"),
    [(80, 80, True), (100, 80, True), (79.999, 80, False), (0, 0.5, False)],
)
def test_the_threshold(percent: float, threshold: float, *, passed: bool) -> None:
    assert judge_coverage(make_coverage(percent), threshold, "a.py").passed is passed


def test_a_refusal_names_what_is_missing() -> None:
    stage = judge_coverage(make_coverage(50, (1, 2, 3, 7, 9, 10)), 80, "a.py")
    (reason,) = stage.reasons
    assert reason == (
        "50.00% of lines and branches are covered, 80% are asked for; "
        "missing: lines 1-3, 7, 9-10; branches 2->3, 7->-1"
    )


def test_a_module_that_was_never_imported() -> None:
    stage = judge_coverage(None, 80, "src/a.py")
    assert not stage.passed
    assert "never import src/a.py" in stage.reasons[0]


def reach(*lines: int, branches: tuple[tuple[int, int], ...] = ()) -> Coverage:
    return Coverage(0, len(lines), 20, 0, 4, executed_lines=lines, executed_branches=branches)


def test_two_runs_reach_together_what_either_does() -> None:
    one = reach(1, 2, 3, branches=((1, 2),))
    other = reach(3, 4, branches=((1, 2), (1, 3)))
    assert join_coverage(one, other) == 100 * (4 + 2) / 24
    assert join_coverage(one, one) == 100 * (3 + 1) / 24


def test_of_a_file_without_statements_all_is_reached() -> None:
    empty = Coverage(100, 0, 0, 0, 0)
    assert join_coverage(empty, empty) == 100


@pytest.mark.parametrize(
    ("claimed", "traced", "is_made_up"),
    [
        (range(1, 11), range(1, 11), False),
        (range(1, 11), range(1, 8), False),
        (range(1, 11), range(1, 7), True),
        (range(1, 101), range(1, 86), False),
        (range(1, 101), range(1, 80), True),
        (range(1, 11), range(1, 40), False),
        (range(1, 11), (), True),
        ((), (), False),
    ],
)
def test_lines_that_only_coverage_saw_are_made_up(
    claimed: range, traced: range, *, is_made_up: bool
) -> None:
    assert bool(find_made_up(reach(*claimed), tuple(traced))) is is_made_up


def test_nothing_to_compare_is_nothing_made_up() -> None:
    assert find_made_up(None, (1,)) == ""
    assert find_made_up(reach(1, 2, 3, 4, 5), None) == ""
