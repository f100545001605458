"""A fork server that does not work, or no longer, is no reason to fail or to wait."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.clients.forkserver import ForkServer
from openhands_testgen.clients.process import LostChildError, attend
from openhands_testgen.sandbox.confinement import Confinement, list_limits
from openhands_testgen.sandbox.forkservers import PROGRAM, ForkServers
from openhands_testgen.sandbox.interpreter import Interpreter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from openhands_testgen.clients.process import ProcessResult

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="fork servers are for Linux"),
]
ENV = {"PATH": os.environ["PATH"]}
SLEEPS = "import time; print('begun', flush=True); time.sleep(600)"


@pytest.fixture
async def server() -> AsyncIterator[ForkServer]:
    started = await ForkServer.start([sys.executable, str(PROGRAM)], ENV)
    assert started
    yield started
    await started.close()


async def run(
    server: ForkServer, folder: Path, code: str, timeout_seconds: float = 30
) -> ProcessResult:
    program = folder / "program.py"
    program.write_text(code)
    readable = (folder, *(type(folder)(prefix) for prefix in (sys.prefix, sys.base_prefix)))
    limits = list_limits(Confinement(readable, ()), None)
    child = await server.fork([str(program)], [], limits, folder, ENV, 10_000, is_fed=False)
    return await attend(
        child, timeout_seconds=timeout_seconds, stdin=None, grace_seconds=0, stop=None
    )


@pytest.mark.parametrize("command", [["no-such-program"], ["false"], ["true"]])
async def test_one_that_does_not_start_is_none(command: list[str]) -> None:
    assert await ForkServer.start(command, ENV) is None


async def test_a_program_is_killed_when_its_time_is_over(
    server: ForkServer, tmp_path: Path
) -> None:
    result = await run(server, tmp_path, SLEEPS, timeout_seconds=1)
    assert (result.timed_out, result.exit_code) == (True, -signal.SIGKILL)
    assert result.stdout == b"begun\n"
    assert (await run(server, tmp_path, "print('next')")).stdout == b"next\n"


async def test_programs_end_with_their_server(server: ForkServer, tmp_path: Path) -> None:
    running = asyncio.create_task(run(server, tmp_path, SLEEPS))
    await asyncio.sleep(0.5)
    await server.close()
    with pytest.raises(LostChildError):
        await running
    assert not server.is_alive


async def test_a_server_that_has_gone_fails_at_once(server: ForkServer, tmp_path: Path) -> None:
    await server.close()
    with pytest.raises(LostChildError):
        await run(server, tmp_path, SLEEPS)


async def test_one_that_has_died_is_replaced_when_it_is_asked_for_again(tmp_path: Path) -> None:
    interpreter = Interpreter(type(tmp_path)(sys.executable), (3, 12, 0), (), None, None)
    servers = ForkServers(tmp_path)
    first = await servers.find(interpreter, ENV, 1)
    assert first
    assert await servers.find(interpreter, ENV, 1) is first
    await first.close()
    assert await servers.find(interpreter, ENV, 1) is None
    second = await servers.find(interpreter, ENV, 1)
    assert second
    assert second.is_alive
    await servers.close()


async def test_no_more_are_started_than_are_worth_their_memory(tmp_path: Path) -> None:
    broken = Interpreter(tmp_path / "python", (3, 12, 0), (), None, None)
    interpreter = Interpreter(type(tmp_path)(sys.executable), (3, 12, 0), (), None, None)
    servers = ForkServers(tmp_path)
    for seed in range(6):
        assert await servers.find(broken, ENV, seed) is None
    assert await servers.find(interpreter, ENV, 6) is None
    await servers.close()
