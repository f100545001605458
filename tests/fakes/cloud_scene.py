"""A scene of a fake OpenHands Cloud, a fake sandbox and backends in front of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from openhands_testgen.backends.cloud import CloudBackend
from openhands_testgen.backends.cloud_sandboxes import Sandboxes
from openhands_testgen.clients.cloud import CloudClient
from openhands_testgen.clients.http import Patience
from openhands_testgen.domain.revision import Revision
from openhands_testgen.domain.task import TaskState
from openhands_testgen.errors import GenerationError
from tests.fakes.cloud import KEY, FakeCloud
from tests.fakes.orders import make_order, make_project, make_task_id
from tests.fakes.surroundings import FakeClock, RecordingProgress

if TYPE_CHECKING:
    from pathlib import Path

    from openhands_testgen.domain.task import Order
    from openhands_testgen.domain.task_id import TaskId
    from tests.fakes.agent_server import FakeAgentServer

HASTE = Patience(request_seconds=2, connect_seconds=1, first_retry_seconds=0.01)
COMMIT = "c" * 40
REPOSITORY = "owner/shop"
PUSHED = Revision(REPOSITORY, "github", "topic", COMMIT, "")
TEST = b"def test_it():\r\n    assert '\xc3\xa9'"


def make_step(kind: str = "TerminalAction", **content: object) -> dict[str, object]:
    """Make an action as the service has it."""
    return {
        "id": "00000000-0000-0000-0000-00000000000f",
        "timestamp": "2026-11-23T21:44:30.987355",
        "source": "agent",
        "thought": [],
        "action": {"kind": kind, **content},
        "tool_name": "x",
        "tool_call_id": "x",
        "tool_call": {"id": "x", "name": "x", "arguments": "{}", "origin": "completion"},
        "llm_response_id": "x",
        "kind": "ActionEvent",
    }


RUN = make_step(command="pytest")
FINISHED = make_step("FinishAction", message="I wrote them.")


@dataclass
class Scene:
    """A service, a sandbox, and backends in front of them."""

    cloud: FakeCloud
    sandbox: FakeAgentServer
    root: Path
    revision: Revision | None = PUSHED
    clock: FakeClock = field(default_factory=FakeClock)
    progress: RecordingProgress = field(default_factory=RecordingProgress)
    learned: list[str] = field(default_factory=list)
    backends: list[CloudBackend] = field(default_factory=list)

    def build(self, key: str = KEY) -> CloudBackend:
        """Build another backend, as another process would have."""
        client = CloudClient(self.cloud.url, key, "bearer", HASTE)
        sandboxes = Sandboxes(self.learned.append, needs_tls=False, patience=HASTE)
        backend = CloudBackend(client, sandboxes, self.find, self.clock, self.progress)
        self.backends.append(backend)
        return backend

    def find(self, folder: Path) -> Revision | None:
        """Tell where the project is pushed."""
        assert folder == self.root
        return self.revision

    def order(self, number: int = 1, **changes: object) -> Order:
        """Make an order for the project."""
        return make_order(make_project(self.root), number, **changes)

    async def submit(self, backend: CloudBackend, number: int = 1, **changes: object) -> TaskId:
        """Submit an order and return its id."""
        order = self.order(number, **changes)
        return make_task_id(order, "cloud", (await backend.submit(order)).reference)

    async def run(self, backend: CloudBackend, **changes: object) -> TaskId:
        """Submit an order and wait for its end."""
        task_id = await self.submit(backend, 1, **changes)
        while not (await look(backend, task_id)).status.is_final:
            pass
        return task_id

    def forget(self) -> int:
        """Forget the requests so far."""
        self.cloud.requests.clear()
        return len(self.sandbox.requests)


async def look(backend: CloudBackend, task_id: TaskId) -> TaskState:
    """Return where a task stands."""
    state = (await backend.get_states([task_id]))[task_id.conversation_id]
    assert isinstance(state, TaskState), state
    return state


async def fail(backend: CloudBackend, task_id: TaskId) -> GenerationError:
    """Return why it is not known where a task stands."""
    error = (await backend.get_states([task_id]))[task_id.conversation_id]
    assert isinstance(error, GenerationError), error
    return error
