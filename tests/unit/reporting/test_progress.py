"""Lines of progress."""

from __future__ import annotations

import io
import re

import pytest

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


@pytest.mark.parametrize(
    ("in_actions", "first", "last"),
    [
        (True, r"::group::Waiting for 2 tasks", "::endgroup::"),
        (False, r" +\d+\.\ds  RUNNING", None),
    ],
)
def test_a_wait_is_folded_in_the_log_of_a_step(
    in_actions: bool, first: str, last: str | None
) -> None:
    stream = io.StringIO()
    progress = LineProgress(stream, in_actions=in_actions)
    with pytest.raises(KeyboardInterrupt):
        interrupt(progress)
    lines = stream.getvalue().splitlines()
    assert re.fullmatch(first, lines[0])
    assert lines[-1] == (last or lines[0])


def interrupt(progress: LineProgress) -> None:
    with progress.waiting("Waiting for 2 tasks"):
        progress.say("RUNNING")
        raise KeyboardInterrupt
