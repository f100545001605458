"""What the Linux kernel offers to confine a process, by system call. Standard library only."""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import re
import signal
import socket
import struct
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 22, 24
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 36, 38
LAST_CAPABILITY, CAPABILITIES_VERSION_3 = 63, 0x20080522
LOOK_SECONDS = 0.05

CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 1 << 27, 1 << 28, 1 << 29, 1 << 30
NAMESPACES = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC
RESERVED_IDS, MOST_PROCESSES, LIMITS_PROCESSES_FROM = 300, 300, (6, 14)
SIOCSIFFLAGS, IFF_UP = 0x8914, 1

# Landlock has the same system call numbers on every architecture.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
GET_VERSION, RULE_PATH_BENEATH = 1, 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14
READ = EXECUTE | READ_FILE | READ_DIR
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
DEVICES = (1 << 6) | (1 << 11) | (1 << 15)
RIGHTS_BITS = {1: 13, 2: 14, 3: 15, 4: 15}
RIGHTS_BITS_SINCE_5 = 16
CONNECT_AND_BIND_TCP = 0b11
ABSTRACT_SOCKETS_AND_SIGNALS = 0b11
ABI_TCP, ABI_SCOPES = 4, 6

# The architecture's number in the filter, and its system call `socket`.
SOCKET_CALLS = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
IO_URING_SETUP = 425
X32_CALLS = 0x40000000
SECCOMP_MODE_FILTER, SECCOMP_ALLOW, SECCOMP_DENY = 2, 0x7FFF0000, 0x00050000 | 1
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
CALL_AT, ARCHITECTURE_AT, FIRST_ARGUMENT_AT = 0, 4, 16

_libc = ctypes.CDLL(None, use_errno=True)


def drop_privileges() -> None:
    """Have no capability, not even as root, and gain none by running a program."""
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    for capability in range(LAST_CAPABILITY + 1):
        with suppress(OSError):
            _prctl(PR_CAPBSET_DROP, capability)
    # Those above count when a program is started; these are what this very process has.
    header, none = struct.pack("=Ii", CAPABILITIES_VERSION_3, 0), bytes(24)
    _check(_libc.capset(header, none), "capset")


