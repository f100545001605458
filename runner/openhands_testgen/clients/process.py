"""Run one program to its end, and leave nothing of it behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

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


class LostChildError(Exception):
    """A program was not begun, or its end is not known: that is no result of its own."""


class Child(Protocol):
    """A program that runs in a process group of its own, and what it has printed so far."""

    output: Output

    @property
    def exit_code(self) -> int | None:
        """How it ended; negative for a signal, ``None`` while that is not known."""

    def feed(self, stdin: bytes) -> None:
        """Write all of its standard input."""

    def ask_to_end(self) -> None:
        """Send the program itself SIGTERM."""

    def kill(self) -> None:
        """Kill the group, or what is left of it."""

    def close(self) -> None:
        """Let go of its streams."""


class Output:
    """Collects what a program prints, and knows when it has ended and when its streams have."""

    def __init__(self, limit_bytes: int) -> None:
        """Keep the first and the last half of so many bytes of each stream."""
        self.kept = {1: bytearray(), 2: bytearray()}
        self.exited = asyncio.Event()
        self.drained = asyncio.Event()
        self._limit_bytes = limit_bytes
        self._open = {1, 2}

    def take(self, stream: int, data: bytes) -> None:
        """Take what came on a stream, 1 or 2."""
        kept = self.kept[stream]
        kept += data
        if len(kept) > 2 * self._limit_bytes:
            self._cut(kept)

    def end(self, stream: int) -> None:
        """Note that a stream has ended."""
        self._open.discard(stream)
        if stream in self.kept and len(self.kept[stream]) > self._limit_bytes:
            self._cut(self.kept[stream])
        if not self._open:
            self.drained.set()

    def _cut(self, kept: bytearray) -> None:
        half = self._limit_bytes // 2
        kept[half:-half] = _CUT


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
    child = await start_process(argv, cwd, env, output_limit_bytes, is_fed=stdin is not None)
    return await attend(
        child,
        timeout_seconds=timeout_seconds,
        stdin=stdin,
        grace_seconds=grace_seconds,
        stop=stop,
    )


async def attend(
    child: Child,
    *,
    timeout_seconds: float,
    stdin: bytes | None,
    grace_seconds: float,
    stop: asyncio.Event | None,
) -> ProcessResult:
    """See a program to its end, or end it, as ``run_process`` says.

    Raises:
        LostChildError: nobody can tell how it ended.

    """
    if stdin is not None:
        child.feed(stdin)
    is_over = False
    try:
        is_over = await _wait_for_end(child.output.exited, stop, timeout_seconds)
    finally:
        await _end(child, grace_seconds)
    exit_code = child.exit_code
    if exit_code is None and child.output.exited.is_set():
        raise LostChildError
    return ProcessResult(
        exit_code=-signal.SIGTERM if exit_code is None else exit_code,
        stdout=bytes(child.output.kept[1]),
        stderr=bytes(child.output.kept[2]),
        timed_out=not is_over and not (stop and stop.is_set()),
        stopped=not is_over and bool(stop and stop.is_set()),
    )


async def start_process(
    argv: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    output_limit_bytes: int,
    *,
    is_fed: bool,
) -> Child:
    """Start a program as ``run_process`` does; hand it to ``attend``."""
    pipe = asyncio.subprocess.PIPE
    try:
        transport, protocol = await asyncio.get_running_loop().subprocess_exec(
            lambda: _Listener(Output(output_limit_bytes)),
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
    return _Subprocess(transport, protocol.output)


class _Listener(asyncio.SubprocessProtocol):
    def __init__(self, output: Output) -> None:
        self.output = output

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self.output.take(fd, data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        del exc
        self.output.end(fd)

    def process_exited(self) -> None:
        self.output.exited.set()


class _Subprocess:
    def __init__(self, transport: asyncio.SubprocessTransport, output: Output) -> None:
        self.output = output
        self._transport = transport

    @property
    def exit_code(self) -> int | None:
        return self._transport.get_returncode()

    def feed(self, stdin: bytes) -> None:
        pipe = self._transport.get_pipe_transport(0)
        if isinstance(pipe, asyncio.WriteTransport):
            pipe.write(stdin)
            pipe.close()

    def ask_to_end(self) -> None:
        with suppress(ProcessLookupError):
            self._transport.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        _kill_group(self._transport.get_pid())
        with suppress(ProcessLookupError):
            self._transport.kill()

    def close(self) -> None:
        self._transport.close()


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


async def _end(child: Child, grace_seconds: float) -> None:
    """Kill what is left of the program's group; its pipes may be held by a process that is not."""
    output = child.output
    if not output.exited.is_set() and grace_seconds:
        child.ask_to_end()
        await _wait(output.exited, grace_seconds)
    child.kill()
    await _wait(output.exited, REAP_SECONDS)
    await _wait(output.drained, DRAIN_SECONDS)
    child.close()


def _kill_group(group: int) -> None:
    if sys.platform == "win32":
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
