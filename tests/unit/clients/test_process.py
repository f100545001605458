"""Programs are run to their end: bounded, and with nothing of them left behind."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from openhands_testgen.clients.process import ProcessResult, run_process
from openhands_testgen.errors import ConfigurationError

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def run(
    code: str, folder: Path, timeout_seconds: float = 30, **more: object
) -> ProcessResult:
    stdin = more.get("stdin")
    assert stdin is None or isinstance(stdin, bytes)
    limit = more.get("output_limit_bytes", 1_000_000)
    grace = more.get("grace_seconds", 0.0)
    assert isinstance(limit, int)
    assert isinstance(grace, float)
    stop = more.get("stop")
    assert stop is None or isinstance(stop, asyncio.Event)
    return await run_process(
        [sys.executable, "-I", "-S", "-c", code],
        cwd=folder,
        env={"ONLY": "this"},
        timeout_seconds=timeout_seconds,
        stdin=stdin,
        output_limit_bytes=limit,
        grace_seconds=grace,
        stop=stop,
    )


def is_running(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not reaped does not."""
    try:
        return b") Z " not in Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False


async def wait_for_pid(path: Path) -> int:
    async with asyncio.timeout(20):
        while not (path.exists() and path.read_text()):
            await asyncio.sleep(0.01)
    return int(path.read_text())


async def wait_for_end(pid: int) -> None:
    """A killed process is gone a moment later; one that was not killed never is."""
    async with asyncio.timeout(20):
        while is_running(pid):
            await asyncio.sleep(0.01)


CHILD = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"])
open("child", "w").write(str(child.pid))
"""


async def test_returns_exit_code_and_both_outputs(tmp_path: Path) -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    result = await run(code, tmp_path)
    assert result == ProcessResult(3, b"out\n", b"err\n", timed_out=False)


async def test_passes_input_folder_and_nothing_but_the_given_environment(tmp_path: Path) -> None:
    code = "import os, sys; print(sys.stdin.read(), os.getcwd(), os.environ.get('ONLY'), "
    code += "'HOME' in os.environ)"
    result = await run(code, tmp_path, stdin=b"hello")
    assert result.stdout.decode().split() == ["hello", str(tmp_path), "this", "False"]


async def test_names_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no-such-program"):
        await run_process(["/no-such-program"], cwd=tmp_path, env={}, timeout_seconds=5)


async def test_keeps_the_first_and_the_last_part_of_a_long_output(tmp_path: Path) -> None:
    code = "print('first'); print('x' * 3_000_000); print('last')"
    result = await run(code, tmp_path, output_limit_bytes=1000)
    assert result.stdout.startswith(b"first\n")
    assert result.stdout.endswith(b"x\nlast\n")
    assert len(result.stdout) < 1100


async def test_kills_what_outlives_its_time(tmp_path: Path) -> None:
    result = await run(CHILD + "child.wait()", tmp_path, timeout_seconds=1)
    assert result.timed_out
    await wait_for_end(await wait_for_pid(tmp_path / "child"))


async def test_kills_a_child_that_outlives_the_program(tmp_path: Path) -> None:
    result = await run(CHILD, tmp_path)
    assert (result.exit_code, result.timed_out) == (0, False)
    await wait_for_end(await wait_for_pid(tmp_path / "child"))


async def test_kills_everything_when_it_is_cancelled(tmp_path: Path) -> None:
    task = asyncio.create_task(run(CHILD + "child.wait()", tmp_path))
    child = await wait_for_pid(tmp_path / "child")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await wait_for_end(child)


async def test_stops_at_the_word(tmp_path: Path) -> None:
    stop = asyncio.Event()
    code = "print(1, flush=True)" + CHILD + "child.wait()"
    task = asyncio.create_task(run(code, tmp_path, stop=stop))
    child = await wait_for_pid(tmp_path / "child")
    stop.set()
    result = await task
    assert (result.stopped, result.timed_out, result.stdout) == (True, False, b"1\n")
    await wait_for_end(child)


async def test_the_word_to_stop_changes_nothing_afterwards(tmp_path: Path) -> None:
    stop = asyncio.Event()
    result = await run("print(1)", tmp_path, stop=stop)
    stop.set()
    assert (result.stopped, result.timed_out, result.exit_code) == (False, False, 0)


async def test_time_is_up_also_for_what_can_be_stopped(tmp_path: Path) -> None:
    code = "import time; time.sleep(600)"
    result = await run(code, tmp_path, timeout_seconds=0.5, stop=asyncio.Event())
    assert (result.stopped, result.timed_out) == (False, True)


async def test_lets_a_program_end_by_itself_within_its_grace(tmp_path: Path) -> None:
    code = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
time.sleep(600)
"""
    result = await run(code, tmp_path, timeout_seconds=1, grace_seconds=20.0)
    assert (result.exit_code, result.timed_out) == (7, True)


async def test_is_a_session_of_its_own(tmp_path: Path) -> None:
    result = await run("import os; print(os.getsid(0))", tmp_path)
    assert int(result.stdout) != os.getsid(0)
