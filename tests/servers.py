"""The real agent server for tests: one start for a whole session, and nothing left behind."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from openhands_testgen.backends.agent_server import PLACE
from openhands_testgen.backends.engine.server import find_free_port
from openhands_testgen.clients.service import KEEPER

HOME = Path(__file__).parents[1]
START_SECONDS = 240
STOP_SECONDS = 20


@dataclass
class RealServer:
    """An agent server under a keeper, which ends with this process however that comes.

    The folder is short because tmux puts its sockets there. Port, key and data stay the same when
    the server is killed and started again.
    """

    python: Path
    key: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    port: int = field(default_factory=find_free_port)
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="oht-")))
    _secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    _keeper: subprocess.Popen[bytes] | None = None
    _pid: int = 0

    @property
    def url(self) -> str:
        """The address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it takes requests."""
        for name in ("home", "cwd", "t"):
            (self.folder / name).mkdir(exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._keeper = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-S", str(KEEPER)),
                    *(str(self.python), "-m", "openhands.agent_server"),
                    *("--host", "127.0.0.1", "--port", str(self.port)),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self.folder / "cwd",
                env=self._build_environment(),
                start_new_session=True,
            )
        assert self._keeper.stdout is not None
        self._pid = int(self._keeper.stdout.readline())
        self._wait_until_ready(self._keeper)

    def kill(self) -> None:
        """Kill the server as a machine short of memory does; its keeper reaps what it leaves."""
        os.kill(self._pid, signal.SIGKILL)
        self._end_keeper()

    def close(self) -> None:
        """Stop it with all that it started, and remove what it wrote."""
        self._end_keeper()
        for conversation in (self.folder / "conversations").glob("*"):
            shutil.rmtree(Path(PLACE) / conversation.name, ignore_errors=True)
        shutil.rmtree(self.folder)

    def read_log(self) -> str:
        """Return what it printed."""
        return (self.folder / "log").read_text("utf-8", "replace")

    def _end_keeper(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            with keeper:
                assert keeper.stdin is not None
                keeper.stdin.close()
                keeper.wait(STOP_SECONDS)

    def _wait_until_ready(self, keeper: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert keeper.poll() is None, self.read_log()[-2000:]
            if self._is_ready():
                return
            time.sleep(0.2)
        message = f"the agent server was not ready within {START_SECONDS} s"
        raise TimeoutError(message)

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/ready", timeout=2).is_success
        except httpx.HTTPError:
            return False

    def _build_environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.folder / "home"),
            "TMUX_TMPDIR": str(self.folder / "t"),
            "OH_CONVERSATIONS_PATH": str(self.folder / "conversations"),
            "OH_BASH_EVENTS_DIR": str(self.folder / "bash"),
            "OH_WORKSPACE_PATH": str(self.folder / "workspace"),
            "OH_PERSISTENCE_DIR": str(self.folder / "persistence"),
            "OH_SESSION_API_KEYS_0": self.key,
            "OH_SECRET_KEY": self._secret,
            "OH_ENABLE_VSCODE": "false",
            # A killed server that nobody has waited for yet would count as the owner.
            "OH_LEASE_TTL_SECONDS": "0",
            "OPENHANDS_SUPPRESS_BANNER": "1",
            # Without it the model price list is fetched at import, which fails offline.
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }


def find_engine_python() -> Path:
    """Return the interpreter of the engine's environment, which is installed if it has to be."""
    program = [str(HOME / "runner" / "environment"), "engine"]
    shown = subprocess.run(program, check=True, stdout=subprocess.PIPE, text=True)
    return Path(shown.stdout.strip()) / "bin" / "python"
