"""Calls run in forked children: whatever a call does to its process, it ends with that child.

A fork costs more than most calls, so a child takes several jobs; it ends early when one of them
leaves its process in another state, and the rest goes to the next child.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from .guard import forbid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Work = Callable[[Any], tuple[Any, bool]]

MAX_ANSWER_BYTES = 8_000_000
READ_BYTES = 1 << 16
STANDARD_STREAMS = 3
CPU_SECONDS = 0.5
TOO_SLOW = "too slow"


class Answer(NamedTuple):
    """What came of a job: ``data`` is ``None`` if there is no answer, and ``problem`` says why."""

    job: Any
    data: Any
    problem: str = ""


class _Child:
    def __init__(self, pid: int, jobs: Sequence[object], deadline: float) -> None:
        self.pid = pid
        self.jobs = deque(jobs)
        self.deadline = deadline
        self.received = bytearray()


class Children:
    """Runs jobs in children side by side.

    ``work`` takes a job and returns its data, and whether the child may go on afterwards. Jobs of
    a child that ended before their turn are in ``left``.
    """

    def __init__(self, work: Work, timeout_seconds: float, project: str) -> None:
        """Start with none; the time limit is for each job, which may read ``project``."""
        self.left: list[Any] = []
        self._project = project
        self._work = work
        self._timeout_seconds = timeout_seconds
        self._running: dict[int, _Child] = {}
        self._answers: deque[Answer] = deque()

    def __len__(self) -> int:
        """Return how many are running or have answered."""
        return len(self._running) + len(self._answers)

    @property
    def running(self) -> int:
        """How many children there are."""
        return len(self._running)

    def start(self, jobs: Sequence[object]) -> None:
        """Start a child with some jobs."""
        reading, writing = os.pipe()
        pid = os.fork()
        if not pid:
            _become_child(self._work, jobs, writing, self._project)
        os.close(writing)
        self._running[reading] = _Child(pid, jobs, time.monotonic() + self._timeout_seconds)

    def wait(self) -> Answer | None:
        """Wait for the next answer; ``None`` where a child only had jobs left."""
        while not self._answers and self._running:
            count = len(self._running)
            self._poll()
            if len(self._running) < count and not self._answers:
                return None
        return self._answers.popleft() if self._answers else None

    def _poll(self) -> None:
        first = min(child.deadline for child in self._running.values())
        patience = max(0.0, first - time.monotonic())
        for reading in select.select(list(self._running), [], [], patience)[0]:
            self._read(reading)
        now = time.monotonic()
        for reading, child in list(self._running.items()):
            if child.deadline <= now:
                self._give_up(reading, TOO_SLOW)

    def _read(self, reading: int) -> None:
        child = self._running[reading]
        chunk = os.read(reading, READ_BYTES)
        child.received.extend(chunk)
        while b"\n" in child.received and child.jobs:
            line, _, rest = child.received.partition(b"\n")
            child.received = rest
            if not self._take(child, bytes(line)):
                self._end(reading)
                return
        if not chunk or len(child.received) > MAX_ANSWER_BYTES:
            self._give_up(reading, "ended without an answer")
        elif not child.jobs:
            self._end(reading)

    def _take(self, child: _Child, line: bytes) -> bool:
        """Take one answer; return whether the child goes on."""
        job = child.jobs.popleft()
        try:
            data, problem, goes_on = json.loads(line)
        except ValueError:
            data, problem, goes_on = None, "answered with nonsense", False
        self._answers.append(Answer(job, data, problem))
        child.deadline = time.monotonic() + self._timeout_seconds
        return bool(goes_on)

    def _give_up(self, reading: int, problem: str) -> None:
        child = self._running[reading]
        culprit = child.jobs.popleft() if child.jobs else None
        ended_by = self._end(reading)
        if culprit is not None:
            is_slow = ended_by == signal.SIGPROF
            self._answers.append(Answer(culprit, None, TOO_SLOW if is_slow else problem))

    def _end(self, reading: int) -> int:
        """End a child, if it has not ended, with all that it started; return the signal."""
        child = self._running.pop(reading)
        self.left += child.jobs
        os.close(reading)
        status = os.waitpid(child.pid, os.WNOHANG)[1]
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(child.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child.pid, 0)
        return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def _become_child(work: Work, jobs: Sequence[object], writing: int, project: str) -> NoReturn:
    """Answer, and end without any clean-up that foreign code could have asked for."""
    try:
        os.setpgid(0, 0)
        gc.disable()
        _mute()
        forbid(
            lambda what: _answer(writing, None, f"not for a test: {what}", goes_on=False), project
        )
        for job in jobs:
            signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
            data, goes_on = work(job)
            _answer(writing, data, "", goes_on=goes_on)
            if not goes_on:
                break
    except BaseException as exc:  # noqa: BLE001 - foreign code
        with contextlib.suppress(BaseException):
            _answer(writing, None, f"{type(exc).__name__}: {exc}", goes_on=False)
    finally:
        os._exit(0)


def _mute() -> None:
    """Point the standard streams nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(STANDARD_STREAMS):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGPROF):
        signal.signal(signal_number, signal.SIG_DFL)


def _answer(writing: int, data: object, problem: str, *, goes_on: bool) -> None:
    text = json.dumps([data, problem, goes_on]).encode() + b"\n"
    while text:
        text = text[os.write(writing, text) :]
