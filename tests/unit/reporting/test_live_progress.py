"""The line that moves in a terminal, and the lines that stay above it."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, cast

import pytest

from openhands_testgen.domain.task import Status, TaskState
from openhands_testgen.reporting.live_progress import LiveProgress
from openhands_testgen.reporting.redacted_stream import RedactedStream
from tests.fakes.hostile import TEXTS

if TYPE_CHECKING:
    from typing import TextIO

WORKING = TaskState(Status.RUNNING, steps=3, step="Run the tests", cost_usd=0.5)
MOVEMENT = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal(io.StringIO):
    """Takes what is written, as a terminal would."""

    def isatty(self) -> bool:
        """It is."""
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "60")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    return Terminal()


def read(terminal: Terminal) -> list[str]:
    """Return what was printed, without what moves the cursor and colours it."""
    return re.split(r"[\r\n]+", MOVEMENT.sub("", terminal.getvalue()))


def test_the_line_shows_where_the_task_stands(terminal: Terminal) -> None:
    progress = LiveProgress(terminal)
    with progress.waiting("Waiting for 1 task"):
        progress.show({"a": WORKING})
    assert any("RUNNING, step 3: Run the tests (0.50 USD" in line for line in read(terminal))


def test_it_is_gone_when_the_wait_is_over(terminal: Terminal) -> None:
    progress = LiveProgress(terminal)
    with progress.waiting("Waiting for 1 task"):
        pass
    assert terminal.getvalue().endswith("\x1b[2K")
    progress.say("accepted")
    assert read(terminal)[-2].endswith("s  accepted")


def test_lines_stay_above_it(terminal: Terminal) -> None:
    progress = LiveProgress(terminal)
    progress.say("backend: cloud")
    with progress.waiting("Waiting for 2 tasks"):
        progress.say("[01234567] src/a.py: RUNNING")
    lines = [line for line in read(terminal) if re.match(r" *\d+\.\ds  ", line)]
    assert [line.split("s  ")[1] for line in lines] == [
        "backend: cloud",
        "[01234567] src/a.py: RUNNING",
    ]


def test_a_long_line_is_cut_where_it_moves_only(terminal: Terminal) -> None:
    progress, long = LiveProgress(terminal), "word " * 40
    with progress.waiting("Waiting for 1 task"):
        progress.say(long)
        progress.show({"a": TaskState(Status.RUNNING, steps=1, step=long)})
    lines = read(terminal)
    assert any(line.count("word") == 40 for line in lines)
    assert all(len(line) <= 60 for line in lines if "step 1" in line)
    assert any("…" in line for line in lines if "step 1" in line)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_foreign_text_is_only_text(terminal: Terminal, text: str) -> None:
    progress = LiveProgress(terminal)
    with progress.waiting("Waiting for 1 task"):
        progress.say(f"[bold]{text}")
        progress.show({"a": TaskState(Status.RUNNING, steps=1, step=f"[bold]{text}")})
    lines = read(terminal)
    assert sum("[bold]" in line for line in lines) >= 2
    assert all(line.isprintable() for line in lines)
    assert "##[" not in terminal.getvalue()


def test_the_tasks_of_several_waits_are_counted_together(terminal: Terminal) -> None:
    progress = LiveProgress(terminal)
    with progress.waiting("Waiting for 2 tasks"):
        progress.show({"a": WORKING})
        progress.show({"b": TaskState(Status.QUEUED)})
    assert any("1 QUEUED, 1 RUNNING, 0.50 USD so far" in line for line in read(terminal))


def test_no_part_of_a_secret_is_left_where_the_line_is_cut(terminal: Terminal) -> None:
    stream = RedactedStream(terminal, ["planted-key-" * 6])
    progress = LiveProgress(cast("TextIO", stream), stream.hide)
    step = f"echo with words before {'planted-key-' * 6}"
    with progress.waiting("Waiting for 1 task"):
        progress.show({"a": TaskState(Status.RUNNING, steps=1, step=step)})
    assert any("words before" in line for line in read(terminal))
    assert "planted" not in terminal.getvalue()
