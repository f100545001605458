"""Foreign text on a terminal and in a log: no command, no escape, nothing turned around."""

from __future__ import annotations

import io
import re

import pytest

from openhands_testgen.reporting.outputs import print_error, render_assignments
from openhands_testgen.reporting.progress import LineProgress
from tests.fakes.hostile import TEXTS


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_progress_is_one_plain_line(text: str) -> None:
    stream = io.StringIO()
    LineProgress(stream).say(f"[01234567] {text}")
    (line,) = stream.getvalue().split("\n")[:-1]
    assert re.match(r" *\d+\.\ds  \[01234567\]", line)
    assert line.isprintable()
    assert "##[" not in line


@pytest.mark.parametrize("in_actions", [True, False])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_an_error_is_one_command_or_plain_lines(text: str, in_actions: bool) -> None:
    stream = io.StringIO()
    print_error(text, stream, in_actions=in_actions)
    printed = stream.getvalue()
    assert all(char.isprintable() or char == "\n" for char in printed)
    assert "##[" not in printed
    if in_actions:
        assert printed.startswith("::error::")
        assert printed.count("\n") == 1


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_an_output_ends_at_its_own_delimiter(text: str) -> None:
    delimiter = "end-0123456789abcdef"
    lines = render_assignments({"verdict": text, "next": "x"}, delimiter).split("\n")
    assert lines[0] == f"verdict<<{delimiter}"
    assert lines.count(delimiter) == 2
    assert lines[-5:] == [delimiter, f"next<<{delimiter}", "x", delimiter, ""]
