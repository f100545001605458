"""Every fault at every point in the life of a task ends, in the right way, and is paid once."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.backends.agent_server import AgentServerBackend
from openhands_testgen.backends.embedded import EmbeddedBackend
from openhands_testgen.clients.agent_server import AgentServerClient
from openhands_testgen.clients.http import Patience
from openhands_testgen.collect import Collector
from openhands_testgen.domain.outcome import choose_worst
from openhands_testgen.domain.polling import Pace
from openhands_testgen.domain.task import Status
from openhands_testgen.domain.verdict import Verdict, Verification
from openhands_testgen.errors import GenerationError
from openhands_testgen.wait import WaitPlan
from tests.fakes import cloud_scene
from tests.fakes.agent_server import KEY, FakeAgentServer
from tests.fakes.cloud import FakeCloud
from tests.fakes.cloud_scene import REPOSITORY, RUN, TEST, Scene
from tests.fakes.engine import FastClock, LocalAgentServer
from tests.fakes.engine import Scene as EngineScene
from tests.fakes.http import FakeServer, Fault
from tests.fakes.orders import FILES, OUTPUT, make_order, make_project, make_task_id
from tests.fakes.surroundings import (
    FakeClock,
    FakeProject,
    FakeVerifier,
    RecordingArchive,
    RecordingProgress,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from openhands_testgen.domain.ports import Backend, Clock
    from openhands_testgen.domain.report import Report
    from openhands_testgen.domain.task_id import TaskId

pytestmark = pytest.mark.anyio
HURRY = Patience(request_seconds=0.5, connect_seconds=0.5, first_retry_seconds=0.01)
PLAN = WaitPlan(timeout_seconds=20, pace=Pace(5))
SOUND = Verification(Verdict.ACCEPTED, (), content=TEST)
ALWAYS = 1_000_000
NOW = {"Retry-After": "0"}
# What the fault is, and how often it comes.
PASSING: dict[str, Fault] = {
    "500 once": Fault(status=500, times=1),
    "502 once": Fault(status=502, times=1),
    "503 once, asks to wait": Fault(status=503, times=1, headers=NOW),
    "429 once, asks to wait": Fault(status=429, times=1, headers=NOW),
    "cut once": Fault(kind="cut", times=1),
    "done, but not answered": Fault(kind="lost", times=1),
    "garbage once": Fault(kind="garbage", times=1),
    "slow": Fault(kind="slow", times=ALWAYS),
}
LASTING: dict[str, Fault] = {
    "500": Fault(status=500),
    "503": Fault(status=503),
    "429": Fault(status=429, headers=NOW),
    "cut": Fault(kind="cut"),
    "garbage": Fault(kind="garbage"),
    "hang": Fault(kind="hang"),
    "401": Fault(status=401),
    "404": Fault(status=404),
}
# How a lasting fault ends, by its point: the exit codes of the table in the README.
CODES: dict[str, dict[str, set[int]]] = {
    "submit": {"401": {4}, "": {5}},
    "look": {"401": {4}, "404": {5, 8}, "": {5}},
    "fetch": {"401": {4, 5}, "404": {5, 6, 8}, "": {5}},
}
# Between collect and the engine's server stands the engine: it waits for a server that comes and
# goes as long as collect waits, and what it keeps of a conversation is no part of the tests.
EMBEDDED_CODES: dict[str, dict[str, set[int]]] = {
    "submit": {"401": {5}, "404": {5}, "": {5, 7}},
    "look": {"401": {5}, "404": {5, 6, 8}, "": {5, 7}},
    "fetch": {"hang": {0, 7}, "": {0}},
}
EMBEDDED_PLAN = WaitPlan(timeout_seconds=200, pace=Pace(5))
# Where the servers break: the service of the cloud first, then the agent server.
POINTS = {
    "submit": {
        "agent-server": [("POST", r"^/api/conversations$")],
        "cloud": [("POST", r"^/api/v1/app-conversations$")],
        "embedded": [("POST", r"^/api/conversations$")],
    },
    "look": {
        "agent-server": [("GET", r"^/api/conversations$")],
        "cloud": [("GET", r"^/api/v1/app-conversations$")],
        "embedded": [("GET", r"^/api/conversations$")],
    },
    "fetch": {
        "agent-server": [("", r"^/api/(bash|file)/")],
        "cloud": [("GET", r"^/api/v1/app-conversations/.+/(file|git)"), ("", r"^/api/bash/")],
        "embedded": [("GET", r"^/api/(conversations/.+/agent_final|file/)")],
    },
}


@dataclass
class Stage:
    """A backend in front of its servers, and all that a collect needs."""

    backend: Backend
    servers: tuple[FakeServer, ...]
    agents: FakeAgentServer
    project: FakeProject
    folder: Path
    clock: Clock
    plan: WaitPlan = PLAN
    codes: dict[str, dict[str, set[int]]] = field(default_factory=lambda: CODES)

    def break_at(self, point: str, fault: Fault) -> None:
        """Have the servers fail at a point from now on."""
        for server, (method, path) in zip(
            self.servers, POINTS[point][self.backend.name], strict=False
        ):
            server.faults.append(
                Fault(path, fault.status, fault.kind, fault.times, dict(fault.headers), method)
            )

    async def submit(self) -> TaskId | GenerationError:
        """Submit once more when the answer was lost, as a step that is run again does."""
        order = make_order(make_project(self.folder))
        try:
            receipt = await self.backend.submit(order)
        except GenerationError as error:
            return error
        return make_task_id(order, self.backend.name, receipt.reference)

    async def collect(self, task_id: TaskId) -> Report:
        """Collect, and return the report."""
        reports: dict[str, Report] = {}
        collector = Collector(
            backend=self.backend,
            project=self.project,
            verifier=FakeVerifier(SOUND),
            archive=RecordingArchive(),
            progress=RecordingProgress(),
            clock=self.clock,
            judging_slots=asyncio.Semaphore(1),
            has_secret=lambda content: b"planted-key" in content,
        )
        await collector.collect([task_id], self.plan, reports)
        return reports[task_id.conversation_id]


def build(name: str, folder: Path, stack: ExitStack) -> Stage:
    agents = stack.enter_context(FakeAgentServer(looks=2, output=TEST, events=[RUN]))
    clock, project = FakeClock(), FakeProject(dict(FILES))
    if name == "agent-server":
        backend = AgentServerBackend(AgentServerClient(agents.url, KEY, HURRY))
        return Stage(backend, (agents,), agents, project, folder, clock)
    cloud = stack.enter_context(FakeCloud(sandbox=agents, clones={REPOSITORY: dict(FILES)}))
    scene = Scene(cloud, agents, folder, clock=clock)
    return Stage(scene.build(), (cloud, agents), agents, project, folder, clock)


@asynccontextmanager
async def open_embedded(folder: Path, stack: ExitStack) -> AsyncIterator[Stage]:
    """Run an engine in this process; its server is the fake one."""
    agents = stack.enter_context(LocalAgentServer(looks=2, output=TEST, events=[RUN]))
    scene = EngineScene(folder / "engine", agents, idle_seconds=1_000_000)
    scene.server.patience = HURRY
    engine = asyncio.create_task(scene.make_engine().run())
    clock, project = FastClock(), FakeProject(dict(FILES))
    backend = EmbeddedBackend(scene.folder, lambda: None, clock)
    yield Stage(
        *(backend, (agents,), agents, project, folder / "project", clock),
        plan=EMBEDDED_PLAN,
        codes=EMBEDDED_CODES,
    )
    engine.cancel()
    await asyncio.gather(engine, return_exceptions=True)


@pytest.fixture(params=["agent-server", "cloud", "embedded"])
async def stage(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    monkeypatch.setattr(cloud_scene, "HASTE", HURRY)
    with ExitStack() as stack:
        if request.param == "embedded":
            async with open_embedded(tmp_path, stack) as made:
                yield made
            return
        made = build(request.param, tmp_path, stack)
        yield made
        await made.backend.aclose()


@pytest.mark.parametrize("kind", PASSING)
@pytest.mark.parametrize("point", POINTS)
async def test_a_passing_fault_costs_nothing(stage: Stage, point: str, kind: str) -> None:
    stage.break_at(point, PASSING[kind])
    task_id = await stage.submit()
    assert not isinstance(task_id, GenerationError), task_id
    report = await stage.collect(task_id)
    assert (report.exit_code, report.verdict) == (0, Verdict.ACCEPTED), report.error
    assert stage.project.files[OUTPUT] == TEST
    assert stage.agents.created == 1


@pytest.mark.parametrize("kind", LASTING)
@pytest.mark.parametrize("point", POINTS)
async def test_a_lasting_fault_ends_with_its_exit_code(stage: Stage, point: str, kind: str) -> None:
    if point == "submit":
        stage.break_at(point, LASTING[kind])
    task_id = await stage.submit()
    allowed = stage.codes[point].get(kind, stage.codes[point][""])
    if isinstance(task_id, GenerationError):
        assert point == "submit"
        assert task_id.exit_code in allowed, task_id
        assert stage.agents.created == 0
        return
    stage.break_at(point, LASTING[kind])
    began = stage.clock.monotonic()
    report = await stage.collect(task_id)
    codes = choose_worst([report.exit_code, report.failure.exit_code if report.failure else 0])
    assert codes in allowed, (report.exit_code, report.error)
    assert stage.agents.created <= 1
    if codes == 0:
        assert stage.project.files[OUTPUT] == TEST
        return
    assert report.error
    assert report.state.status in {Status.QUEUED, Status.RUNNING, Status.COMPLETED, Status.FAILED}
    assert OUTPUT not in stage.project.files
    if isinstance(stage.clock, FakeClock):
        longest_seconds = stage.plan.timeout_seconds + stage.plan.pace.poll_interval_seconds
        assert stage.clock.monotonic() - began <= longest_seconds