def end_with_parent() -> None:
    """Be killed when the parent ends."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent has ended."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def kill_children() -> None:
    """Kill until none is left: what loses its parent becomes a child of one that adopts orphans."""
    with suppress(ChildProcessError):
        while True:
            for child in _list_children():
                _signal(child, signal.SIGKILL)
            os.waitpid(-1, 0)


def end_children(grace_seconds: float) -> None:
    """Ask until none is left or the time is over, then kill: who is asked can tidy up."""
    deadline, asked = time.monotonic() + grace_seconds, set[int]()
    with suppress(ChildProcessError):
        while time.monotonic() < deadline:
            for child in set(_list_children()) - asked:
                _signal(child, signal.SIGTERM)
                asked.add(child)
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
            time.sleep(LOOK_SECONDS)
    kill_children()


def _list_children() -> list[int]:
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:  # noqa: PTH123 - import cost
        return [int(child) for child in file.read().split()]


def _signal(child: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(child, number)


def isolate() -> None:
    """Enter namespaces of its own: no network but an empty loopback, a process tree from the fork.

    The user id stays the same, so that files keep their owner.

    Raises:
        OSError: the kernel, or its configuration, does not allow it.

    """
    user, group = os.geteuid(), os.getegid()
    _check(_libc.unshare(NAMESPACES), "unshare")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - import cost
            file.write(text)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        fcntl.ioctl(link, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


def limit_processes() -> bool:
    """Let this process namespace hold some 300 processes; if it can be done.

    The first 300 ids are handed out once only, so as many have to follow: with fewer a program
    that forks often could soon fork no more. Older kernels have one number for all namespaces: it
    is left alone there.
    """
    release = re.match(r"(\d+)\.(\d+)", platform.release())
    if not release or tuple(map(int, release.groups())) < LIMITS_PROCESSES_FROM:
        return False
    try:
        with open("/proc/sys/kernel/pid_max", "w", encoding="ascii") as file:  # noqa: PTH123
            file.write(str(RESERVED_IDS + MOST_PROCESSES))
    except OSError:
        return False
    return True


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    )


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("access", ctypes.c_uint64), ("descriptor", ctypes.c_int32))


def restrict_files(readable: Iterable[str], writable: Iterable[str], *, deny_tcp: bool) -> int:
    """Apply Landlock to this process and return its version; 0 where the kernel has none.

    From ``ABI_TCP`` on it can deny TCP; from ``ABI_SCOPES`` on it denies signals and abstract
    sockets to other processes.
    """
    abi = _libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), GET_VERSION)
    if abi < 1:
        return 0
    rules = _Ruleset(
        files=(1 << RIGHTS_BITS.get(abi, RIGHTS_BITS_SINCE_5)) - 1,
        network=CONNECT_AND_BIND_TCP if deny_tcp and abi >= ABI_TCP else 0,
        scopes=ABSTRACT_SOCKETS_AND_SIGNALS if abi >= ABI_SCOPES else 0,
    )
    size = ctypes.c_size_t(ctypes.sizeof(rules))
    ruleset = _check(_libc.syscall(CREATE_RULESET, ctypes.byref(rules), size, 0), "landlock")
    for path in readable:
        _allow(ruleset, path, READ & rules.files)
    for path in writable:
        _allow(ruleset, path, rules.files & ~DEVICES)
    _check(_libc.syscall(RESTRICT_SELF, ruleset, 0), "landlock")
    os.close(ruleset)
    return int(abi)


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not os.path.isdir(path):  # noqa: PTH112 - import cost
        access &= ON_FILES
    rule = ctypes.byref(_PathRule(access, descriptor))
    _check(_libc.syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, 0), f"landlock {path}")
    os.close(descriptor)


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def filter_sockets(*, allow_internet: bool) -> bool:
    """Deny new sockets but those of the internet, or those too; return whether it can be done.

    Landlock does not stop connections to sockets that have a path: Docker's would be a way out.
    Pairs of sockets (asyncio) stay. A filter on system calls is inherited, and cannot be left.
    """
    if platform.machine() not in SOCKET_CALLS:
        return False
    architecture, socket_call = SOCKET_CALLS[platform.machine()]
    families = (socket.AF_INET, socket.AF_INET6) if allow_internet else ()
    deny = 7 + len(families)
    allow = deny + 1
    # A jump counts from the instruction behind it: `deny - 2` in line 1, `deny - 4` in line 3.
    code = [
        (LOAD, 0, 0, ARCHITECTURE_AT),
        (EQUAL, 0, deny - 2, architecture),
        (LOAD, 0, 0, CALL_AT),
        (AT_LEAST, deny - 4, 0, X32_CALLS),
        (EQUAL, deny - 5, 0, IO_URING_SETUP),
        (EQUAL, 0, allow - 6, socket_call),
        (LOAD, 0, 0, FIRST_ARGUMENT_AT),
        *((EQUAL, allow - 8 - index, 0, family) for index, family in enumerate(families)),
        (RETURN, 0, 0, SECCOMP_DENY),
        (RETURN, 0, 0, SECCOMP_ALLOW),
    ]
    return _install(code)


def _install(code: list[tuple[int, int, int, int]]) -> bool:
    packed = b"".join(struct.pack("=HBBI", *instruction) for instruction in code)
    program = _Filter(len(code), packed)
    unused = ctypes.c_ulong(0)
    mode = ctypes.c_ulong(SECCOMP_MODE_FILTER)
    return bool(_libc.prctl(PR_SET_SECCOMP, mode, ctypes.byref(program), unused, unused) == 0)


def _prctl(option: int, value: int) -> None:
    unused = ctypes.c_ulong(0)
    _check(_libc.prctl(option, ctypes.c_ulong(value), unused, unused, unused), "prctl")


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
