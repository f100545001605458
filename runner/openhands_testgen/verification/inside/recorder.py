"""Run pytest once and say what happens, line by line, on a channel that tests do not have.

Runs in the user's interpreter, 3.9 or later, with pytest and coverage: ``python recorder.py``, the
plan as JSON on stdin. The channel is this process's stdout, moved to where no test and no child
looks for it; what is printed goes to stderr. A line that was sent cannot be taken back: a test that
ends the process, or rewrites reports, changes nothing of what was said before.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openhands_testgen.verification.inside import concealment
else:
    import concealment

sys.path.pop(0)  # the folder of this file is no place to import anything else from

import importlib.util
import inspect
import json
import os
import random
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import coverage
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType
    from typing import Protocol

    class Send(Protocol):
        """Writes one line of the record."""

        def __call__(self, event: str, **content: object) -> None:
            """Write it whole."""


MAX_MESSAGE_LENGTH = 2_000
FIRST_CHANNEL = 100
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGING_EVENTS = {"os.remove", "os.rename", "os.truncate", "os.chmod", "os.link", "os.symlink"}


def open_channel() -> int:
    """Move stdout away, let everything printed go to stderr, and leave nothing on stdin."""
    try:
        import fcntl
    except ImportError:
        channel = os.dup(1)
    else:
        channel = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, FIRST_CHANNEL)
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return channel


def make_sender(channel: int, token: str) -> Send:
    """Return the one function that writes lines; each carries the token of this run."""
    write, dumps = os.write, json.dumps

    def send(event: str, **content: object) -> None:
        line = (dumps({"token": token, "event": event, **content}) + "\n").encode()
        while line:
            line = line[write(channel, line) :]

    return send


class Recorder:
    """The pytest plugin."""

    def __init__(self, send: Send, seed: int | None, canaries: list[str]) -> None:
        """Take the seed of the order (``None``: as in the file) and names for failing tests."""
        self.send = send
        self.seed = seed
        self.canaries = canaries
        self.written: set[str] = set()

    def watch(self, project: str, configuration: list[str]) -> None:
        """Notice each file of the project that is written to, if it stood there or is special."""
        inside = project + os.sep
        exists, decode, real = os.path.exists, os.fsdecode, os.path.realpath

        def notice(event: str, arguments: tuple[Any, ...]) -> None:
            if event != "open" and event not in CHANGING_EVENTS:
                return
            if event == "open" and not (arguments[2] or 0) & WRITING:
                return
            for path in arguments[: 2 if event == "os.rename" else 1]:
                with suppress(OSError, TypeError, ValueError):  # no path, or none that can be found
                    where = real(decode(path))
                    special = where.endswith((*configuration, ".pth"))
                    if where.startswith(inside) and (special or exists(where)):
                        self.written.add(where[len(inside) :])

        sys.addaudithook(notice)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Iterator[None]:
        """Say what there is to run; then shuffle it, and put in tests that must fail."""
        yield
        self.send("collected", items=[describe(item) for item in items], writes=self._take())
        if self.seed is not None:
            shuffle(items, self.seed)
        module = items[0].getparent(pytest.Module) if items else None
        if module:
            for name, place in zip(self.canaries, (len(items) // 2, len(items) + 1)):
                items.insert(place, make_canary(module, name))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Say what could not be collected."""
        if report.outcome != "passed":
            message = render_message(report)
            self.send("broken", id=report.nodeid, outcome=report.outcome, message=message)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Say which test begins."""
        self.send("start", id=nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Say how one phase of a test ended."""
        self.send(
            "phase",
            id=report.nodeid,
            outcome=report.outcome,
            xfail=hasattr(report, "wasxfail"),
            message="" if report.outcome == "passed" else render_message(report),
            seconds=report.duration,
            when=report.when,
        )

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Say that a test has ended, and what it wrote to."""
        self.send("finish", id=nodeid, writes=self._take())

    def _take(self) -> list[str]:
        written = sorted(self.written)
        self.written.clear()
        return written


def make_canary(module: pytest.Module, name: str) -> pytest.Item:
    """Return a test that fails: if it passes, no outcome can be believed.

    Nobody reads how it failed, and to render that takes longer than many a test.
    """

    def canary() -> None:
        raise AssertionError("this test must fail")

    item: pytest.Item = pytest.Function.from_parent(module, name=name, callobj=canary)
    item.repr_failure = lambda *_: "it has failed as it must: failures are seen"  # type: ignore[method-assign]
    return item


def describe(item: pytest.Item) -> dict[str, object]:
    """Say where a test is defined, and which of its parameters it has."""
    function = inspect.unwrap(getattr(item, "function", None) or item.runtest)
    code = getattr(function, "__code__", None)
    line = 0
    if code is not None and os.path.realpath(code.co_filename) == str(item.path):
        line = code.co_firstlineno
    indices = getattr(getattr(item, "callspec", None), "indices", {})
    return {
        "id": item.nodeid,
        "line": line,
        "indices": dict(indices),
    }


def shuffle(items: list[pytest.Item], seed: int) -> None:
    """Shuffle classes, and the tests within; those in no class are shuffled as one.

    The first seed reverses the file, so that of any two tests each has been the first one.
    """
    if seed == 1:
        items.reverse()
        return
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    groups: dict[object, list[pytest.Item]] = {}
    for item in items:
        groups.setdefault(getattr(item, "cls", None), []).append(item)
    order = list(groups.values())
    chance.shuffle(order)
    for group in order:
        chance.shuffle(group)
    items[:] = [item for group in order for item in group]


def render_message(report: pytest.CollectReport | pytest.TestReport) -> str:
    """Render why something did not pass, bounded."""
    reason = report.longrepr
    text = reason[2] if isinstance(reason, tuple) else report.longreprtext
    return str(text)[:MAX_MESSAGE_LENGTH]


def trace(module: str) -> set[int]:
    """Collect the lines of the module that run from now on, in all threads."""
    lines: set[int] = set()
    if sys.version_info >= (3, 12):
        trace_by_events(module, lines)
    else:
        trace_by_functions(module, lines)
    return lines


def trace_by_events(module: str, lines: set[int]) -> None:
    """Trace in a way that costs next to nothing from the second time on; from Python 3.12."""
    monitoring = sys.monitoring
    tool, events = monitoring.OPTIMIZER_ID, monitoring.events

    def enter(code: CodeType, _: int) -> object:
        if code.co_filename == module:
            monitoring.set_local_events(tool, code, events.LINE)
        return monitoring.DISABLE

    def note(_: CodeType, line: int) -> object:
        lines.add(line)
        return monitoring.DISABLE

    monitoring.use_tool_id(tool, "lines")
    monitoring.register_callback(tool, events.PY_START, enter)
    monitoring.register_callback(tool, events.LINE, note)
    monitoring.set_events(tool, events.PY_START)


def trace_by_functions(module: str, lines: set[int]) -> None:
    """Trace as debuggers do."""

    def note(frame: FrameType, event: str, _: object) -> object:
        if event == "line":
            lines.add(frame.f_lineno)
        return note

    def enter(frame: FrameType, *_: object) -> object:
        return note if frame.f_code.co_filename == module else None

    threading.settrace(enter)  # type: ignore[arg-type] # no trace function is None
    sys.settrace(enter)  # type: ignore[arg-type] # as above


def choose_arguments(plan: dict[str, Any]) -> list[str]:
    """Add the arguments of those plugins that this interpreter has."""
    arguments = list(plan["arguments"])
    for name, own in plan["plugins"].items():
        if importlib.util.find_spec(name.partition(".")[0]):
            arguments += own
    return arguments


def main() -> None:
    """Run what the plan on stdin says; the exit code is pytest's."""
    del sys.modules["concealment"]  # the project may have one of that name
    plan = json.load(sys.stdin)
    send = make_sender(open_channel(), plan.pop("token"))
    arguments = choose_arguments(plan)
    sys.path[:0] = plan["roots"]
    os.environ["PYTHONPATH"] = os.pathsep.join([*plan["roots"], os.environ.get("PYTHONPATH", "")])
    recorder = Recorder(send, plan["seed"], plan["canaries"])
    measure = coverage.Coverage(config_file=plan["coverage"]) if plan["coverage"] else None
    if measure:
        measure.start()
    recorder.watch(plan["project"], plan["configuration"])
    source = Path(plan["module"]).read_bytes().decode(errors="replace")
    names = set(concealment.find_unmentioned(source))
    callers = concealment.Callers(plan["tests"], plan["project"], time.time_ns())
    concealment.conceal(callers, names)
    lines = trace(plan["module"]) if plan["is_traced"] else None
    exit_code = int(pytest.main(arguments, plugins=[recorder]))
    if measure:
        measure.stop()
        measure.save()
    sys.settrace(None)
    send("ended", exit_code=exit_code, lines=None if lines is None else sorted(lines))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)


if __name__ == "__main__":
    main()
