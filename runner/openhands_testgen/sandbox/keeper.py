"""Runs one command and leaves nothing of it behind: ``keeper.py COMMAND...``.

It prints the command's process id, then waits for the command's end or for its own standard input
to close, which happens when whoever started it ends, however that comes. Then it ends whatever the
command left: on Linux it adopts all orphans, such as a tmux server that made itself a daemon. They
are asked first: a shell that is killed while it starts can leave a lock of the user's tools behind.
Needs no package.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from contextlib import suppress
from typing import NoReturn

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120 - import cost
sys.path.insert(0, ROOT)

from openhands_testgen.sandbox import kernel  # noqa: E402

GRACE_SECONDS = 3.0
ORPHANS_GRACE_SECONDS = 1.0
LOOK_SECONDS = 0.05
CANNOT_START = 127
STDIN, STDOUT, STDERR = 0, 1, 2
PATIENT_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(command: list[str]) -> NoReturn:
    """Run the command, wait, reap; the exit code is the command's, or 128 + its signal."""
    if sys.platform == "linux":
        kernel.adopt_orphans()
    child = os.fork()
    if not child:
        _become(command)
    os.write(STDOUT, f"{child}\n".encode())
    # Whoever cancels a job may signal this process too; its owner says when it ends.
    for number in PATIENT_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    status = _wait_for_end(child)
    if status is None:
        status = _end(child)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    if sys.platform == "linux":
        kernel.end_children(ORPHANS_GRACE_SECONDS)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def _become(command: list[str]) -> NoReturn:
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, STDIN)
    os.dup2(STDERR, STDOUT)
    try:
        os.execvp(command[0], command)  # noqa: S606 - the purpose of this program
    except OSError as exc:
        os.write(STDERR, f"cannot run {command[0]}: {exc}\n".encode())
    os._exit(CANNOT_START)


def _wait_for_end(child: int) -> int | None:
    """Wait for the command's end and return its status; ``None`` if standard input closes first."""
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status
        ready, _, _ = select.select([STDIN], [], [], LOOK_SECONDS)
        if ready and not os.read(STDIN, 1024):
            return None


def _end(child: int) -> int:
    """Ask the command to end, kill it when it does not, and return its status."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status
        time.sleep(LOOK_SECONDS)
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


if __name__ == "__main__":
    main(sys.argv[1:])
