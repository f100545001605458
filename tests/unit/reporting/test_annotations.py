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
from tests.fakes.results import (
    HOSTILE,
    make_mutation,
    make_rejected,
    make_result,
    make_survivor,
)


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


def make_case(outcome: str, line: int = 12, **changes: object) -> dict[str, object]:
    case = {"name": "test_b", "outcome": outcome, "message": "", "line": line, "problems": []}
    return {**case, **changes}


def judge_cases(*cases: dict[str, object], files: tuple[str, ...] = ()) -> list[Annotation]:
    tests = {"total": len(cases), "passed": 0, "cases": list(cases)}
    result = make_rejected(tests=tests, stages=[], missing_lines=[], files=list(files))
    return list_annotations([result])[1:]


FLAKY = {"rule": "flaky", "reason": "failed in another order", "remedy": "share nothing", "line": 0}
CLOCK = {"rule": "clock", "reason": "reads the clock", "remedy": "freeze it", "line": 14}


@pytest.mark.parametrize(
    ("problems", "line", "message"),
    [
        ([], 12, "boom"),
        ([FLAKY], 12, "failed in another order; share nothing\nboom"),
        ([CLOCK], 14, "reads the clock; freeze it\nboom"),
        (
            [FLAKY, CLOCK],
            14,
            "failed in another order; share nothing\nreads the clock; freeze it\nboom",
        ),
    ],
)
def test_a_test_that_is_not_sound_stands_on_its_line(
    problems: list[dict[str, object]], line: int, message: str
) -> None:
    (only,) = judge_cases(make_case("flaky", problems=problems, message="boom"))
    assert (only.path, only.title) == ("tests/test_prices.py", "test_b flaky")
    assert (only.line, only.end_line, only.message) == (line, line, message)


def test_what_is_delivered_has_other_lines() -> None:
    (only,) = judge_cases(make_case("flaky"), files=("tests/test_prices.py",))
    assert only.line is None
    assert only.message == "Left out of the delivered file, line 12 of the file as it came."


def test_a_line_that_is_not_known_is_none() -> None:
    (only,) = judge_cases(make_case("missing", line=0))
    assert only.line is None


def test_survivors_are_merged_into_ranges_and_come_before_gaps() -> None:
    survivors = [
        make_survivor(line=9, before="a < b", after="a <= b"),
        make_survivor(line=8, before="raise E()", after=""),
        make_survivor(line=20, before="x", after="y"),
        make_survivor(line=31, before="never", after="reached"),
    ]
    mutation = make_mutation(survivors=survivors)
    result = make_result(mutation=mutation, missing_lines=[30, 31], verdict="weak")
    _, first, second, third = list_annotations([result])
    assert (first.level, first.path, first.title) == (
        "warning",
        "src/shop/prices.py",
        "Mutants survive",
    )
    assert (first.line, first.end_line) == (8, 9)
    assert first.message == (
        "No generated test notices these 2 changes:\n"
        "line 8: raise E() is left out\nline 9: a < b becomes a <= b"
    )
    assert second.message == "No generated test notices this change:\nline 20: x becomes y"
    assert (third.level, third.line, third.end_line) == ("notice", 30, 31)
    assert third.message == (
        "Lines 30 to 31 are not reached by the generated tests (1 mutant survives there)."
    )


def test_survivors_of_accepted_tests_are_notices() -> None:
    result = make_result(mutation=make_mutation(survivors=[make_survivor()]))
    assert [one.level for one in list_annotations([result])] == ["notice", "notice"]


def test_long_code_of_a_survivor_is_shortened() -> None:
    survivor = make_survivor(before="x" * 10_000_000, after="a\n  b")
    result = make_result(mutation=make_mutation(survivors=[survivor]))
    message = list_annotations([result])[1].message
    assert len(message) < 300
    assert message.endswith("becomes a b")


@pytest.mark.parametrize(
    ("taken", "kept", "left_out"), [(0, 10, 3), (1, 9, 4), (8, 2, 11), (10, 1, 12), (12, 1, 12)]
)
def test_room_that_is_taken_is_left(taken: int, kept: int, left_out: int) -> None:
    several = [Annotation("error", "a.py", "t", str(number)) for number in range(12)]
    cut = cut_annotations(several, {"error": taken})
    assert len(cut) == kept
    assert cut[-1].message == f"{left_out} more in the job summary"


def test_without_a_score_the_mutation_says_why() -> None:
    mutation = make_mutation(problem="there was no time", killed=0, total=0, survivors=[])
    (only,) = list_annotations([make_result(mutation=mutation)])
    assert only.message.endswith("; there was no time")
