"""Runs turns one after the other, each in a process of its own, and outlives what they do."""

from __future__ import annotations

import contextlib
import json
import marshal
import os
import select
import shutil
import tempfile
import time
from dataclasses import asdict, astuple
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from openhands_testgen.verification.inside import isolation
from openhands_testgen.verification.inside.account import MAX_TEXT, Account, parse_json
from openhands_testgen.verification.inside.channel import Channel, ClosedError, open_pair
from openhands_testgen.verification.inside.library import Library
from openhands_testgen.verification.inside.session import LOADED, READY, Preparation, run_session
from openhands_testgen.verification.inside.surroundings import Setup, Surroundings
from openhands_testgen.verification.inside.turn import Turn

if TYPE_CHECKING:
    from openhands_testgen.verification.inside.session import RunSession

MAX_EVENT_BYTES = 8_000_000
# A waiting process uses no CPU time, a loaded machine gives little: so much longer on the clock.
WALL_FACTOR = 3
FORK_ATTEMPTS = 50
FORK_PAUSE_SECONDS = 0.1
TURNS_PER_SEARCH = 10
END_EVENT = b'["end",'


class _Session:
    """A running session, from the outside."""

    def __init__(
        self,
        run: RunSession,
        where: Surroundings,
        setup: Setup,
        library: Library,
        deadline: float,
    ) -> None:
        ours, theirs = open_pair()
        self._process = _fork()
        if not self._process:
            ours.close()
            run(where, setup, Channel(theirs), library)
        theirs.close()
        self.setup = setup
        self._turns = 0
        self._channel = Channel(ours, MAX_EVENT_BYTES)
        said = _hear(self._channel, deadline)
        self.is_ready = READY in said
        library.learn(said.get(LOADED))
        self.broken = str(said.get("broken", ""))[:MAX_TEXT]

    def run(self, turn: Turn, deadline: float) -> tuple[bytes, int | None]:
        """Run a turn; return its events and, if the session lives on, the exit code."""
        reading, writing = os.pipe()
        try:
            with contextlib.suppress(ClosedError):
                self._channel.send(marshal.dumps(astuple(turn)), [writing])
        finally:
            os.close(writing)
        events = _listen(reading, self._channel, deadline)
        os.close(reading)
        if not self.setup.is_shared or time.monotonic() >= deadline:
            return events, None
        status = _hear(self._channel, deadline).get("status")
        self._turns += 1
        if self._turns % TURNS_PER_SEARCH == 0:
            isolation.end_orphans(self._process)
        return events, status if isinstance(status, int) else None

    def end(self) -> int:
        """End the session and all that it started; return how it ended."""
        self._channel.close()
        return isolation.end_group(self._process)


class Worker:
    """Holds at most one shared session."""

    def __init__(self, where: Surroundings) -> None:
        """Work in these surroundings, with temporary files in a folder of its own."""
        self.run_session: RunSession = run_session
        self._where = where
        self._library = Library(where.project)
        self._shared: _Session | None = None
        self._scratch = tempfile.mkdtemp(prefix="worker-")
        os.environ["TMPDIR"] = self._scratch
        tempfile.tempdir = None

    def do(self, setup: Setup, turn: Turn, seconds: float) -> Account:
        """Run one turn in a session of this setup; ``seconds`` of CPU time are for each of them."""
        account, start = Account(), time.monotonic()
        session = self._find(setup, start + seconds * WALL_FACTOR)
        if session.is_ready:
            begun = time.monotonic()
            deadline = begun + seconds * WALL_FACTOR
            events, status = session.run(turn, deadline)
            account.seconds = time.monotonic() - begun
            account.read_events(events)
        else:
            account.broken, status = session.broken, None
            deadline = start + seconds * WALL_FACTOR
        account.is_late = time.monotonic() >= deadline
        account.status = self._end(session) if status is None else status
        account.start_seconds = time.monotonic() - start - account.seconds
        if self._library.learn(account.loaded):
            self.end()  # the next session has no need to compile them
        self._clean()
        return account

    def end(self) -> None:
        """End what still runs."""
        if self._shared is not None:
            self._end(self._shared)

    def _find(self, setup: Setup, deadline: float) -> _Session:
        if self._shared is not None and self._shared.setup == setup:
            return self._shared
        if not setup.is_shared:
            return self._open(setup, deadline)
        self.end()
        self._shared = self._open(setup, deadline)
        return self._shared

    def _open(self, setup: Setup, deadline: float) -> _Session:
        return _Session(self.run_session, self._where, setup, self._library, deadline)

    def _end(self, session: _Session) -> int:
        if session is self._shared:
            self._shared = None
        return session.end()

    def _clean(self) -> None:
        with contextlib.suppress(OSError):
            for entry in os.scandir(self._scratch):
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    Path(entry.path).unlink()


def serve(where: Surroundings, channel: Channel) -> NoReturn:
    """Do what the other end asks for until it is gone."""
    isolation.become_unreachable()
    isolation.adopt_orphans()
    worker = Worker(where)
    if where.can_prepare:

        def serve_prepared(run: RunSession) -> NoReturn:
            worker.run_session = run
            _serve(worker, channel)

        pytest.main(where.build_arguments(), plugins=[Preparation(serve_prepared)])
    _serve(worker, channel)


def _serve(worker: Worker, channel: Channel) -> NoReturn:
    while True:
        try:
            message, _ = channel.receive()
        except ClosedError:
            worker.end()
            os._exit(0)
        setup, turn, seconds = marshal.loads(message)  # noqa: S302 - our parent's
        account = worker.do(Setup(*setup), Turn(*turn), seconds)
        channel.send(json.dumps(asdict(account)).encode())


def _listen(reading: int, channel: Channel, deadline: float) -> bytes:
    """Read events until the turn has told its end, or its process has ended."""
    events = bytearray()
    waiting = [reading, channel.fileno()]
    while END_EVENT not in events[-MAX_TEXT:]:
        left = deadline - time.monotonic()
        ready = select.select(waiting, [], [], max(left, 0))[0]
        if not ready:
            break
        if reading in ready:
            part = os.read(reading, 1 << 16)
            events += part
            if not part or len(events) > MAX_EVENT_BYTES:
                break
        else:
            break
    return bytes(events)


def _hear(channel: Channel, deadline: float) -> dict[str, object]:
    try:
        message, _ = channel.receive(max(deadline - time.monotonic(), 0.001))
    except ClosedError:
        return {}
    found = parse_json(message)
    return found if isinstance(found, dict) else {}


def _fork() -> int:
    """Fork; what judged code left running may use up the processes that there can be."""
    for _ in range(FORK_ATTEMPTS):
        try:
            return os.fork()
        except BlockingIOError:
            time.sleep(FORK_PAUSE_SECONDS)
    return os.fork()
