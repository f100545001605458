"""What the suite needs of a backend: the backend, and an agent that does as it is told."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import TYPE_CHECKING, Protocol

from openhands_testgen.backends.agent_server import AgentServerBackend
from openhands_testgen.backends.cloud import CloudBackend
from openhands_testgen.backends.cloud_sandboxes import Sandboxes
from openhands_testgen.bootstrap_backend import build_backend
from openhands_testgen.clients.agent_server import AgentServerClient
from openhands_testgen.clients.clock import SystemClock
from openhands_testgen.clients.cloud import CloudClient
from openhands_testgen.domain.task import ChangedFile, Conclusion, Model, Status, TaskState
from openhands_testgen.reporting.progress import NoProgress
from tests.contract.play import Ending
from tests.fakes.backend import FakeBackend
from tests.fakes.cloud import KEY as CLOUD_KEY
from tests.fakes.cloud import FakeCloud
from tests.fakes.http import Fault as HttpFault
from tests.fakes.model import KEY, NAME, FakeModel, Fault, delete, finish, grow, link, run, write
from tests.fakes.proxy import FaultyProxy
from tests.fakes.surroundings import RecordingProgress

if TYPE_CHECKING:
    from pathlib import Path

    from openhands_testgen.domain.ports import Backend
    from openhands_testgen.offline.chat import Reply
    from tests.contract.play import Play
    from tests.servers import RealServer


class Harness(Protocol):
    """One backend under test."""

    @property
    def backend(self) -> Backend:
        """The backend."""

    def hire(self, play: Play) -> Model:
        """Return the model for orders whose agent does what ``play`` says."""

    def count_started(self) -> int:
        """Count the agents that were started by orders with the models of ``hire``."""

    def lose_answer(self) -> None:
        """Let the next submit's request be done, and its answer be lost."""

    async def restart(self) -> None:
        """Kill what runs the agents in the midst of its work, and let it come back."""

    async def aclose(self) -> None:
        """Stop what was started for the test."""


class FakeHarness:
    """The fake backend: it plays the play itself."""

    def __init__(self) -> None:
        """Make the backend."""
        self.backend = FakeBackend()

    def hire(self, play: Play) -> Model:
        """Have the backend play it."""
        self.backend.script = (_RUNNING, _ENDS[play.ending])
        self.backend.files = (
            *(ChangedFile(path, content) for path, content in play.files.items()),
            *(ChangedFile(path, None, "a link") for path in play.links),
            *(ChangedFile(path, None, "too large") for path in play.sizes_bytes),
            *(ChangedFile(path, None, "deleted") for path in play.deleted),
        )
        self.backend.last_words = play.last_words
        return Model(NAME, KEY)

    def count_started(self) -> int:
        """Count what the backend started."""
        return self.backend.started

    def lose_answer(self) -> None:
        """Nothing can be lost within a process."""

    async def restart(self) -> None:
        """Nothing runs that could be killed."""

    async def aclose(self) -> None:
        """Nothing was started."""


_RUNNING = TaskState(Status.RUNNING, started_at="2026-01-01T00:00:00Z")
_OVER = TaskState(
    Status.COMPLETED,
    started_at="2026-01-01T00:00:00Z",
    completed_at="2026-01-01T00:00:09Z",
    steps=3,
)
_ENDS = {
    Ending.FINISHED: _OVER,
    Ending.STUCK: TaskState(Status.FAILED, Conclusion.STUCK, error="The agent repeated itself."),
    Ending.TOO_MANY_STEPS: TaskState(
        Status.FAILED, Conclusion.OVER_BUDGET, error="MaxIterationsReached: 4"
    ),
    Ending.REFUSED: TaskState(
        Status.FAILED, Conclusion.AGENT_ERROR, error="LLMAuthenticationError: refused"
    ),
    Ending.NEVER: _RUNNING,
}


class ModelHarness:
    """A backend with real agents: their model follows a script."""

    def __init__(self, backend: Backend) -> None:
        """Take the backend."""
        self.backend = backend
        self._models: list[FakeModel] = []

    def hire(self, play: Play) -> Model:
        """Start a model that has an agent play it."""
        model = FakeModel(*render_script(play))
        model.start()
        self._models.append(model)
        return Model(NAME, KEY, model.base_url)

    def count_started(self) -> int:
        """Count the conversations that began."""
        return sum(model.turns.count(0) for model in self._models)

    async def aclose(self) -> None:
        """Stop the models and close the backend."""
        for model in self._models:
            model.close()
        await self.backend.aclose()


