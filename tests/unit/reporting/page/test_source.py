"""The module's lines with what is known of each."""

from __future__ import annotations

import pytest

from openhands_testgen.reporting.page import source
from openhands_testgen.reporting.page.source import list_lines, split_lines
from tests.fakes.results import make_mutation, make_result, make_survivor

REACH = {
    "lines_covered": 3,
    "lines_total": 4,
    "branches_covered": 1,
    "branches_total": 3,
    "executed_lines": [1, 3, 5],
    "executed_branches": [[3, 5]],
    "missing_branches": [[3, 4], [5, -1]],
}
MODULE = b"def f(a):\n\n    if a:\n        return 1\n    return 2\n"


def test_each_line_has_its_state_and_notes() -> None:
    survivors = [make_survivor(line=3), make_survivor(line=3, after="a"), make_survivor(line=99)]
    result = make_result(
        missing_lines=[4], reach=REACH, mutation=make_mutation(survivors=survivors)
    )
    found = list_lines(result, MODULE)
    assert [line.state for line in found.lines] == ["reached", "", "partly", "missed", "partly"]
    assert [line.branches for line in found.lines if line.branches] == [
        ("never goes on at line 4",),
        ("never ends here",),
    ]
    assert [line.number for line in found.lines if line.survivors] == [3]
    assert len(found.lines[2].survivors) == 2


def test_without_a_measurement_there_is_only_the_source() -> None:
    assert {line.state for line in list_lines(make_result(), MODULE).lines} == {""}
    assert list_lines(make_result(), None).lines == ()


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"a", ["a"]),
        (b"a\n\n", ["a", ""]),
        (b"a\r\nb\rc\x0cd\n", ["a", "b", "c\x0cd"]),
        (b"\xef\xbb\xbfa\xff\n", ["a\ufffd"]),
        ("a\u2028b\n".encode(), ["a\u2028b"]),
    ],
)
def test_lines_are_counted_as_python_does(content: bytes, lines: list[str]) -> None:
    assert split_lines(content) == lines


@pytest.mark.parametrize(
    ("content", "left_out"),
    [
        (b"a\n" * (source.MAX_LINES + 3), 3),
        (b"a" * 1_000_000, 0),
        ((b"a" * 300_000 + b"\n") * 700, 100),
    ],
)
def test_long_modules_are_cut_and_counted(content: bytes, left_out: int) -> None:
    assert list_lines(make_result(), content).left_out == left_out
