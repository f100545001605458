"""Run one program to its end, and leave nothing of it behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from openhands_testgen.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

OUTPUT_LIMIT_BYTES = 1_000_000
REAP_SECONDS = 5.0
DRAIN_SECONDS = 1.0
_CUT = b"\n[... cut here ...]\n"


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """How a program ended; ``exit_code`` is negative where a signal ended it.

    ``stopped`` says that it was ended because the caller asked for it.
    """

    exit_code: int
    stdout: bytes
    stderr: bytes
    timed_out: bool
    stopped: bool = False


async def run_process(  # noqa: PLR0913 - what a process is made of
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout_seconds: float,
    stdin: bytes | None = None,
    output_limit_bytes: int = OUTPUT_LIMIT_BYTES,
    grace_seconds: float = 0,
    stop: asyncio.Event | None = None,
) -> ProcessResult:
    """Run a program in a session of its own; its process group is killed however it ends.

    ``env`` is the whole environment. Of each output the first and the last half of
    ``output_limit_bytes`` are kept. When time is up, ``stop`` is set or this is cancelled,
    the program itself is asked to end ``grace_seconds`` before its group is killed.

    Raises:
        ConfigurationError: the program cannot be started.

    """
    transport, run = await _start(argv, cwd, env, output_limit_bytes, is_fed=stdin is not None)
    if stdin is not None:
        _feed(transport, stdin)
    is_over = False
    try:
        is_over = await _wait_for_end(run.exited, stop, timeout_seconds)
    finally:
        await _end(transport, run, grace_seconds)
    exit_code = transport.get_returncode()
    return ProcessResult(
        exit_code=-signal.SIGTERM if exit_code is None else exit_code,
        stdout=bytes(run.kept[1]),
        stderr=bytes(run.kept[2]),
        timed_out=not is_over and not (stop and stop.is_set()),
        stopped=not is_over and bool(stop and stop.is_set()),
    )


async def _start(
    argv: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    output_limit_bytes: int,
    *,
    is_fed: bool,
) -> tuple[asyncio.SubprocessTransport, _Run]:
    pipe = asyncio.subprocess.PIPE
    try:
        return await asyncio.get_running_loop().subprocess_exec(
            lambda: _Run(output_limit_bytes),
            *argv,
            stdin=pipe if is_fed else asyncio.subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            cwd=cwd,
            env=dict(env),
            start_new_session=True,
        )
    except OSError as exc:
        message = f"cannot run {argv[0]!r}: {exc.strerror or exc}"
        raise ConfigurationError(message) from exc


class _Run(asyncio.SubprocessProtocol):
    """Collects what a program prints, and knows when it has ended and when its pipes have."""

    def __init__(self, limit_bytes: int) -> None:
        self.kept = {1: bytearray(), 2: bytearray()}
        self.exited = asyncio.Event()
        self.drained = asyncio.Event()
        self._limit_bytes = limit_bytes
        self._open = {1, 2}

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        kept = self.kept[fd]
        kept += data
        if len(kept) > 2 * self._limit_bytes:
            self._cut(kept)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        del exc
        self._open.discard(fd)
        if fd in self.kept and len(self.kept[fd]) > self._limit_bytes:
            self._cut(self.kept[fd])
        if not self._open:
            self.drained.set()

    def process_exited(self) -> None:
        self.exited.set()

    def _cut(self, kept: bytearray) -> None:
        half = self._limit_bytes // 2
        kept[half:-half] = _CUT


def _feed(transport: asyncio.SubprocessTransport, stdin: bytes) -> None:
    pipe = transport.get_pipe_transport(0)
    if isinstance(pipe, asyncio.WriteTransport):
        pipe.write(stdin)
        pipe.close()


async def _wait_for_end(
    exited: asyncio.Event, stop: asyncio.Event | None, timeout_seconds: float
) -> bool:
    """Wait until the program has ended; give up when time is up, or at the word to stop."""
    if stop is None:
        return await _wait(exited, timeout_seconds)
    waiting = [asyncio.create_task(event.wait()) for event in (exited, stop)]
    try:
        await asyncio.wait(waiting, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
    return exited.is_set()


async def _wait(event: asyncio.Event, timeout_seconds: float) -> bool:
    try:
        async with asyncio.timeout(timeout_seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


async def _end(transport: asyncio.SubprocessTransport, run: _Run, grace_seconds: float) -> None:
    """Kill what is left of the program's group; its pipes may be held by a process that is not."""
    if not run.exited.is_set() and grace_seconds:
        with suppress(ProcessLookupError):
            transport.send_signal(signal.SIGTERM)
        await _wait(run.exited, grace_seconds)
    _kill_group(transport.get_pid())
    with suppress(ProcessLookupError):
        transport.kill()
    await _wait(run.exited, REAP_SECONDS)
    await _wait(run.drained, DRAIN_SECONDS)
    transport.close()


def _kill_group(group: int) -> None:
    if sys.platform == "win32":
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
