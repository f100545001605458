"""Confine this process as far as the kernel allows, then run a command in it.

A program of its own that needs no package: ``python -I -S confined.py LIMITS -- COMMAND...``, where
LIMITS is the JSON that ``confinement.py`` writes; ``forkserver.py`` has the same without a command.
Three processes: this one waits; the *keeper* is the first of a process namespace, so that whatever
it started ends with it; the *foreign* one confines itself and becomes the command. Without
namespaces this process is the keeper. The exit code is the command's, 128 + the number where a
signal ended it, 127 where it could not be started.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from contextlib import suppress
from typing import NoReturn, TypedDict

HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - import cost
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))  # noqa: PTH120 - import cost
sys.path.insert(0, ROOT)

from openhands_testgen.sandbox import kernel  # noqa: E402

CANNOT_START = 127
SIGNALLED = 128
MEBIBYTE = 1 << 20


class Limits(TypedDict):
    """What the command may do. Paths are absolute; those that do not exist are left out."""

    readable: list[str]
    writable: list[str]
    memory_mb: int
    cpu_seconds: int
    processes: int
    file_mb: int
    open_files: int
    report: str | None


class Protections(TypedDict):
    """What is in force; ``sandbox.Protections`` is the same."""

    landlock_abi: int
    network: str
    sockets: bool
    signals: bool
    processes: bool
    limits: bool
    warnings: list[str]


def main(arguments: list[str]) -> NoReturn:
    """Confine and run; ``arguments`` are LIMITS, ``--`` and the command."""
    limits: Limits = json.loads(arguments[0])
    command = arguments[2:]
    enter(limits, is_isolated=can_isolate())
    try:
        os.execvp(command[0], command)  # noqa: S606 - the purpose of this program
    except OSError as exc:
        _give_up(command[0], exc)


def can_isolate() -> bool:
    """Whether the kernel has namespaces for us; a child tries, for there is no way back."""
    if sys.platform != "linux":
        return False
    probe = os.fork()
    if not probe:
        try:
            kernel.isolate()
        except OSError:
            os._exit(1)
        os._exit(0)
    return _wait_for(probe) == 0


def enter(limits: Limits, *, is_isolated: bool) -> None:
    """Return in a process of its own, confined; this one waits for its end and then ends too."""
    report = -1
    if limits["report"]:
        report = os.open(limits["report"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    if is_isolated:
        kernel.isolate()
        keeper = os.fork()
        if keeper:
            os._exit(_wait_for(keeper))
        kernel.end_with_parent()
    elif sys.platform == "linux":
        kernel.adopt_orphans()
    foreign = os.fork()
    if foreign:
        _keep(foreign, is_isolated=is_isolated)
    if sys.platform == "linux":
        kernel.end_with_parent()
    try:
        protections = _confine(limits, is_isolated=is_isolated)
        if report >= 0:
            os.write(report, json.dumps(protections).encode())
            os.close(report)
    except OSError as exc:
        _give_up("a program", exc)


def _give_up(name: str, problem: OSError) -> NoReturn:
    os.write(2, f"cannot run {name} confined: {problem}\n".encode())
    os._exit(CANNOT_START)


def _keep(foreign: int, *, is_isolated: bool) -> NoReturn:
    """Wait for the foreign process and reap everything that it leaves behind."""
    signal.signal(signal.SIGTERM, _stop)
    exit_code = SIGNALLED + signal.SIGTERM
    with suppress(InterruptedError):
        exit_code = _wait_for(foreign)
    if not is_isolated:
        kernel.kill_children()
    os._exit(exit_code)


def _confine(limits: Limits, *, is_isolated: bool) -> Protections:
    protections = Protections(
        landlock_abi=0,
        network="namespace" if is_isolated else "none",
        sockets=False,
        signals=is_isolated,
        processes=is_isolated,
        limits=False,
        warnings=[],
    )
    if sys.platform == "linux":
        # The limit on processes does not count those of root.
        if is_isolated and not os.geteuid() and not kernel.limit_processes():
            protections["warnings"].append("the number of root's processes is not limited")
        kernel.drop_privileges()
        _restrict(limits, protections, is_isolated=is_isolated)
    _set_limits(limits, protections, is_isolated=is_isolated)
    return protections


def _restrict(limits: Limits, protections: Protections, *, is_isolated: bool) -> None:
    abi = kernel.restrict_files(limits["readable"], limits["writable"], deny_tcp=not is_isolated)
    has_filter = kernel.filter_sockets(allow_internet=is_isolated)
    protections["landlock_abi"] = abi
    protections["sockets"] = has_filter
    protections["signals"] = is_isolated or abi >= kernel.ABI_SCOPES
    if not is_isolated and has_filter:
        protections["network"] = "filter"
    elif not is_isolated and abi >= kernel.ABI_TCP:
        protections["network"] = "landlock"


def _set_limits(limits: Limits, protections: Protections, *, is_isolated: bool) -> None:
    wanted = {
        "RLIMIT_AS": limits["memory_mb"] * MEBIBYTE,
        "RLIMIT_CPU": limits["cpu_seconds"] + 1,
        "RLIMIT_FSIZE": limits["file_mb"] * MEBIBYTE,
        "RLIMIT_NOFILE": limits["open_files"],
        "RLIMIT_CORE": 0,
    }
    if is_isolated:  # elsewhere the limit would count all other processes of this user too
        wanted["RLIMIT_NPROC"] = limits["processes"]
    for name, value in wanted.items():
        try:
            hard = resource.getrlimit(getattr(resource, name))[1]
            lower = value if hard == resource.RLIM_INFINITY else min(value, hard)
            # Between the two limits on CPU time the signal says why the program ends.
            soft = lower - 1 if name == "RLIMIT_CPU" and lower > 1 else lower
            resource.setrlimit(getattr(resource, name), (soft, lower))
        except (AttributeError, OSError, ValueError) as exc:
            protections["warnings"].append(f"{name} is not limited: {exc}")
    protections["limits"] = not any("RLIMIT" in line for line in protections["warnings"])


def _wait_for(child: int) -> int:
    """Wait for one child, reaping others on the way."""
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else SIGNALLED - code


def _stop(*_: object) -> NoReturn:
    raise InterruptedError


if __name__ == "__main__":
    main(sys.argv[1:])