class ServerHarness(ModelHarness):
    """The backend ``agent-server``: a proxy in front of the real agent server."""

    def __init__(self, server: RealServer) -> None:
        """Start the proxy."""
        self._server = server
        self._proxy = FaultyProxy(target=server.url)
        self._proxy.__enter__()
        super().__init__(AgentServerBackend(AgentServerClient(self._proxy.url, server.key)))

    def lose_answer(self) -> None:
        """Lose it between the proxy and us."""
        self._proxy.faults.append(
            HttpFault(r"^/api/conversations$", kind="lost", times=1, method="POST")
        )

    async def restart(self) -> None:
        """Kill the server."""
        await restart(self._server)

    async def aclose(self) -> None:
        """Stop the proxy."""
        await super().aclose()
        self._proxy.__exit__(None, None, None)


class EmbeddedHarness(ModelHarness):
    """The backend ``embedded``: an engine of its own process, with a real agent server."""

    def __init__(self, state_dir: Path) -> None:
        """Take the state folder."""
        self._card = state_dir / "engine.json"
        super().__init__(build_backend("embedded", {"state_dir": str(state_dir)}, NoProgress()))

    def lose_answer(self) -> None:
        """Nothing: a submit writes files, and hears of no answer."""

    async def restart(self) -> None:
        """Kill the engine's server; the engine starts another one."""
        os.kill(int(json.loads(self._card.read_bytes())["server_pid"]), signal.SIGKILL)


class CloudHarness(ModelHarness):
    """The backend ``cloud``: a fake service in front of a sandbox with a real agent server."""

    def __init__(self, server: RealServer, folder: Path) -> None:
        """Start the service; the agents work in ``folder``."""
        self._server = server
        self._cloud = FakeCloud(sandbox=server, projects=str(folder), is_judged=False)
        self._cloud.__enter__()
        client = CloudClient(self._cloud.url, CLOUD_KEY, "bearer")
        sandboxes = Sandboxes(lambda _: None, needs_tls=False)
        super().__init__(
            CloudBackend(client, sandboxes, lambda _: None, SystemClock(), RecordingProgress())
        )

    def hire(self, play: Play) -> Model:
        """Start a model that the service knows by a name of its own; without a key."""
        model = super().hire(play)
        name = f"{model.name}-{len(self._models)}"
        self._cloud.models[name] = (model.base_url, model.api_key)
        return Model(name)

    def lose_answer(self) -> None:
        """Lose it between the service and us."""
        self._cloud.faults.append(
            HttpFault(r"^/api/v1/app-conversations$", kind="lost", times=1, method="POST")
        )

    async def restart(self) -> None:
        """Kill the sandbox's agent server."""
        await restart(self._server)

    async def aclose(self) -> None:
        """Stop the service; every request to it kept to the contract."""
        await super().aclose()
        self._cloud.__exit__(None, None, None)
        assert self._cloud.violations == []


async def restart(server: RealServer) -> None:
    """Kill a server and start it again, while the loop goes on."""
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)


def render_script(play: Play) -> tuple[Reply | Fault, ...]:
    """Render a play as the turns of a model; the last one is repeated for ever."""
    acts: list[Reply | Fault] = [
        *(write(path, content) for path, content in play.files.items()),
        *(link(path, target) for path, target in play.links.items()),
        *(grow(path, size) for path, size in play.sizes_bytes.items()),
        *(delete(path) for path in play.deleted),
        *([run(f"sleep {play.seconds}")] if play.seconds else []),
    ]
    return (*acts, *_render_ending(play))


def _render_ending(play: Play) -> tuple[Reply | Fault, ...]:
    match play.ending:
        case Ending.FINISHED:
            return (finish(play.last_words),)
        case Ending.STUCK:
            return (run("echo again"),)
        case Ending.TOO_MANY_STEPS:
            return tuple(run(f"echo {number}") for number in range(50))
        case Ending.REFUSED:
            return (Fault(status=401),)
        case Ending.NEVER:
            return (run("sleep 600"),)
