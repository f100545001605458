"""Foreign text in a log."""

from __future__ import annotations

import pytest

from openhands_testgen.domain.text import MAX_LINE_LENGTH, to_plain_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", "plain"),
        ("two\nlines\r\n::error::x", "two lines ::error::x"),
        ("\x1b[31mred", "\ufffd[31mred"),
        ("a\u202eb", "a\ufffdb"),
        ("nul\0", "nul\ufffd"),
        ("##[error]x", "## [error]x"),
        ("müde", "müde"),
    ],
)
def test_plain(text: str, line: str) -> None:
    assert to_plain_line(text) == line


def test_long_lines_are_cut() -> None:
    line = to_plain_line("x" * 10_000_000)
    assert len(line) == MAX_LINE_LENGTH
    assert line.endswith("...")
