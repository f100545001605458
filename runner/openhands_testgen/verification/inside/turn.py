"""One turn of the tests: which ones run, in what order, and what is told about it.

What is told are lines of JSON: ``["start", test]``, ``["result", test, outcome, message]``, if all
tests are to run ``["took", test, milliseconds]``,
``["lines", test, line, ...]`` and, after the last test, ``["loaded", path, ...]`` and
``["end", is_loaded]``.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from openhands_testgen.verification.inside.tracing import LineTracer

MAX_TEXT = 300
FAILED, SKIPPED, PASSED = "failed", "skipped", "passed"


@dataclass(frozen=True)
class Turn:
    """What is asked; it travels as a plain tuple.

    ``code`` takes the place of the module's, in the functions that live too. ``only`` are the tests
    to run, all if ``None``; those in ``first`` run first. ``mode`` is how stand-ins answer.
    """

    code: bytes | None = None
    first: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None
    stop: bool = False
    mode: str = ""
    cpu_seconds: int = 60

    def choose(self, items: Sequence[pytest.Item]) -> list[pytest.Item]:
        """Choose the tests and put them in order."""
        only = None if self.only is None else set(self.only)
        chosen = [item for item in items if only is None or item.nodeid in only]
        rank = {name: index for index, name in enumerate(self.first)}
        return sorted(chosen, key=lambda item: rank.get(item.nodeid, len(rank)))


class Witness:
    """A pytest plugin that runs tests and tells what comes of them."""

    def __init__(self, tracer: LineTracer | None) -> None:
        """Count lines by test if there is a tracer."""
        self._tracer = tracer
        self._seen: set[str] = set()
        self._message = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember how one phase of the running test ended."""
        if report.outcome != PASSED or report.when == "call":
            self._seen.add(report.outcome)
        if report.failed:
            self._message = get_last_line(report.longrepr)

    def run(self, items: Sequence[pytest.Item], turn: Turn, tell: Teller) -> None:
        """Run the tests and tell the events, all but the end."""
        chosen = turn.choose(items)
        for item, following in zip(chosen, [*chosen[1:], None]):
            begun = perf_counter()
            outcome = self._run_item(item, following, tell)
            if not turn.stop:
                tell("took", item.nodeid, round(1000 * (perf_counter() - begun)))
            elif outcome == FAILED:
                break
        if self._tracer:
            self._tracer.stop()
            for test, lines in self._tracer.lines.items():
                tell("lines", test, *sorted(lines))

    def _run_item(self, item: pytest.Item, following: pytest.Item | None, tell: Teller) -> str:
        self._seen, self._message = set(), ""
        tell("start", item.nodeid)
        if self._tracer:
            self._tracer.enter(item.nodeid)
        item.repr_failure = render_failure  # type: ignore[assignment,method-assign] # no traceback is read
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        outcome = next((one for one in (FAILED, SKIPPED, PASSED) if one in self._seen), FAILED)
        tell("result", item.nodeid, outcome, self._message)
        return outcome


class Teller:
    """Writes events: each at once, or all together at the end where nobody waits for one."""

    def __init__(self, descriptor: int, *, is_patient: bool) -> None:
        """Take the descriptor."""
        self._descriptor = descriptor
        self._is_patient = is_patient
        self._lines = b""

    def __call__(self, *event: object) -> None:
        """Tell one event."""
        self._lines += json.dumps(event).encode() + b"\n"
        if not self._is_patient:
            self.flush()

    def flush(self) -> None:
        """Write what has not been written."""
        while self._lines:
            self._lines = self._lines[os.write(self._descriptor, self._lines) :]


def render_failure(excinfo: pytest.ExceptionInfo[BaseException], *_: object) -> str:
    """Render the error alone."""
    return excinfo.exconly(tryshort=True)


def get_last_line(text: object) -> str:
    """Return the last line of what pytest says about a failure, bounded."""
    return " ".join(str(text).strip().splitlines()[-1:])[:MAX_TEXT]
