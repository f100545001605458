"""A line that moves at the bottom of a terminal, below the lines that stay."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column

from openhands_testgen.domain.report import render_standing
from openhands_testgen.domain.text import to_plain_line
from openhands_testgen.reporting.progress import render_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TextIO

    from openhands_testgen.domain.task import TaskState


class LiveProgress:
    """Prints lines as ``LineProgress`` does, and shows what goes on now while a wait lasts."""

    def __init__(self, stream: TextIO, hide: Callable[[str], str] = str) -> None:
        """Take a stream that is a terminal, and what hides secrets before a line is cut."""
        self._hide = hide
        self._states: dict[str, TaskState] = {}
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        self._start = time.monotonic()
        text = TextColumn(
            "{task.description}",
            markup=False,
            table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
        )
        self._bar = Progress(
            SpinnerColumn(),
            TimeElapsedColumn(),
            text,
            console=self._console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            expand=True,
        )

    @contextmanager
    def waiting(self, title: str) -> Iterator[None]:
        """Show the line as long as the wait lasts."""
        row = self._bar.add_task(to_plain_line(title), total=None)
        try:
            with self._bar:
                yield
        finally:
            self._bar.remove_task(row)

    def say(self, line: str) -> None:
        """Print one line above it."""
        self._console.print(render_line(line, self._start), soft_wrap=True)

    def show(self, states: Mapping[str, TaskState]) -> None:
        """Show where all tasks stand that were ever shown."""
        self._states |= states
        line = to_plain_line(self._hide(render_standing(self._states.values())))
        for row in self._bar.task_ids:
            self._bar.update(row, description=line)
