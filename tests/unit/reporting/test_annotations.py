"""Annotations: ranked, bounded, and never more than GitHub shows."""

from __future__ import annotations

import pytest

from openhands_testgen.reporting.annotations import (
    MAX_MESSAGE_LENGTH,
    Annotation,
    cut_annotations,
    list_annotations,
    list_ranges,
    render_annotation_command,
    render_annotation_line,
)
from tests.fakes.results import HOSTILE, make_rejected, make_result


@pytest.mark.parametrize(
    ("verdict", "level"),
    [("accepted", "notice"), ("weak", "warning"), ("rejected", "error"), (None, "error")],
)
def test_the_verdict_sets_the_level(verdict: str | None, level: str) -> None:
    (first, *_) = list_annotations([make_result(verdict=verdict)])
    assert first.level == level


def test_an_accepted_task_has_its_verdict_alone() -> None:
    (only,) = list_annotations([make_result()])
    assert only.path == "tests/test_prices.py"
    assert only.title == "Generated tests for src/shop/prices.py: accepted"
    assert only.message == "2 of 2 tests passed; coverage 91.7% (threshold 80%)"


def test_a_rejected_task_is_explained_in_order() -> None:
    listed = list_annotations([make_rejected()])
    assert [(one.level, one.path, one.message) for one in listed[1:]] == [
        ("error", "tests/test_prices.py", "40.0% is below 80%"),
        ("error", "tests/test_prices.py", "assert 1 == 2"),
        ("notice", "src/shop/prices.py", "Lines 3 to 5 are not reached by the generated tests."),
        ("notice", "src/shop/prices.py", "Line 9 is not reached by the generated tests."),
    ]
    assert [(one.line, one.end_line) for one in listed[3:]] == [(3, 5), (9, 9)]


def test_a_task_without_tests_says_why() -> None:
    result = make_result(
        success=False,
        verdict=None,
        conclusion="stuck",
        status="FAILED",
        tests=None,
        coverage=None,
        error="The agent repeated itself.",
        files=[],
    )
    (only,) = list_annotations([result])
    assert (only.level, only.path) == ("error", "src/shop/prices.py")
    assert only.title.endswith(": stuck")
    assert only.message == "The agent repeated itself."


def test_reasons_of_a_stage_that_passed_are_no_complaint() -> None:
    stage = {"name": "coverage", "passed": True, "reasons": ["fine"]}
    assert len(list_annotations([make_result(stages=[stage])])) == 1


def test_verdicts_come_first_and_details_take_turns() -> None:
    def make(name: str) -> list[dict[str, object]]:
        return [{"name": name, "passed": False, "reasons": [f"{name}1", f"{name}2"]}]

    results = [make_rejected(stages=make(name), tests=None, missing_lines=[]) for name in "ab"]
    listed = list_annotations(results)
    assert [one.message for one in listed[2:]] == ["a1", "b1", "a2", "b2"]


def test_ten_of_a_level_are_kept_whole() -> None:
    several = [Annotation("error", "a.py", "t", str(number)) for number in range(10)]
    assert cut_annotations(several) == several


def test_more_than_ten_end_with_a_count() -> None:
    several = [Annotation("error", "a.py", "t", str(number)) for number in range(25)]
    notices = [Annotation("notice", "a.py", "t", "n")]
    kept = cut_annotations([*several, *notices])
    assert len([one for one in kept if one.level == "error"]) == 10
    assert kept[9].message == "16 more in the job summary"
    assert kept[10:] == notices


def test_a_command_points_at_lines() -> None:
    annotation = Annotation("notice", "src/a.py", "Not covered", "gap", 3, 5)
    rendered = render_annotation_command(annotation, "packages/shop")
    assert rendered == (
        "::notice file=packages/shop/src/a.py,line=3,endLine=5,title=Not covered::gap"
    )


@pytest.mark.parametrize("prefix", ["", "."])
def test_a_project_at_the_root_needs_no_prefix(prefix: str) -> None:
    rendered = render_annotation_command(Annotation("notice", "a.py", "", "m"), prefix)
    assert rendered == "::notice file=a.py::m"


def test_the_count_points_at_no_file() -> None:
    annotation = Annotation("error", "", "Generated tests", "3 more")
    assert render_annotation_command(annotation, "sub") == "::error title=Generated tests::3 more"


def test_hostile_text_stays_inside_its_command() -> None:
    case = {"name": HOSTILE, "outcome": "failed", "message": HOSTILE, "line": 1, "problems": []}
    result = make_rejected(
        module_path=HOSTILE,
        output_path=HOSTILE,
        error=HOSTILE,
        warnings=[HOSTILE],
        tests={"total": 1, "passed": 0, "cases": [case]},
        stages=[{"name": HOSTILE, "passed": False, "reasons": [HOSTILE]}],
    )
    for annotation in list_annotations([result]):
        command = render_annotation_command(annotation, HOSTILE)
        assert len(command.splitlines()) == 1
        assert command.startswith(f"::{annotation.level} ")
        assert "\x1b" not in command
        assert "\u202e" not in command
        for line in render_annotation_line(annotation).splitlines():
            assert not line.startswith("::")


def test_long_messages_are_cut() -> None:
    annotation = Annotation("error", "a.py", "t", "x" * 10_000)
    _, _, message = render_annotation_command(annotation)[2:].partition("::")
    assert len(message) == MAX_MESSAGE_LENGTH


@pytest.mark.parametrize(
    ("lines", "ranges"),
    [
        ([], []),
        ([4], [(4, 4)]),
        ([1, 2, 3, 7, 9, 10], [(1, 3), (7, 7), (9, 10)]),
        ([3, 1, 2, 2], [(1, 3)]),
        ([0, -5, 1], [(1, 1)]),
    ],
)
def test_ranges(lines: list[int], ranges: list[tuple[int, int]]) -> None:
    assert list_ranges(lines) == ranges
