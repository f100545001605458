"""Run the user's interpreter on a workbench, confined."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from openhands_testgen.clients.process import (
    OUTPUT_LIMIT_BYTES,
    LostChildError,
    ProcessResult,
    attend,
    start_process,
)
from openhands_testgen.sandbox.confinement import (
    GRACE_SECONDS,
    Confinement,
    Protections,
    confined_command,
    list_limits,
    read_protections,
)
from openhands_testgen.sandbox.disk import watch_disk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Protocol

    from openhands_testgen.clients.forkserver import ForkServer
    from openhands_testgen.clients.process import Child
    from openhands_testgen.sandbox.forkservers import ForkServers
    from openhands_testgen.sandbox.interpreter import Interpreter
    from openhands_testgen.sandbox.workbench import Workbench

    class Start(Protocol):
        """Starts one program."""

        async def __call__(self, *, is_fed: bool) -> Child:
            """Start it; with ``is_fed`` its standard input is a pipe."""


MEBIBYTE = 1 << 20
# What foreign code sees of our environment; nothing in it is a secret.
JUDGED_VARIABLES = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "SYSTEMROOT")


@dataclass(frozen=True, slots=True)
class RunLimits:
    """Limits on each run of foreign code; ``disk_mb`` and ``files`` are for all that it writes."""

    timeout_seconds: float = 120
    cpu_seconds: int = 120
    memory_mb: int = 2048
    processes: int = 64
    file_mb: int = 64
    disk_mb: int = 1024
    files: int = 100_000


@dataclass(frozen=True, slots=True)
class SandboxedPython:
    """What runs foreign code: an interpreter, a workbench, limits, and our own environment.

    With ``fork_servers`` a run need not start the interpreter.
    """

    interpreter: Interpreter
    bench: Workbench
    limits: RunLimits
    environment: Mapping[str, str]
    fork_servers: ForkServers | None = None

    async def run(  # noqa: PLR0913 - what a run is made of
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        roots: Sequence[Path] = (),
        stdin: bytes | None = None,
        hash_seed: int = 0,
        output_limit_bytes: int = OUTPUT_LIMIT_BYTES,
    ) -> tuple[ProcessResult, Protections]:
        """Run the interpreter with arguments; ``roots`` are the folders to import from."""
        interpreter, bench, limits = self.interpreter, self.bench, self.limits
        overlay = (interpreter.overlay,) if interpreter.overlay else ()
        confinement = Confinement(
            readable=(*interpreter.readable, *overlay, bench.ours),
            writable=bench.writable,
            memory_mb=limits.memory_mb,
            cpu_seconds=limits.cpu_seconds,
            processes=limits.processes,
            file_mb=limits.file_mb,
        )
        report = bench.root / "protections.json"
        own = (cwd, self._build_environment((*roots, *overlay), hash_seed), output_limit_bytes)
        argv = [str(interpreter.executable), *arguments]
        start = partial(start_process, confined_command(argv, confinement, report), *own)
        server = await self._find_fork_server(arguments, hash_seed)
        fork = server and partial(
            server.fork, arguments, map(str, roots), list_limits(confinement, report), *own
        )
        try:
            result = await self._attend(fork or start, stdin, report)
        except LostChildError:
            result = await self._attend(start, stdin, report)
        return result, read_protections(report)

    async def _attend(self, start: Start, stdin: bytes | None, report: Path) -> ProcessResult:
        """Start a program and see it to its end; stop it where it fills the disk."""
        report.unlink(missing_ok=True)
        child = await start(is_fed=stdin is not None)
        stop = asyncio.Event()
        watching = asyncio.create_task(self._stop_when_full(stop))
        try:
            return await attend(
                child,
                timeout_seconds=self.limits.timeout_seconds,
                stdin=stdin,
                grace_seconds=GRACE_SECONDS,
                stop=stop,
            )
        finally:
            watching.cancel()

    async def _find_fork_server(
        self, arguments: Sequence[str], hash_seed: int
    ) -> ForkServer | None:
        """Return a server for a run of a file or a module; options are for an interpreter."""
        is_option = arguments[0].startswith("-") and arguments[0] != "-m"
        if self.fork_servers is None or is_option:
            return None
        return await self.fork_servers.find(self.interpreter, self.environment, hash_seed)

    async def _stop_when_full(self, stop: asyncio.Event) -> None:
        limits = self.limits
        await watch_disk(self.bench.writable, limits.disk_mb * MEBIBYTE, limits.files)
        stop.set()

    def _build_environment(self, roots: Sequence[Path], hash_seed: int) -> dict[str, str]:
        own = {
            "HOME": str(self.bench.home),
            "TMPDIR": str(self.bench.temporary),
            "PYTHONPATH": os.pathsep.join(map(str, roots)),
        }
        chosen = choose_environment(self.environment, self.interpreter, hash_seed) | own
        return {name: value for name, value in chosen.items() if value}


def choose_environment(
    environment: Mapping[str, str], interpreter: Interpreter, hash_seed: int
) -> dict[str, str]:
    """Choose what an interpreter for foreign code starts with, but for the folders of one run."""
    kept = {name: environment.get(name) for name in JUDGED_VARIABLES}
    own = {
        "PYTHONHASHSEED": str(hash_seed),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONUSERBASE": interpreter.user_base,
    }
    return {name: value for name, value in (kept | own).items() if value}
