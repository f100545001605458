"""An engine over real files; the process of its agent server is a fake."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from openhands_testgen.backends.engine.engine import Engine, EnginePlan
from openhands_testgen.clients.agent_server import AgentServerClient
from openhands_testgen.clients.clock import SystemClock
from openhands_testgen.clients.http import Patience
from openhands_testgen.clients.state_folder import StateFolder
from openhands_testgen.errors import BackendError
from tests.fakes.agent_server import KEY, FakeAgentServer
from tests.fakes.orders import make_order, make_project
from tests.fakes.surroundings import RecordingProgress

if TYPE_CHECKING:
    from openhands_testgen.clients.task_folder import TaskFolder
    from openhands_testgen.domain.task import Model

HASTE = Patience(request_seconds=2, connect_seconds=2, first_retry_seconds=0.01)
NOW = 0.0
HASTE_FACTOR = 50


@dataclass
class FakeServerProcess:
    """Stands for the server's process: it "starts" at once, fails on request, can be killed."""

    http: FakeAgentServer
    failures: int = 0
    patience: Patience = HASTE
    starts: int = 0
    is_running: bool = False
    pid: int | None = None
    client: AgentServerClient | None = None

    async def start(self) -> AgentServerClient:
        await self.stop()
        self.starts += 1
        if self.failures:
            self.failures -= 1
            raise BackendError("The agent server ended while it started: no room.")
        self.is_running = True
        self.client = AgentServerClient(self.http.url, KEY, self.patience)
        return self.client

    async def stop(self) -> None:
        self.is_running = False
        if self.client:
            await self.client.aclose()


@dataclass
class FakeModels:
    """Knows every model as it is."""

    resolved: list[Model] = field(default_factory=list)

    def resolve(self, model: Model) -> Model:
        self.resolved.append(model)
        return model

    def close(self) -> None:
        """Nothing was started."""


class HastyClock(SystemClock):
    """A clock on which a pause is a breath."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / HASTE_FACTOR)


class FastClock(HastyClock):
    """A clock that goes as fast as its pauses are short."""

    def monotonic(self) -> float:
        return super().monotonic() * HASTE_FACTOR


class LocalAgentServer(FakeAgentServer):
    """Its agents work on files of this machine, as those of an engine's server do."""

    def create(self, body: dict[str, object]) -> tuple[int, object]:
        workspace = body["workspace"]
        assert isinstance(workspace, dict)
        for name, content in self.list_outputs().items():
            path = Path(workspace["working_dir"], name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return super().create(body)


@dataclass
class Scene:
    """An engine with all its surroundings in the hands of the test."""

    root: Path
    http: FakeAgentServer
    progress: RecordingProgress = field(default_factory=RecordingProgress)
    models: FakeModels = field(default_factory=FakeModels)
    idle_seconds: float = NOW

    def __post_init__(self) -> None:
        self.folder = StateFolder(self.root / "state")
        self.folder.prepare()
        self.server = FakeServerProcess(self.http)
        self.snapshot = make_project(self.root / "project")

    def add(self, number: int = 1, **changes: object) -> TaskFolder:
        return self.folder.add(make_order(self.snapshot, number, **changes))

    def make_engine(self, room: int = 10) -> Engine:
        return Engine(
            folder=self.folder,
            server=self.server,  # type: ignore[arg-type] # what the engine needs of a process
            models=self.models,
            progress=self.progress,
            clock=HastyClock(),
            plan=EnginePlan(room, self.idle_seconds),
        )

    async def run(self, room: int = 10) -> None:
        async with asyncio.timeout(60):
            await self.make_engine(room).run()
