"""Keep processes that run foreign code away from those that judge it. Standard library only."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 4, 36, 38
CREATE_RULESET, RESTRICT_SELF, GET_VERSION = 444, 446, 1
# Making block devices is denied already: a right that nobody misses makes a domain of its own.
MAKE_BLOCK, SIGNALS = 1 << 11, 1 << 1
ABI_SCOPES = 6
MOST_DESCRIPTORS = 65_536
MOST_ORPHANS_APART = 50_000

_libc = ctypes.CDLL(None)


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    )


def become_unreachable() -> None:
    """Let no other process of this user trace this one or read its memory."""
    _prctl(PR_SET_DUMPABLE, 0)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent has ended."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def enter_own_domain() -> None:
    """Take away the means to trace processes outside of this one's descendants, or signal them.

    Signals are denied from Landlock's sixth version on; where there is no Landlock this does
    nothing.
    """
    if sys.platform != "linux":
        return
    _prctl(PR_SET_DUMPABLE, 1)
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    abi = _libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), GET_VERSION)
    if abi < 1:
        return
    rules = _Ruleset(files=MAKE_BLOCK, scopes=SIGNALS if abi >= ABI_SCOPES else 0)
    size = ctypes.c_size_t(ctypes.sizeof(rules))
    ruleset = _libc.syscall(CREATE_RULESET, ctypes.byref(rules), size, 0)
    if ruleset >= 0:
        _libc.syscall(RESTRICT_SELF, ruleset, 0)
        os.close(ruleset)


def silence() -> None:
    """Read nothing and print nothing."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    os.close(null)


def close_all_but(kept: Iterable[int]) -> None:
    """Close all descriptors but the standard ones and ``kept``."""
    start = 3
    for descriptor in sorted(kept):
        os.closerange(start, descriptor)
        start = descriptor + 1
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    os.closerange(start, min(limit, MOST_DESCRIPTORS) if limit > 0 else MOST_DESCRIPTORS)


def limit_cpu(seconds: int) -> None:
    """Let this process end by a signal when it has used so much CPU time from its start."""
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    lower = seconds + 1 if hard == resource.RLIM_INFINITY else min(seconds + 1, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (max(lower - 1, 1), lower))


def end_group(leader: int) -> int:
    """Kill a child, its process group and all orphans that it left; return how the child ended."""
    with suppress(OSError):
        os.killpg(leader, signal.SIGKILL)
    with suppress(OSError):
        os.kill(leader, signal.SIGKILL)
    status = os.waitpid(leader, 0)[1]
    end_orphans(leader)
    return os.waitstatus_to_exitcode(status)


def end_orphans(leader: int) -> None:
    """Kill the orphans that descend from a child.

    They are children of this process now. Only a search can tell their numbers: they are higher
    than the one of that child.
    """
    newest = _find_newest()
    if not leader < newest < leader + MOST_ORPHANS_APART:
        return
    found = True
    while found:
        found = False
        for process in range(leader + 1, newest + 1):
            with suppress(OSError):
                if os.waitpid(process, os.WNOHANG) == (0, 0):
                    os.kill(process, signal.SIGKILL)
                    os.waitpid(process, 0)
                found = True


def _find_newest() -> int:
    """Return the latest number given to a process: threads take theirs from the same row."""
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(threading.get_native_id()))
    with suppress(RuntimeError):  # there are as many processes as there can be
        thread.start()
        thread.join()
    return found[0] if found else 0


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        zero = ctypes.c_ulong(0)
        _libc.prctl(option, ctypes.c_ulong(value), zero, zero, zero)
