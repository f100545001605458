"""Fetching work from OpenHands Cloud and stopping agents there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from openhands_testgen.domain.revision import Revision
from openhands_testgen.domain.task import Conclusion, Limits, Status
from openhands_testgen.errors import (
    BackendError,
    TaskFailedError,
)
from tests.fakes.cloud_scene import COMMIT, FINISHED, REPOSITORY, RUN, TEST, look
from tests.fakes.http import Fault
from tests.fakes.orders import MODULE, OUTPUT

if TYPE_CHECKING:
    from openhands_testgen.backends.cloud import CloudBackend
    from openhands_testgen.domain.task_id import TaskId
    from tests.fakes.cloud_scene import Scene

SHOWN = "00000000-0000-0000-0000-000000000001"
LIMITS = Limits(20, None)
pytestmark = pytest.mark.anyio
STARTS = "^/api/v1/app-conversations$"


@pytest.mark.parametrize("is_hidden", [False, True])
async def test_the_file_comes_back(scene: Scene, backend: CloudBackend, is_hidden: bool) -> None:
    scene.cloud.is_hidden = is_hidden
    scene.sandbox.events = [RUN, FINISHED]
    work = await backend.get_work(await scene.run(backend))
    assert [(one.path, one.content) for one in work.files] == [(OUTPUT, TEST)]
    assert work.records["trajectory.zip"].startswith(b"PK")
    assert work.final_message == ("I wrote them." if is_hidden else "All done.")


async def test_the_service_is_asked_where_the_sandbox_answers_nonsense(
    scene: Scene, backend: CloudBackend
) -> None:
    task_id = await scene.run(backend)
    scene.sandbox.faults.append(Fault("^/api/conversations", kind="garbage", times=1))
    client = scene.build()
    scene.cloud.is_hidden = True
    assert [one.content for one in (await client.get_work(task_id)).files] == [TEST]


@pytest.mark.parametrize("is_hidden", [False, True])
async def test_a_clone_that_failed_in_silence_is_found_out(
    scene: Scene, backend: CloudBackend, is_hidden: bool
) -> None:
    scene.cloud.is_hidden = is_hidden
    scene.cloud.clones.clear()
    task_id = await scene.run(backend)
    with pytest.raises(TaskFailedError, match="could not clone owner/shop") as caught:
        await backend.get_work(task_id)
    assert caught.value.exit_code == 6
    assert "branch topic" in str(caught.value)


@pytest.mark.parametrize("is_hidden", [False, True])
async def test_a_project_in_a_folder_of_its_repository(
    scene: Scene, backend: CloudBackend, is_hidden: bool
) -> None:
    scene.revision = Revision(REPOSITORY, "github", "topic", COMMIT, "services/shop")
    scene.cloud.clones[REPOSITORY] = {f"services/shop/{MODULE}": b"x = 1\n"}
    scene.cloud.is_hidden = is_hidden
    scene.sandbox.output = b""
    scene.sandbox.outputs = {f"services/shop/{OUTPUT}": TEST, OUTPUT: b"foreign"}
    work = await backend.get_work(await scene.run(backend))
    assert {one.path: one.content for one in work.files} == {
        OUTPUT: TEST,
        f"../../{OUTPUT}": None,
    }


async def test_a_file_that_the_service_shows_empty_is_not_taken(
    scene: Scene, backend: CloudBackend
) -> None:
    scene.cloud.is_hidden = True
    scene.sandbox.output = b"\xff not UTF-8"
    (file,) = (await backend.get_work(await scene.run(backend))).files
    assert (file.content, file.problem) == (None, "missing, empty, or no text")


@pytest.mark.parametrize("is_hidden", [False, True])
async def test_a_branch_that_moved_on_is_compared_with_itself(
    scene: Scene, backend: CloudBackend, is_hidden: bool
) -> None:
    scene.cloud.is_hidden = is_hidden
    scene.sandbox.commits = {"origin/topic"}
    (file,) = (await backend.get_work(await scene.run(backend))).files
    assert file.content == TEST
    assert scene.sandbox.compared[-1] == "origin/topic"


async def start(scene: Scene, backend: CloudBackend, limits: Limits = LIMITS) -> TaskId:
    scene.sandbox.looks = 1_000
    task_id = await scene.submit(backend, limits=limits)
    while not scene.cloud.conversations:
        await look(backend, task_id)
    return task_id


async def test_a_running_agent_is_interrupted(scene: Scene, backend: CloudBackend) -> None:
    task_id = await start(scene, backend)
    await backend.cancel(task_id)
    assert len(scene.sandbox.interrupted) == 1
    state = await look(scene.build(), task_id)
    assert (state.status, state.conclusion) == (Status.FAILED, Conclusion.CANCELLED)
    assert [one.content for one in (await backend.get_work(task_id)).files] == [TEST]


async def test_a_sandbox_out_of_reach_is_frozen(scene: Scene, backend: CloudBackend) -> None:
    task_id = await start(scene, backend)
    scene.cloud.is_hidden = True
    await scene.build().cancel(task_id)
    assert scene.cloud.sandboxes[task_id.conversation_id] == "PAUSED"
    state = await look(scene.build(), task_id)
    assert state.conclusion is Conclusion.CANCELLED
    assert (await backend.get_work(task_id)).files == ()
    assert scene.cloud.sandboxes[task_id.conversation_id] == "PAUSED"


async def test_one_that_was_stopped_does_not_go_on_when_its_sandbox_wakes(
    scene: Scene, backend: CloudBackend
) -> None:
    task_id = await start(scene, backend)
    await backend.cancel(task_id)
    scene.cloud.sandboxes[task_id.conversation_id] = "PAUSED"
    assert (await look(scene.build(), task_id)).conclusion is Conclusion.CANCELLED
    assert scene.sandbox.resumed == []


async def test_a_task_that_has_ended_is_left_alone(scene: Scene, backend: CloudBackend) -> None:
    task_id = await scene.run(backend)
    await backend.cancel(task_id)
    assert scene.sandbox.interrupted == []
    assert (await look(backend, task_id)).status is Status.COMPLETED


async def test_one_that_has_not_started_loses_its_sandbox(
    scene: Scene, backend: CloudBackend
) -> None:
    scene.cloud.start_script = (
        "WAITING_FOR_SANDBOX",
        "PREPARING_REPOSITORY",
        "RUNNING_SETUP_SCRIPT",
    )
    task_id = await scene.submit(backend)
    await backend.cancel(task_id)
    states = [await look(backend, task_id) for _ in range(3)]
    assert states[-1].status is Status.FAILED
    assert scene.sandbox.created == 0


async def test_too_early_is_said(scene: Scene, backend: CloudBackend) -> None:
    task_id = await scene.submit(backend)
    scene.cloud.stands_still = True
    with pytest.raises(BackendError, match="has not started yet"):
        await backend.cancel(task_id)


async def test_an_agent_that_spends_too_much_is_stopped(
    scene: Scene, backend: CloudBackend
) -> None:
    task_id = await start(scene, backend, limits=Limits(20, 0.5))
    scene.cloud.cost = 0.4
    assert (await look(backend, task_id)).status is Status.RUNNING
    scene.cloud.cost = 0.6
    for one in (backend, scene.build()):
        state = await look(one, task_id)
        assert (state.status, state.conclusion) == (Status.FAILED, Conclusion.OVER_BUDGET)
        assert state.error == ("The agent was stopped: it has spent 0.60 USD, `max-cost` is 0.50.")
    assert len(scene.sandbox.interrupted) == 1


@pytest.mark.parametrize("hears_events", [False, True])
async def test_an_agent_that_goes_on_for_too_long_is_stopped(
    scene: Scene, backend: CloudBackend, hears_events: bool
) -> None:
    scene.cloud.hears_events = hears_events
    scene.sandbox.events = [RUN] * 4
    task_id = await start(scene, backend, limits=Limits(3, None))
    for one in (backend, scene.build()):
        state = await look(one, task_id)
        assert (state.status, state.conclusion) == (Status.FAILED, Conclusion.OVER_BUDGET)
        assert "MaxIterationsReached: the agent was stopped after 4 steps" in str(state.error)
    assert len(scene.sandbox.interrupted) == 1


async def test_one_that_has_finished_meanwhile_is_through(
    scene: Scene, backend: CloudBackend
) -> None:
    scene.sandbox.events = [RUN] * 9
    scene.sandbox.looks = 0
    state = await look(backend, await scene.run(backend, limits=Limits(3, None)))
    assert state.status is Status.COMPLETED


@pytest.mark.parametrize("is_hidden", [False, True])
async def test_an_agent_that_is_told_more_goes_on(
    scene: Scene, backend: CloudBackend, is_hidden: bool
) -> None:
    task_id = await scene.run(backend)
    scene.cloud.is_hidden = is_hidden
    other = scene.build()
    for _ in range(2):
        await other.tell(task_id, "mend the second test")
    assert "mend the second test" in str(scene.sandbox.said)
    assert len(scene.sandbox.said[SHOWN]) == 1
    assert (await look(other, task_id)).status is Status.RUNNING
    for _ in range(20):
        state = await look(other, task_id)
    assert state.status is Status.COMPLETED


async def test_a_sandbox_that_sleeps_is_woken_to_be_told_more(
    scene: Scene, backend: CloudBackend
) -> None:
    task_id = await scene.run(backend)
    scene.cloud.sandboxes[task_id.conversation_id] = "PAUSED"
    await backend.tell(task_id, "mend the second test")
    assert scene.cloud.sandboxes[task_id.conversation_id] == "RUNNING"
    assert len(scene.sandbox.said[SHOWN]) == 1
