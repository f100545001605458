"""The engine's agent server: installed, started on loopback with a fresh key, stopped."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from openhands_testgen.clients.service import Service
from openhands_testgen.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openhands_testgen.clients.agent_server import AgentServerClient

START_SECONDS = 180.0
LOOK_SECONDS = 0.3
LOG_TAIL_BYTES = 2_000
LOG_TAIL_LINES = 5


class Install(Protocol):
    """Installs the engine's locked environment once and returns its folder."""

    async def __call__(self) -> Path:
        """Install it, or find it installed."""


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """How the server runs: in ``folder``, with ``environment``, ``room`` conversations at once."""

    folder: Path
    environment: Mapping[str, str]
    room: int


class AgentServer:
    """One agent server at a time; a new one takes over the conversations of the last."""

    def __init__(self, plan: ServerPlan, install: Install) -> None:
        """Take the plan and what installs the server."""
        self._plan = plan
        self._install = install
        self._service: Service | None = None
        self._sockets: Path | None = None
        self.client: AgentServerClient | None = None

    @property
    def is_running(self) -> bool:
        """Whether the server's process lives."""
        return self._service is not None and self._service.is_running

    @property
    def pid(self) -> int | None:
        """The server's process id."""
        return self._service.pid if self._service else None

    async def start(self) -> AgentServerClient:
        """Start a server and return a client once it takes requests.

        Raises:
            BackendError: it cannot be installed, ended, or took too long.

        """
        from openhands_testgen.clients.agent_server import AgentServerClient

        await self.stop()
        python = await self._install() / "bin" / "python"
        key, port = secrets.token_urlsafe(32), find_free_port()
        self._service = await Service.start(
            [
                *(str(python), "-m", "openhands.agent_server"),
                *("--host", "127.0.0.1", "--port", str(port)),
            ],
            cwd=self._plan.folder,
            env=self._build_environment(key),
            log=self._log,
        )
        client = AgentServerClient(f"http://127.0.0.1:{port}", key)
        try:
            await self._wait_until_ready(client)
        except BaseException:
            await client.aclose()
            raise
        self.client = client
        return client

    async def stop(self) -> None:
        """Stop the server with everything that it started."""
        client, self.client = self.client, None
        service, self._service = self._service, None
        if client:
            await client.aclose()
        if service:
            await service.stop()
        if self._sockets:
            shutil.rmtree(self._sockets, ignore_errors=True)

    @property
    def _log(self) -> Path:
        return self._plan.folder / "server.log"

    async def _wait_until_ready(self, client: AgentServerClient) -> None:
        try:
            async with asyncio.timeout(START_SECONDS):
                while not await client.is_ready():
                    if not self.is_running:
                        message = f"The agent server ended while it started: {self._read_tail()}"
                        raise BackendError(message)
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError as exc:
            message = f"The agent server was not ready within {START_SECONDS:g} s."
            raise BackendError(message) from exc

    def _read_tail(self) -> str:
        content = self._log.read_bytes()[-LOG_TAIL_BYTES:].decode("utf-8", "replace")
        return " / ".join(content.splitlines()[-LOG_TAIL_LINES:])

    def _build_environment(self, key: str) -> dict[str, str]:
        folder = self._plan.folder
        own = {
            "OH_SESSION_API_KEYS_0": key,
            "OH_SECRET_KEY": self._read_secret(),
            "OH_CONVERSATIONS_PATH": str(folder / "conversations"),
            "OH_BASH_EVENTS_DIR": str(folder / "bash_events"),
            "OH_WORKSPACE_PATH": str(folder / "project"),
            "OH_PERSISTENCE_DIR": str(folder / "persistence"),
            # A server that was killed and not yet waited for would keep its conversations else.
            "OH_LEASE_TTL_SECONDS": "0",
            "OH_ENABLE_VSCODE": "false",
            "OH_PRELOAD_TOOLS": "false",
            "OH_MAX_CONCURRENT_RUNS": str(self._plan.room),
            "OPENHANDS_SUPPRESS_BANNER": "1",
            # Without it the model price list is fetched at import, which fails offline.
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "TMUX_TMPDIR": self._make_socket_folder(),
        }
        return {**self._plan.environment, **own}

    def _make_socket_folder(self) -> str:
        """Make a folder for tmux's sockets: their whole path may have 107 bytes at most."""
        self._sockets = Path(tempfile.mkdtemp(prefix="testgen-"))
        return str(self._sockets)

    def _read_secret(self) -> str:
        """Return the key of the secrets on disk: the next server must read what this one wrote."""
        path = self._plan.folder / "secret"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(32), encoding="ascii")
        return path.read_text(encoding="ascii")


def find_free_port() -> int:
    """Return a port of the loopback interface that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
