"""The other side of ``sandbox/inside/forkserver.py``: programs that run in forks of one process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from contextlib import suppress
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from openhands_testgen.clients.process import Output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from openhands_testgen.clients.process import Child

MAX_MESSAGE_BYTES = 100_000
START_SECONDS = 60.0


class Ended(BaseModel):
    """How a fork ended; ``None`` if there was no room to begin it."""

    job: int
    exit_code: int | None


class ForkServer:
    """One process that has imported much, and becomes a program again and again.

    It ends, and its forks with it, when it is closed and when this process ends.
    """

    def __init__(self, process: asyncio.subprocess.Process, control: socket.socket) -> None:
        """Take a process that is ready; see ``start``."""
        self._process = process
        self._control = control
        self._numbers: Iterator[int] = count(1)
        self._running: dict[int, _Fork] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(control.fileno(), self._hear)
        self.is_alive = True

    @classmethod
    async def start(cls, command: Sequence[str], env: Mapping[str, str]) -> ForkServer | None:
        """Start it with the command, to which a descriptor is added; ``None`` if it does not work.

        ``env`` is its whole environment.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)  # noqa: FBT003 - its only argument
        nothing = asyncio.subprocess.DEVNULL
        with theirs:
            descriptor = theirs.fileno()
            try:
                process = await asyncio.create_subprocess_exec(
                    *(*command, str(descriptor)),
                    stdin=nothing,
                    stdout=nothing,
                    stderr=nothing,
                    env=dict(env),
                    pass_fds=[descriptor],
                    start_new_session=True,
                )
            except OSError:
                ours.close()
                return None
        server = None
        try:
            async with asyncio.timeout(START_SECONDS):
                if await asyncio.get_running_loop().sock_recv(ours, MAX_MESSAGE_BYTES):
                    server = cls(process, ours)
        except (TimeoutError, OSError):
            pass
        finally:
            if server is None:
                ours.close()
                _kill(process)
                await process.wait()
        return server

    async def fork(  # noqa: PLR0913, PLR0917 - what a process is made of
        self,
        arguments: Sequence[str],
        paths: Iterable[str],
        limits: Mapping[str, object],
        cwd: Path,
        env: Mapping[str, str],
        output_limit_bytes: int,
        *,
        is_fed: bool,
    ) -> Child:
        """Have a fork do what the interpreter does with ``arguments``; hand it to ``attend``.

        It is confined by ``limits``; ``paths`` come first where it imports from, ``env`` is its
        whole environment.
        """
        job = next(self._numbers)
        order = {
            "job": job,
            "arguments": list(arguments),
            "paths": list(paths),
            "limits": limits,
            "cwd": str(cwd),
            "environment": dict(env),
        }
        fork = _Fork(Output(output_limit_bytes), partial(self._signal, job))
        descriptors = await fork.open_streams(is_fed=is_fed)
        self._running[job] = fork
        try:
            self._send(order, descriptors)
        except OSError:
            self._lose()
            fork.end(None)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return fork

    async def close(self) -> None:
        """End it and all its forks."""
        self._lose()
        _kill(self._process)
        await self._process.wait()

    def _signal(self, job: int, number: int) -> None:
        if job in self._running:
            with suppress(OSError):
                self._send({"job": job, "signal": number}, ())

    def _send(self, message: Mapping[str, object], descriptors: Sequence[int]) -> None:
        socket.send_fds(self._control, [json.dumps(message).encode()], descriptors)

    def _hear(self) -> None:
        """Take one message; a server that sends none, or nonsense, is lost."""
        try:
            message = self._control.recv(MAX_MESSAGE_BYTES)
            ended = Ended.model_validate_json(message)
        except BlockingIOError:
            return
        except (OSError, ValidationError):
            self._lose()
            return
        fork = self._running.pop(ended.job, None)
        if fork:
            fork.end(ended.exit_code)

    def _lose(self) -> None:
        if not self.is_alive:
            return
        self.is_alive = False
        self._loop.remove_reader(self._control.fileno())
        self._control.close()
        for fork in self._running.values():
            fork.end(None)
        self._running.clear()


class _Fork:
    """A fork, as ``attend`` sees it."""

    def __init__(self, output: Output, send_signal: Callable[[int], None]) -> None:
        self.output = output
        self.exit_code: int | None = None
        self._send_signal = send_signal
        self._stdin: asyncio.WriteTransport | None = None
        self._transports: list[asyncio.BaseTransport] = []

    async def open_streams(self, *, is_fed: bool) -> list[int]:
        """Return the fork's ends of its three streams; the caller closes them."""
        descriptors: list[int] = []
        try:
            await self._open_into(descriptors, is_fed=is_fed)
        except BaseException:
            for descriptor in descriptors:
                os.close(descriptor)
            self.close()
            raise
        return descriptors

    async def _open_into(self, descriptors: list[int], *, is_fed: bool) -> None:
        loop = asyncio.get_running_loop()
        stdin, feeding = os.pipe()
        descriptors.append(stdin)
        self._stdin, _ = await loop.connect_write_pipe(asyncio.Protocol, os.fdopen(feeding, "wb"))
        self._transports.append(self._stdin)
        if not is_fed:
            self._stdin.close()
        for stream in self.output.kept:
            reading, writing = os.pipe()
            descriptors.append(writing)
            listen = partial(_Listener, self.output, stream)
            transport, _ = await loop.connect_read_pipe(listen, os.fdopen(reading, "rb"))
            self._transports.append(transport)

    def end(self, exit_code: int | None) -> None:
        self.exit_code = exit_code
        self.output.exited.set()

    def feed(self, stdin: bytes) -> None:
        if self._stdin:
            self._stdin.write(stdin)
            self._stdin.close()

    def ask_to_end(self) -> None:
        self._send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self._send_signal(signal.SIGKILL)

    def close(self) -> None:
        for transport in self._transports:
            transport.close()


class _Listener(asyncio.Protocol):
    def __init__(self, output: Output, stream: int) -> None:
        self._output = output
        self._stream = stream

    def data_received(self, data: bytes) -> None:
        self._output.take(self._stream, data)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._output.end(self._stream)


def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill it, past the method that would take its exit code away from the loop."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
