"""Lines of progress."""

from __future__ import annotations

import io
import re

from openhands_testgen.reporting.progress import LineProgress
from tests.fakes.results import HOSTILE


def test_lines_carry_the_seconds_since_the_start() -> None:
    stream = io.StringIO()
    LineProgress(stream).say("RUNNING")
    assert re.fullmatch(r" +\d+\.\ds  RUNNING\n", stream.getvalue())


def test_a_hostile_text_is_one_plain_line() -> None:
    stream = io.StringIO()
    LineProgress(stream).say(HOSTILE)
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().endswith("\n")
    assert "##[" not in stream.getvalue()
    assert not stream.getvalue().lstrip().startswith("::")
    assert "\x1b" not in stream.getvalue()
