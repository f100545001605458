"""Import pytest and coverage once, then run confined programs in forks of this process.

``python forkserver.py [PROGRAM ...] DESCRIPTOR`` in the user's interpreter, 3.9 or later, on Linux;
each program is a module of ours that forks may become, the descriptor is a socket that keeps
messages apart. A message is JSON. One with ``arguments`` asks for
a fork that does what ``python ARGUMENTS`` would, and brings its stdin, stdout and stderr; one with
``signal`` is for a fork that was asked for. What is answered is how each ended. This process holds
no secret, runs nothing of the project, and ends with its forks when the other side has gone.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - as in confined.py
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))  # noqa: PTH120 - as above
sys.path[0] = ROOT

from openhands_testgen.sandbox import kernel  # noqa: E402
from openhands_testgen.sandbox.inside import confined  # noqa: E402

OWN_PACKAGE = "openhands_testgen"
REHEARSAL = "rehearsal"
REHEARSAL_OPTIONS = ("-p", "no:cacheprovider", "--import-mode=importlib", "-q")
MAX_MESSAGE_BYTES = 1_000_000
STREAMS = 3
READY = b'{"ready": true}'
ALWAYS_CLOSED_UP_TO = 4_096


class Server:
    """Forks on demand and says how each fork ended."""

    def __init__(self, control: socket.socket, *, is_isolated: bool) -> None:
        """Take the socket, and whether the kernel has namespaces for us."""
        self._control = control
        self._is_isolated = is_isolated
        self._jobs: dict[int, int] = {}

    def serve(self) -> None:
        """Return in each fork, ready to become a program; end when the other side has gone."""
        woken, waking = os.pipe()
        os.set_blocking(waking, False)
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._control.sendall(READY)
        while True:
            ready = select.select([self._control.fileno(), woken], [], [])[0]
            if woken in ready:
                os.read(woken, 1024)
                self._reap()
            if self._control.fileno() in ready and self._take_order():
                return

    def _take_order(self) -> bool:
        """Do what the other side asks for; return whether this is a fork now."""
        message, streams, _, _ = socket.recv_fds(self._control, MAX_MESSAGE_BYTES, STREAMS)
        if not message:
            os._exit(0)
        order = json.loads(message)
        if "signal" in order:
            self._signal(order["job"], order["signal"])
            return False
        server = os.getpid()
        try:
            child = os.fork()
        except OSError:
            child = -1
        if not child:
            _become_fork(order, streams, server, is_isolated=self._is_isolated)
            return True
        for stream in streams:
            os.close(stream)
        if child < 0:
            self._say(order["job"], None)
        else:
            self._jobs[child] = order["job"]
        return False

    def _signal(self, job: int, number: int) -> None:
        for child, own in self._jobs.items():
            if own == job:
                if number == signal.SIGKILL:
                    with suppress(ProcessLookupError):
                        os.killpg(child, number)
                with suppress(ProcessLookupError):
                    os.kill(child, number)

    def _reap(self) -> None:
        """Say which forks have ended; what is left of their groups is killed before."""
        for child in list(self._jobs):
            if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                continue
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGKILL)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            self._say(self._jobs.pop(child), code)

    def _say(self, job: int, exit_code: int | None) -> None:
        """Say how a job has ended; ``None`` if it could not be begun."""
        self._control.sendall(json.dumps({"job": job, "exit_code": exit_code}).encode())


def _become_fork(
    order: dict[str, Any], streams: list[int], server: int, *, is_isolated: bool
) -> None:
    """Leave everything of the server behind, and return confined."""
    kernel.end_with_parent()
    if os.getppid() != server:
        os._exit(0)
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
    os.closerange(STREAMS, ALWAYS_CLOSED_UP_TO)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["environment"])
    tempfile.tempdir = None  # the rehearsal has looked for it
    confined.enter(order["limits"], is_isolated=is_isolated)
    sys.argv = order["arguments"]
    sys.path[:0] = order["paths"]


def rehearse() -> None:
    """Let coverage and pytest import all that they need, with tests of our own.

    What is not there, or does not work, is missed later.
    """
    with suppress(Exception):
        importlib.import_module("coverage")
    with suppress(Exception):
        pytest = importlib.import_module("pytest")
        own = [f"--rootdir={HERE}", f"--confcutdir={HERE}", "-c", os.devnull]
        pytest.main([*own, *REHEARSAL_OPTIONS, os.path.join(HERE, f"{REHEARSAL}.py")])  # noqa: PTH118 - as above


def import_programs(names: Iterable[str]) -> None:
    """Import all that programs of ours need; what cannot be imported is missed later."""
    for name in names:
        with suppress(Exception):
            importlib.import_module(name)


def put_aside_own() -> dict[str, ModuleType]:
    """Leave no module of ours in the way of the project's; return those that are no packages."""
    own = {name for name in sys.modules if name.partition(".")[0] in {OWN_PACKAGE, REHEARSAL}}
    found = {name: sys.modules.pop(name) for name in own}
    return {name: module for name, module in found.items() if not hasattr(module, "__path__")}


def run_program(own: dict[str, ModuleType]) -> None:
    """Do what the interpreter does with its arguments; a program of ours has its parts there."""
    if sys.argv[0] == "-m":
        del sys.argv[0]
        if sys.argv[0] in own:
            del own[sys.argv[0]]
            sys.modules.update(own)
        sys.path.insert(0, os.getcwd())  # noqa: PTH109 - a string is what belongs there
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, os.path.dirname(sys.argv[0]))  # noqa: PTH120 - as above
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    sys.path[:] = [path for path in sys.path if path != ROOT]
    rehearse()
    import_programs(sys.argv[1:-1])
    sys.stdout.flush()  # or each fork would print it
    sys.stderr.flush()
    gc.collect()
    gc.freeze()
    Server(socket.socket(fileno=int(sys.argv[-1])), is_isolated=confined.can_isolate()).serve()
    run_program(put_aside_own())
