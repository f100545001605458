"""What a call may not do in a test: change files, start programs, use the network, sleep."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FORBIDDEN_EXIT = 77
FORBIDDEN = frozenset(
    [
        "os.chdir",
        "os.chflags",
        "os.chmod",
        "os.chown",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.kill",
        "os.killpg",
        "os.link",
        "os.lockf",
        "os.mkdir",
        "os.posix_spawn",
        "os.putenv",
        "os.remove",
        "os.removexattr",
        "os.rename",
        "os.rmdir",
        "os.setxattr",
        "os.spawn",
        "os.startfile",
        "os.symlink",
        "os.system",
        "os.truncate",
        "os.unsetenv",
        "os.utime",
        "pty.spawn",
        "shutil.copyfile",
        "shutil.move",
        "shutil.rmtree",
        "signal.pthread_kill",
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.gethostname",
        "socket.sendto",
        "subprocess.Popen",
        "tempfile.mkdtemp",
        "tempfile.mkstemp",
        "time.sleep",
        "urllib.Request",
        "webbrowser.open",
    ]
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# The same on every machine, or nothing at all.
COMMON_FOLDERS = ("/usr/", "/lib/", "/lib64/", "/dev/")


def forbid(report: Callable[[str], None], project: str) -> None:
    """End this process as soon as it does what no test may; ``report`` is told what first."""
    own = {project, sys.prefix, sys.base_prefix, *filter(os.path.isabs, sys.path)}
    readable = (*COMMON_FOLDERS, *(os.path.join(folder, "") for folder in own))  # noqa: PTH118

    def end(event: str, args: tuple[object, ...]) -> None:
        if event in FORBIDDEN or (event == "open" and _is_forbidden_file(args, readable)):
            report(event)
            os._exit(FORBIDDEN_EXIT)

    sys.addaudithook(end)


def _is_forbidden_file(args: tuple[object, ...], readable: tuple[str, ...]) -> bool:
    path, _, flags = args
    if isinstance(flags, int) and flags & WRITING:
        return path != os.devnull
    return isinstance(path, str) and path.startswith("/") and not path.startswith(readable)
