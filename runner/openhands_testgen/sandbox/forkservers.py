"""Which fork servers there are: one for each interpreter and hash seed, started when needed."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from openhands_testgen.clients.forkserver import ForkServer
from openhands_testgen.sandbox.python import choose_environment
from openhands_testgen.sandbox.workbench import remove_tree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openhands_testgen.sandbox.interpreter import Interpreter

    type Key = tuple[Interpreter, int]

PROGRAM = Path(__file__).with_name("inside") / "forkserver.py"
# Each keeps some 30 MB, and waits for nothing most of the time.
MOST = 6
PATIENCE_SECONDS = 2.0


class ForkServers:
    """Saves each run of judged code the start of an interpreter and its imports; Linux only."""

    def __init__(self, scratch: Path | None = None, programs: Sequence[str] = ()) -> None:
        """Start none yet; ``scratch`` is where their empty home folder is made.

        ``programs`` are modules of ours that run with the plain hash seed, 0.
        """
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="testgen-forks-", dir=scratch))
        self._servers: dict[Key, asyncio.Task[ForkServer | None]] = {}

    async def find(
        self, interpreter: Interpreter, environment: Mapping[str, str], hash_seed: int
    ) -> ForkServer | None:
        """Return a server, started if need be; ``None`` if there is none to be had.

        ``environment`` is our own, of which foreign code sees a few names.
        """
        key = (interpreter, hash_seed)
        if key not in self._servers:
            if sys.platform != "linux" or len(self._servers) >= MOST:
                return None
            self._servers[key] = asyncio.create_task(
                self._start(interpreter, environment, hash_seed)
            )
        server = await asyncio.shield(self._servers[key])
        if server is None or server.is_alive:
            return server
        self._servers.pop(key, None)  # the next one to ask starts another
        await server.close()
        return None

    async def close(self) -> None:
        """End all, also those that have only begun to start."""
        if self._servers:
            await asyncio.wait(self._servers.values(), timeout=PATIENCE_SECONDS)
        for starting in self._servers.values():
            starting.cancel()
        for ended in await asyncio.gather(*self._servers.values(), return_exceptions=True):
            if isinstance(ended, ForkServer):
                await ended.close()
        self._servers.clear()
        remove_tree(self._folder)

    async def _start(
        self, interpreter: Interpreter, environment: Mapping[str, str], hash_seed: int
    ) -> ForkServer | None:
        """Start one, with none of the folders that belong to a single run."""
        env = choose_environment(environment, interpreter, hash_seed)
        env |= {"HOME": str(self._folder), "TMPDIR": str(self._folder)}
        if interpreter.overlay:
            env["PYTHONPATH"] = str(interpreter.overlay)
        programs = () if hash_seed else self._programs
        return await ForkServer.start([str(interpreter.executable), str(PROGRAM), *programs], env)
