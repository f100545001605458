"""Programs that run beside us: one that ends with us, and one that outlives us."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from openhands_testgen.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KEEPER = Path(__file__).parents[1] / "sandbox" / "keeper.py"
STOP_SECONDS = 10.0


class Service:
    """A program under a keeper: when we end, however that comes, all that it started ends too."""

    def __init__(self, process: asyncio.subprocess.Process, pid: int) -> None:
        """Take the keeper's process and the program's id."""
        self._process = process
        self.pid = pid

    @classmethod
    async def start(
        cls, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path
    ) -> Service:
        """Start a program; what it prints is appended to ``log``. ``env`` is its environment.

        Raises:
            ConfigurationError: it cannot be started.

        """
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", "-B", str(KEEPER), *argv),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=output,
                cwd=cwd,
                env=dict(env),
                start_new_session=True,
            )
        line = await process.stdout.readline() if process.stdout else b""
        if not line.strip().isdigit():
            message = f"cannot start {argv[0]}; {log} says why"
            raise ConfigurationError(message)
        return cls(process, int(line))

    @property
    def is_running(self) -> bool:
        """Whether the program has not ended."""
        return self._process.returncode is None

    async def stop(self) -> None:
        """End the program and all that it started."""
        if self._process.stdin:
            self._process.stdin.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


def start_detached(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> None:
    """Start a program that outlives us, in a session of its own, and return at once.

    A shell starts it and ends, so that nobody has to wait for it.

    Raises:
        ConfigurationError: it cannot be started.

    """
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        subprocess.run(
            ["/bin/sh", "-c", '"$@" &', "sh", *argv],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            cwd=cwd,
            env=dict(env),
            start_new_session=True,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as exc:
        message = f"cannot start {argv[0]}: {exc}"
        raise ConfigurationError(message) from exc
    finally:
        os.close(descriptor)
