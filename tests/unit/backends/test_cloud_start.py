"""Submitting to OpenHands Cloud: what is asked for, and that it happens once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.backends.cloud_lookup import SANDBOX_SECONDS
from openhands_testgen.domain.revision import Revision
from openhands_testgen.domain.task import Limits, Model
from openhands_testgen.errors import (
    AuthenticationError,
    BackendError,
    BackendUnreachableError,
    ConfigurationError,
    TaskFailedError,
)
from tests.fakes.cloud_scene import COMMIT, REPOSITORY, TEST, look
from tests.fakes.http import Fault
from tests.fakes.orders import FILES, OUTPUT

if TYPE_CHECKING:
    from openhands_testgen.backends.cloud import CloudBackend
    from tests.fakes.cloud_scene import Scene

pytestmark = pytest.mark.anyio
STARTS = "^/api/v1/app-conversations$"


async def test_it_returns_when_the_start_is_accepted(scene: Scene, backend: CloudBackend) -> None:
    receipt = await backend.submit(scene.order())
    (body,) = scene.cloud.posted
    assert body["selected_repository"] == REPOSITORY
    assert body["selected_branch"] == "topic"
    assert body["git_provider"] == "github"
    assert body["llm_model"] == "openai/model"
    assert COMMIT in str(body["initial_message"])
    assert scene.cloud.starts[0]["status"] == "WORKING"
    assert receipt.conversation_url == f"{scene.cloud.url}/conversations/{1:032x}"
    assert receipt.reference == {
        "s": scene.cloud.starts[0]["id"],
        "b": COMMIT,
        "i": "20",
    }


async def test_no_key_of_a_model_goes_there(scene: Scene, backend: CloudBackend) -> None:
    await backend.submit(scene.order())
    assert "planted-model-key" not in str(scene.cloud.posted)


async def test_limits_and_the_folder_travel_in_the_id(scene: Scene, backend: CloudBackend) -> None:
    scene.revision = Revision(REPOSITORY, "github", "topic", COMMIT, "services/shop é")
    task_id = await scene.submit(backend, limits=Limits(7, 0.5))
    assert task_id.reference["i"] == "7"
    assert task_id.reference["m"] == "0.500000"
    assert len(str(task_id)) < 700
    assert "`services/shop é`" in str(scene.cloud.posted)


async def test_the_offline_model_is_refused(scene: Scene, backend: CloudBackend) -> None:
    with pytest.raises(ConfigurationError, match=r"^llm-model: .*leave `llm-model` out"):
        await backend.submit(scene.order(model=Model("offline")))
    assert scene.cloud.requests == []


async def test_the_same_order_starts_nothing_twice(scene: Scene, backend: CloudBackend) -> None:
    task_ids = [await scene.submit(backend), await scene.submit(scene.build())]
    await look(backend, task_ids[0])
    task_ids.append(await scene.submit(scene.build()))
    assert task_ids == [task_ids[0]] * 3
    assert len(scene.cloud.posted) == 1


@pytest.mark.parametrize("kind", ["lost", "cut"])
async def test_a_lost_answer_starts_nothing_twice(
    scene: Scene, backend: CloudBackend, kind: str
) -> None:
    scene.cloud.faults.append(Fault(STARTS, kind=kind, times=1, method="POST"))
    task_id = await scene.submit(backend)
    assert len(scene.cloud.posted) == 1
    assert task_id.reference["s"] == scene.cloud.starts[0]["id"]


async def test_a_refused_start_is_tried_again(scene: Scene, backend: CloudBackend) -> None:
    wait = {"Retry-After": "0"}
    scene.cloud.faults.append(Fault(STARTS, 429, times=2, method="POST", headers=wait))
    await scene.submit(backend)
    assert len(scene.cloud.posted) == 1
    assert scene.cloud.requests.count(("POST", "/api/v1/app-conversations")) == 3


async def test_a_start_that_failed_keeps_from_no_other(scene: Scene, backend: CloudBackend) -> None:
    scene.cloud.start_error = "500: no room"
    await scene.run(backend)
    scene.cloud.start_error = ""
    scene.cloud.sandboxes.clear()
    await scene.run(backend)
    assert len(scene.cloud.posted) == 2


async def test_another_order_under_the_same_id_is_refused(
    scene: Scene, backend: CloudBackend
) -> None:
    await scene.submit(backend)
    with pytest.raises(BackendError, match="Another task runs under the id"):
        await scene.submit(backend, tags={"order": "another"})
    assert len(scene.cloud.posted) == 1


async def test_a_service_that_stays_away_is_named(scene: Scene, backend: CloudBackend) -> None:
    scene.cloud.faults.append(Fault(STARTS, 503, method="POST"))
    with pytest.raises(BackendUnreachableError, match=r"\(503\)"):
        await scene.submit(backend)


async def test_a_wrong_key_is_named(scene: Scene) -> None:
    backend = scene.build("planted-wrong-key")
    with pytest.raises(AuthenticationError, match="OPENHANDS_API_KEY") as caught:
        await scene.submit(backend)
    assert "planted-wrong-key" not in str(caught.value)
    await backend.aclose()


async def test_the_project_comes_first_and_then_the_message(
    scene: Scene, backend: CloudBackend
) -> None:
    scene.revision = None
    task_id = await scene.submit(backend)
    assert scene.sandbox.standing == FILES
    assert OUTPUT in str(scene.sandbox.said)
    assert scene.cloud.posted[0].get("initial_message") is None
    assert scene.cloud.posted[0].get("selected_repository") is None
    assert "b" not in task_id.reference
    assert "waiting for the sandbox" in scene.progress.lines[0]
    while not (await look(backend, task_id)).status.is_final:
        pass
    (file,) = (await backend.get_work(task_id)).files
    assert file.content == TEST


async def test_a_repeated_order_brings_nothing_twice(scene: Scene, backend: CloudBackend) -> None:
    scene.revision = None
    both = await asyncio.gather(scene.submit(backend), scene.submit(backend))
    assert both[0] == both[1]
    await scene.submit(scene.build())
    uploads = scene.sandbox.requests.count(("POST", "/api/file/upload"))
    assert (uploads, len(scene.sandbox.said)) == (1, 1)


async def test_a_message_whose_answer_is_lost_is_not_sent_again(
    scene: Scene, backend: CloudBackend
) -> None:
    scene.revision = None
    scene.cloud.faults.append(Fault("/send-message$", kind="lost", times=1))
    await scene.submit(backend)
    path = "/api/v1/app-conversations/00000000-0000-0000-0000-000000000001/send-message"
    assert scene.cloud.requests.count(("POST", path)) == 1


async def test_a_message_that_did_not_arrive_is_sent_again(
    scene: Scene, backend: CloudBackend
) -> None:
    scene.revision = None
    scene.cloud.faults.append(Fault("/send-message$", kind="cut", times=1))
    await scene.submit(backend)
    assert len(scene.sandbox.said) == 1


async def test_a_start_that_fails_says_why(scene: Scene, backend: CloudBackend) -> None:
    scene.revision = None
    scene.cloud.start_error = "500: no room"
    with pytest.raises(TaskFailedError, match="could not start the agent: 500: no room"):
        await scene.submit(backend)


async def test_a_sandbox_that_never_runs_is_given_up(scene: Scene, backend: CloudBackend) -> None:
    scene.revision = None
    scene.cloud.stands_still = True
    with pytest.raises(BackendUnreachableError, match="does not run after 180 s"):
        await scene.submit(backend)
    assert sum(scene.clock.sleeps) >= SANDBOX_SECONDS


async def test_a_sandbox_out_of_reach_means_that_it_must_be_pushed(
    scene: Scene, backend: CloudBackend
) -> None:
    scene.revision = None
    scene.cloud.is_hidden = True
    with pytest.raises(BackendError, match=r"could not be brought .*push it"):
        await scene.submit(backend)
