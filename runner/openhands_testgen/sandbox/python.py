"""Run the user's interpreter on a workbench, confined."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from openhands_testgen.clients.process import OUTPUT_LIMIT_BYTES, ProcessResult, run_process
from openhands_testgen.sandbox.confinement import (
    GRACE_SECONDS,
    Confinement,
    Protections,
    confined_command,
    read_protections,
)
from openhands_testgen.sandbox.disk import watch_disk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from openhands_testgen.sandbox.interpreter import Interpreter
    from openhands_testgen.sandbox.workbench import Workbench

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
    """What runs foreign code: an interpreter, a workbench, limits, and our own environment."""

    interpreter: Interpreter
    bench: Workbench
    limits: RunLimits
    environment: Mapping[str, str]

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
        report.unlink(missing_ok=True)
        stop = asyncio.Event()
        watching = asyncio.create_task(self._stop_when_full(stop))
        running = run_process(
            confined_command([str(interpreter.executable), *arguments], confinement, report),
            cwd=cwd,
            env=self._build_environment((*roots, *overlay), hash_seed),
            timeout_seconds=limits.timeout_seconds,
            stdin=stdin,
            output_limit_bytes=output_limit_bytes,
            grace_seconds=GRACE_SECONDS,
            stop=stop,
        )
        try:
            return await running, read_protections(report)
        finally:
            watching.cancel()

    async def _stop_when_full(self, stop: asyncio.Event) -> None:
        limits = self.limits
        await watch_disk(self.bench.writable, limits.disk_mb * MEBIBYTE, limits.files)
        stop.set()

    def _build_environment(self, roots: Sequence[Path], hash_seed: int) -> dict[str, str]:
        kept = {name: self.environment.get(name) for name in JUDGED_VARIABLES}
        own = {
            "HOME": str(self.bench.home),
            "TMPDIR": str(self.bench.temporary),
            "PYTHONPATH": os.pathsep.join(map(str, roots)),
            "PYTHONHASHSEED": str(hash_seed),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONUSERBASE": self.interpreter.user_base,
        }
        return {name: value for name, value in (kept | own).items() if value}
