"""The engine's whole life over real files, with a fake server behind real HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.backends.engine.engine import MAX_FAILED_STARTS
from openhands_testgen.domain.task import Conclusion, Limits, Status
from tests.fakes.agent_server import FakeAgentServer, Fault
from tests.fakes.engine import Scene
from tests.fakes.orders import make_order

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from openhands_testgen.clients.task_folder import StoredState, TaskFolder

pytestmark = pytest.mark.anyio


@pytest.fixture
def http() -> Iterator[FakeAgentServer]:
    with FakeAgentServer() as server:
        yield server


@pytest.fixture
def scene(tmp_path: Path, http: FakeAgentServer) -> Scene:
    return Scene(tmp_path, http)


def read(task: TaskFolder) -> StoredState:
    stored = task.read_state()
    assert stored is not None
    return stored


async def test_a_task_is_served_and_its_records_kept(scene: Scene) -> None:
    task = scene.add()
    await scene.run()
    assert read(task).state.status is Status.COMPLETED
    assert task.read_record("last-words.txt") == b"All done."
    assert task.read_record("trajectory.zip") == b"PK"
    assert (scene.server.starts, scene.server.is_running) == (1, False)


async def test_the_agent_works_in_a_repository_with_one_commit(scene: Scene) -> None:
    task = scene.add()
    await scene.run()
    (conversation,) = scene.http.conversations.values()
    assert conversation["workspace"] == {
        "kind": "LocalWorkspace",
        "working_dir": str(task.repository),
    }
    assert (task.repository / ".git" / "refs" / "heads").is_dir()
    assert scene.models.resolved[0].api_key == "planted-model-key"


async def test_more_tasks_than_room_wait_and_all_end(scene: Scene) -> None:
    tasks = [scene.add(number) for number in range(1, 8)]
    await scene.run(room=2)
    assert [read(task).state.status for task in tasks] == [Status.COMPLETED] * 7
    assert scene.http.created == 7


async def test_a_full_server_is_asked_again(scene: Scene) -> None:
    task = scene.add()
    scene.http.faults.append(Fault(path=r"^/api/conversations$", status=429, times=7))
    await scene.run()
    assert read(task).state.status is Status.COMPLETED


async def test_no_work_needs_no_server(scene: Scene) -> None:
    await scene.run()
    assert scene.server.starts == 0
    assert not scene.folder.is_engine_alive()


async def test_a_second_engine_leaves_at_once(scene: Scene) -> None:
    seat = scene.folder.become_engine()
    assert seat is not None
    scene.add()
    await scene.run()
    assert scene.server.starts == 0
    seat.leave()


async def test_a_task_cancelled_before_it_started_never_starts(scene: Scene) -> None:
    task = scene.add()
    task.mark_cancelled()
    await scene.run()
    assert read(task).state.conclusion is Conclusion.CANCELLED
    assert (scene.server.starts, scene.http.created) == (0, 0)


async def test_a_running_agent_is_interrupted_once(scene: Scene) -> None:
    scene.http.looks = 1_000_000
    task = scene.add()
    running = asyncio.create_task(scene.run())
    while not scene.http.created:
        await asyncio.sleep(0.01)
    task.mark_cancelled()
    await running
    assert read(task).state.conclusion is Conclusion.CANCELLED
    assert len(scene.http.interrupted) == 1


async def test_a_server_that_died_is_replaced(scene: Scene) -> None:
    scene.http.looks = 5
    task = scene.add()
    running = asyncio.create_task(scene.run())
    while not scene.http.created:
        await asyncio.sleep(0.01)
    scene.server.is_running = False
    await running
    assert read(task).state.status is Status.COMPLETED
    assert scene.server.starts == 2


async def test_a_server_that_fails_to_start_is_tried_again(scene: Scene) -> None:
    scene.server.failures = MAX_FAILED_STARTS - 1
    task = scene.add()
    await scene.run()
    assert read(task).state.status is Status.COMPLETED
    assert any("Trying again" in line for line in scene.progress.lines)


async def test_a_server_that_never_starts_fails_the_tasks_and_says_why(scene: Scene) -> None:
    scene.server.failures = 1_000
    task = scene.add()
    await scene.run()
    assert read(task).failure == "The agent server ended while it started: no room."
    assert scene.server.starts == MAX_FAILED_STARTS
    assert not (task.path / "key").exists()


async def test_a_task_that_the_server_lost_is_lost(scene: Scene) -> None:
    scene.http.looks = 1_000_000
    task = scene.add()
    running = asyncio.create_task(scene.run())
    while not scene.http.created:
        await asyncio.sleep(0.01)
    scene.http.conversations.clear()
    await running
    assert read(task).state.conclusion is Conclusion.LOST


async def test_another_task_under_the_same_id_is_never_taken_for_ours(scene: Scene) -> None:
    order = make_order(scene.snapshot)
    scene.http.create(
        {
            "conversation_id": "00000000-0000-0000-0000-000000000001",
            "workspace": {},
            "agent": {},
            "tags": {"order": "another"},
        }
    )
    task = scene.folder.add(order)
    await scene.run()
    assert "another task runs there" in read(task).failure


async def test_one_task_that_cannot_start_does_not_hide_the_others(scene: Scene) -> None:
    bad, good = scene.add(1), scene.add(2)
    (bad.path / "order.json").write_text("{")
    await scene.run()
    assert "cannot be read" in read(bad).failure
    assert read(good).state.status is Status.COMPLETED


async def test_an_agent_over_its_budget_is_stopped(scene: Scene) -> None:
    scene.http.looks = 1_000_000
    task = scene.add(limits=Limits(20, 0.5))
    running = asyncio.create_task(scene.run())
    while not scene.http.created:
        await asyncio.sleep(0.01)
    for conversation in scene.http.conversations.values():
        conversation["stats"] = {"usage_to_metrics": {"agent": {"accumulated_cost": 0.75}}}
    await running
    state = read(task).state
    assert state.conclusion is Conclusion.OVER_BUDGET
    assert state.error == "The agent was stopped: it has spent 0.75 USD, `max-cost` is 0.50."
    assert scene.http.interrupted


async def test_an_engine_whose_folder_is_gone_leaves(scene: Scene) -> None:
    scene.http.looks = 1_000_000
    scene.add()
    running = asyncio.create_task(scene.run())
    while not scene.http.created:
        await asyncio.sleep(0.01)
    (scene.folder.root / "engine.lock").unlink()
    await running
    assert not scene.server.is_running


async def test_a_task_added_while_the_engine_works_is_served_too(scene: Scene) -> None:
    scene.http.looks = 3
    first = scene.add(1)
    running = asyncio.create_task(scene.run())
    while not scene.http.created:
        await asyncio.sleep(0.01)
    second = scene.add(2)
    await running
    assert [read(one).state.status for one in (first, second)] == [Status.COMPLETED] * 2


async def test_an_order_served_before_is_not_served_again(scene: Scene) -> None:
    task = scene.add()
    await scene.run()
    before = read(task)
    await scene.run()
    assert read(task) == before
    assert scene.http.created == 1


async def test_an_agent_whose_server_was_asked_to_end_goes_on(scene: Scene) -> None:
    scene.http.looks = 1_000_000
    task = scene.add()
    running = asyncio.create_task(scene.run())
    while not scene.http.created:
        await asyncio.sleep(0.01)
    for conversation in scene.http.conversations.values():
        conversation["execution_status"] = "paused"
    scene.http.looks = 3
    await running
    assert read(task).state.status is Status.COMPLETED
    assert len(scene.http.resumed) == 1


async def test_an_agent_is_given_a_message_after_its_end(scene: Scene) -> None:
    task = scene.add()
    await scene.run()
    assert task.leave_message("mend the second test")
    assert not task.leave_message("mend the second test")
    assert (task.is_over, read(task).state.status) == (False, Status.RUNNING)
    await scene.run()
    assert read(task).state.status is Status.COMPLETED
    assert task.is_over
    (said,) = scene.http.said.values()
    assert len(said) == 1
