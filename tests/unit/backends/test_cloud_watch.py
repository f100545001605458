"""Watching tasks on OpenHands Cloud: in few requests, also while sandboxes sleep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from openhands_testgen.backends.cloud_watch import WAKING_SECONDS
from openhands_testgen.domain.task import Conclusion, Status, TaskState
from openhands_testgen.errors import (
    TaskFailedError,
    TaskIdError,
)
from tests.fakes.cloud_scene import FINISHED, RUN, TEST, fail, look
from tests.fakes.http import Fault

if TYPE_CHECKING:
    from openhands_testgen.backends.cloud import CloudBackend
    from openhands_testgen.domain.task_id import TaskId
    from tests.fakes.cloud_scene import Scene

pytestmark = pytest.mark.anyio
STARTS = "^/api/v1/app-conversations$"


async def test_a_task_goes_from_its_start_to_its_end(scene: Scene, backend: CloudBackend) -> None:
    task_id = await scene.submit(backend)
    states = [await look(backend, task_id) for _ in range(6)]
    words = [state.status for state in states]
    assert words == sorted(words, key=[*Status].index)
    assert set(words) == {Status.QUEUED, Status.RUNNING, Status.COMPLETED}
    assert states[0].step == "the sandbox starts"
    running = next(state for state in states if state.status is Status.RUNNING)
    assert (running.step, running.steps) == ("Terminal: pytest", 1)
    assert str(states[-1].completed_at).endswith("Z")


async def test_many_tasks_are_two_requests_and_then_one(
    scene: Scene, backend: CloudBackend
) -> None:
    scene.sandbox.looks = 1_000
    task_ids = [await scene.submit(backend, number) for number in range(1, 6)]
    scene.forget()
    await backend.get_states(task_ids)
    assert len(scene.cloud.requests) == 2
    for _ in range(4):
        await backend.get_states(task_ids)
    scene.cloud.requests.clear()
    states = await backend.get_states(task_ids)
    assert {getattr(one, "status", one) for one in states.values()} == {Status.RUNNING}
    batches = [one for one in scene.cloud.requests if one[1].endswith("app-conversations")]
    assert len(batches) == 1


async def test_more_than_the_service_takes_at_once(scene: Scene, backend: CloudBackend) -> None:
    task_id = await scene.submit(backend)
    many = [task_id.model_copy(update={"conversation_id": f"{n:032x}"}) for n in range(1, 150)]
    states = await backend.get_states(many)
    assert len(states) == 149


async def test_an_unknown_task_is_an_error_of_its_own(scene: Scene, backend: CloudBackend) -> None:
    known = await scene.submit(backend)
    reference = {**known.reference, "s": "f" * 32}
    unknown = known.model_copy(update={"conversation_id": "e" * 32, "reference": reference})
    foreign = known.model_copy(update={"conversation_id": "d" * 32, "reference": {"e": "x"}})
    states = await backend.get_states([known, unknown, foreign])
    assert isinstance(states[known.conversation_id], TaskState)
    assert isinstance(states[unknown.conversation_id], TaskIdError)
    assert isinstance(states[foreign.conversation_id], TaskIdError)


async def test_the_start_of_another_task_is_none_of_this_one(
    scene: Scene, backend: CloudBackend
) -> None:
    task_id = await scene.submit(backend)
    other = task_id.model_copy(update={"conversation_id": "e" * 32})
    assert isinstance(await fail(backend, other), TaskIdError)


async def test_a_deleted_conversation_is_unknown(scene: Scene, backend: CloudBackend) -> None:
    task_id = await scene.run(backend)
    del scene.cloud.conversations[task_id.conversation_id]
    assert isinstance(await fail(backend, task_id), TaskIdError)
    with pytest.raises(TaskIdError):
        await backend.get_work(task_id)
    with pytest.raises(TaskIdError):
        await backend.cancel(task_id)


async def test_a_start_that_fails_says_why(scene: Scene, backend: CloudBackend) -> None:
    scene.cloud.start_error = "Sandbox failed: Bearer abcdefgh12345678"
    task_id = await scene.run(backend)
    state = await look(backend, task_id)
    assert (state.status, state.conclusion) == (Status.FAILED, Conclusion.AGENT_ERROR)
    assert state.error == "OpenHands could not start the agent: Sandbox failed: ***"
    assert (await backend.get_work(task_id)).files == ()
    await backend.cancel(task_id)


@pytest.mark.parametrize(
    ("ending", "conclusion"),
    [
        ("stuck", Conclusion.STUCK),
        ("waiting_for_confirmation", Conclusion.NEEDS_CONFIRMATION),
        ("paused", Conclusion.CANCELLED),
    ],
)
@pytest.mark.parametrize("is_hidden", [False, True])
async def test_ends(
    scene: Scene,
    backend: CloudBackend,
    ending: str,
    conclusion: Conclusion,
    is_hidden: bool,
) -> None:
    scene.sandbox.ending = ending
    scene.cloud.is_hidden = is_hidden
    state = await look(backend, await scene.run(backend))
    assert (state.status, state.conclusion) == (Status.FAILED, conclusion)


@pytest.mark.parametrize("is_hidden", [False, True])
async def test_an_error_says_why(scene: Scene, backend: CloudBackend, is_hidden: bool) -> None:
    error: dict[str, object] = {
        "id": "x",
        "timestamp": "2026-11-23T21:44:30",
        "source": "environment",
        "kind": "ConversationErrorEvent",
        "code": "LLMAuthenticationError",
        "detail": "bad key",
    }
    scene.sandbox.events = [RUN, error]
    scene.sandbox.ending = "error"
    scene.cloud.is_hidden = is_hidden
    state = await look(backend, await scene.run(backend))
    assert state.error == "LLMAuthenticationError: bad key"


async def test_an_error_without_a_reason_is_a_restart_that_goes_on(
    scene: Scene, backend: CloudBackend
) -> None:
    scene.sandbox.ending = "error"
    task_id = await scene.submit(backend)
    for _ in range(6):
        assert not (await look(backend, task_id)).status.is_final
    assert len(scene.sandbox.resumed) == 1


@pytest.mark.parametrize("status", ["MISSING", "ERROR"])
async def test_a_sandbox_that_is_gone_takes_the_work_along(
    scene: Scene, backend: CloudBackend, status: str
) -> None:
    task_id = await scene.run(backend)
    scene.cloud.sandboxes[task_id.conversation_id] = status
    state = await look(backend, task_id)
    assert (state.status, state.conclusion) == (Status.FAILED, Conclusion.LOST)
    with pytest.raises(TaskFailedError, match="The sandbox"):
        await backend.get_work(task_id)


async def test_an_unknown_price_is_no_price(scene: Scene, backend: CloudBackend) -> None:
    assert (await look(backend, await scene.run(backend))).cost_usd is None


async def test_a_known_price_is_told(scene: Scene, backend: CloudBackend) -> None:
    scene.cloud.cost = 0.25
    assert (await look(backend, await scene.run(backend))).cost_usd == 0.25


async def test_steps_that_cannot_be_had_fail_no_look(scene: Scene, backend: CloudBackend) -> None:
    scene.cloud.faults.append(Fault("/events/", 503))
    state = await look(backend, await scene.run(backend))
    assert state.status is Status.COMPLETED


async def fall_asleep(scene: Scene, backend: CloudBackend) -> TaskId:
    scene.sandbox.looks = 1_000
    task_id = await scene.submit(backend)
    while (await look(backend, task_id)).status is not Status.RUNNING:
        pass
    scene.cloud.sandboxes[task_id.conversation_id] = "PAUSED"
    return task_id


async def test_it_is_woken_once(scene: Scene, backend: CloudBackend) -> None:
    task_id = await fall_asleep(scene, backend)
    state = await look(backend, task_id)
    assert (state.status, state.step) == (
        Status.RUNNING,
        "OpenHands put the sandbox to sleep; it is woken",
    )
    assert scene.cloud.sandboxes[task_id.conversation_id] == "RUNNING"
    assert (await look(backend, task_id)).status is Status.RUNNING
    scene.cloud.sandboxes[task_id.conversation_id] = "PAUSED"
    state = await look(backend, task_id)
    assert (state.status, state.conclusion) == (Status.FAILED, Conclusion.LOST)
    assert "to sleep again" in str(state.error)


async def test_it_may_take_its_time_to_wake(scene: Scene, backend: CloudBackend) -> None:
    task_id = await fall_asleep(scene, backend)
    await look(backend, task_id)
    scene.cloud.sandboxes[task_id.conversation_id] = "PAUSED"
    assert (await look(backend, task_id)).status is Status.RUNNING
    await scene.clock.sleep(WAKING_SECONDS + 1)
    assert (await look(backend, task_id)).conclusion is Conclusion.LOST


async def test_one_that_cannot_be_woken_is_lost(scene: Scene, backend: CloudBackend) -> None:
    task_id = await fall_asleep(scene, backend)
    scene.cloud.faults.append(Fault("/resume$", 404))
    assert (await look(backend, task_id)).conclusion is Conclusion.LOST


async def test_an_agent_that_stood_still_is_started_again(
    scene: Scene, backend: CloudBackend
) -> None:
    task_id = await fall_asleep(scene, backend)
    await look(backend, task_id)
    (shown,) = scene.sandbox.conversations.values()
    shown["execution_status"] = "paused"
    state = await look(backend, task_id)
    assert (state.status, state.step) == (Status.RUNNING, "goes on after its sandbox slept")
    assert len(scene.sandbox.resumed) == 1


async def test_one_that_had_finished_is_not_woken_by_a_look(
    scene: Scene, backend: CloudBackend
) -> None:
    task_id = await scene.run(backend)
    scene.sandbox.events = [RUN, FINISHED]
    scene.cloud.sandboxes[task_id.conversation_id] = "PAUSED"
    state = await look(scene.build(), task_id)
    assert (state.status, state.steps) == (Status.COMPLETED, 2)
    assert state.completed_at == "2026-11-23T21:44:30.987355Z"
    assert scene.cloud.sandboxes[task_id.conversation_id] == "PAUSED"


async def test_it_is_woken_to_fetch_its_work_with_its_new_key(
    scene: Scene, backend: CloudBackend
) -> None:
    task_id = await scene.run(backend)
    scene.cloud.sandboxes[task_id.conversation_id] = "PAUSED"
    (file,) = (await backend.get_work(task_id)).files
    assert file.content == TEST
    assert len(set(scene.learned)) == 2
    assert scene.sandbox.key in scene.learned
