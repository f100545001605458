"""The keeper: whatever a program started ends with it, however its owner ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from openhands_testgen.clients.service import KEEPER

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux only")
# A program that leaves a daemon of its own behind, as tmux does.
DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    {daemon}
    print(os.getpid(), file=sys.stderr, flush=True)
    time.sleep(600)
time.sleep({seconds})
sys.exit({code})
"""


TIDY = """
    import signal
    def end(*_):
        print("tidied up", file=sys.stderr, flush=True)
        os._exit(0)
    signal.signal(signal.SIGTERM, end)
"""
DEAF = """
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
"""


def start(seconds: float, code: int = 0, daemon: str = "") -> subprocess.Popen[bytes]:
    program = DAEMON.format(seconds=seconds, code=code, daemon=daemon)
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(KEEPER), sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def read_pid(stream: IO[bytes] | None) -> int:
    assert stream is not None
    return int(stream.readline())


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_the_end_of_the_program_ends_its_daemons() -> None:
    with start(seconds=0.5, code=7) as keeper:
        program, daemon = read_pid(keeper.stdout), read_pid(keeper.stderr)
        assert is_alive(daemon)
        assert keeper.wait(20) == 7
    assert not is_alive(program)
    assert not is_alive(daemon)


def test_the_end_of_the_owner_ends_everything() -> None:
    with start(seconds=600) as keeper:
        program, daemon = read_pid(keeper.stdout), read_pid(keeper.stderr)
        assert keeper.stdin is not None
        keeper.stdin.close()
        assert keeper.wait(20) == 128 + signal.SIGTERM
    assert not is_alive(program)
    assert not is_alive(daemon)


@pytest.mark.parametrize(("daemon", "said"), [(TIDY, b"tidied up\n"), (DEAF, b"")])
def test_a_daemon_may_tidy_up_before_it_ends(daemon: str, said: bytes) -> None:
    with start(seconds=0.2, daemon=daemon) as keeper:
        pid = (read_pid(keeper.stdout), read_pid(keeper.stderr))[1]
        assert keeper.wait(20) == 0
        assert keeper.stderr is not None
        assert keeper.stderr.read() == said
    assert not is_alive(pid)


def test_a_killed_program_is_reaped() -> None:
    with start(seconds=600) as keeper:
        program, daemon = read_pid(keeper.stdout), read_pid(keeper.stderr)
        os.kill(program, signal.SIGKILL)
        assert keeper.wait(20) == 128 + signal.SIGKILL
    assert not is_alive(daemon)


def test_signals_for_a_whole_job_do_not_stop_the_keeper_from_reaping() -> None:
    with start(seconds=600) as keeper:
        daemon = (read_pid(keeper.stdout), read_pid(keeper.stderr))[1]
        keeper.send_signal(signal.SIGINT)
        keeper.send_signal(signal.SIGTERM)
        assert keeper.poll() is None
        assert keeper.stdin is not None
        keeper.stdin.close()
        keeper.wait(20)
    assert not is_alive(daemon)


def test_a_program_that_does_not_exist() -> None:
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(KEEPER), "/no/such/program"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as keeper:
        assert keeper.wait(20) == 127
        assert keeper.stderr is not None
        assert b"cannot run /no/such/program" in keeper.stderr.read()
