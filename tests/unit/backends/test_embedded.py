"""The embedded backend: files in, files out; an engine is started when there is none."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.backends.embedded import CANCEL_SECONDS, REFERENCE, EmbeddedBackend
from openhands_testgen.clients.state_folder import EngineSeat, StateFolder
from openhands_testgen.domain.task import Conclusion, Status, TaskState
from openhands_testgen.errors import BackendError, ConfigurationError, TaskIdError
from tests.fakes.orders import MODULE, OUTPUT, make_order, make_project, make_task_id
from tests.fakes.surroundings import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

    from openhands_testgen.domain.task import Order
    from openhands_testgen.domain.task_id import TaskId

pytestmark = pytest.mark.anyio
RUNNING, DONE = TaskState(Status.RUNNING), TaskState(Status.COMPLETED)


@dataclass
class Scene:
    """A state folder and a backend whose engines are only counted."""

    root: Path
    clock: FakeClock = field(default_factory=FakeClock)
    started: int = 0
    seat: EngineSeat | None = None

    def __post_init__(self) -> None:
        self.folder = StateFolder(self.root / "state")
        self.backend = EmbeddedBackend(self.folder, self.start_engine, self.clock)
        self.order: Order = make_order(make_project(self.root / "project"))

    def start_engine(self) -> None:
        self.started += 1

    def sit(self) -> None:
        self.seat = self.folder.become_engine()

    async def submit(self) -> TaskId:
        receipt = await self.backend.submit(self.order)
        return make_task_id(self.order, "embedded", receipt.reference)

    async def look(self, task_id: TaskId) -> object:
        return (await self.backend.get_states([task_id]))[task_id.conversation_id]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def test_a_submit_starts_an_engine_and_the_task_is_queued(scene: Scene) -> None:
    task_id = await scene.submit()
    scene.sit()
    assert await scene.look(task_id) == TaskState(Status.QUEUED)
    assert scene.started == 1


async def test_a_task_in_line_says_how_many_are_before_it(scene: Scene) -> None:
    await scene.submit()
    scene.order = replace(scene.order, conversation_id="f" * 32)
    second = await scene.submit()
    assert await scene.look(second) == TaskState(
        Status.QUEUED, step="1 unfinished before it in line"
    )
    scene.folder.list_tasks()[0].write_state(DONE)
    assert await scene.look(second) == TaskState(Status.QUEUED)


async def test_an_engine_that_lives_is_not_started_again(scene: Scene) -> None:
    await scene.submit()
    scene.sit()
    await scene.submit()
    assert scene.started == 1


async def test_a_look_replaces_an_engine_that_died_over_its_work(scene: Scene) -> None:
    task_id = await scene.submit()
    await scene.look(task_id)
    assert scene.started == 2


async def test_a_finished_task_needs_no_engine(scene: Scene) -> None:
    task_id = await scene.submit()
    scene.folder.list_tasks()[0].write_state(DONE)
    assert await scene.look(task_id) == DONE
    assert scene.started == 1


async def test_a_failure_of_the_engine_is_an_error(scene: Scene) -> None:
    task_id = await scene.submit()
    scene.folder.list_tasks()[0].fail("the server does not start")
    error = await scene.look(task_id)
    assert isinstance(error, BackendError)
    assert str(error) == "the server does not start"


async def test_a_task_of_another_machine_says_so(scene: Scene) -> None:
    await scene.submit()
    foreign = make_task_id(scene.order, "embedded", {REFERENCE: "0" * 16})
    error = await scene.look(foreign)
    assert isinstance(error, TaskIdError)
    assert "another machine or job" in str(error)
    assert "`server-url`" in str(error)


async def test_a_machine_without_any_engine_says_so_and_makes_nothing(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    error = await scene.look(make_task_id(scene.order, "embedded", {REFERENCE: "0" * 16}))
    assert isinstance(error, TaskIdError)
    assert not scene.folder.root.exists()


async def test_a_task_that_was_removed_says_so(scene: Scene) -> None:
    await scene.submit()
    order = make_order(scene.order.snapshot, 2)
    reference = {REFERENCE: scene.folder.read_engine_id()}
    error = await scene.look(make_task_id(order, "embedded", reference))
    assert isinstance(error, TaskIdError)
    assert "no such task" in str(error)


async def test_a_project_that_cannot_be_copied_is_named(scene: Scene) -> None:
    (scene.root / "project" / MODULE).unlink()
    with pytest.raises(ConfigurationError, match=r"^working-directory: .*could not be copied"):
        await scene.submit()
    assert scene.started == 0


async def test_work_comes_from_the_files(scene: Scene) -> None:
    task_id = await scene.submit()
    (task,) = scene.folder.list_tasks()
    (task.repository / OUTPUT).write_bytes(b"def test(): ...")
    task.write_record("trajectory.zip", b"PK")
    task.write_record("last-words.txt", b"Done.")
    work = await scene.backend.get_work(task_id)
    assert [(file.path, file.content) for file in work.files] == [(OUTPUT, b"def test(): ...")]
    assert (work.records, work.final_message) == ({"trajectory.zip": b"PK"}, "Done.")


async def test_work_without_records_is_work(scene: Scene) -> None:
    work = await scene.backend.get_work(await scene.submit())
    assert (work.files, work.records, work.final_message) == ((), {}, "")


async def test_cancelling_a_queued_task_needs_no_engine(scene: Scene) -> None:
    task_id = await scene.submit()
    await scene.backend.cancel(task_id)
    state = await scene.look(task_id)
    assert isinstance(state, TaskState)
    assert state.conclusion is Conclusion.CANCELLED


async def test_cancelling_waits_for_the_engines_word(scene: Scene) -> None:
    task_id = await scene.submit()
    scene.sit()
    (task,) = scene.folder.list_tasks()
    task.write_state(RUNNING)
    with pytest.raises(BackendError, match="did not confirm"):
        await scene.backend.cancel(task_id)
    assert task.is_cancelled
    assert sum(scene.clock.sleeps) >= CANCEL_SECONDS


async def test_cancelling_a_finished_task_does_nothing(scene: Scene) -> None:
    task_id = await scene.submit()
    (task,) = scene.folder.list_tasks()
    task.write_state(DONE)
    await scene.backend.cancel(task_id)
    assert await scene.look(task_id) == DONE
    assert scene.clock.sleeps == []
