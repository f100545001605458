"""Several models with the embedded engine, a real agent server and a real agent."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.domain.succession import render_tags
from openhands_testgen.domain.task import Model, Status, TaskState
from tests.contract.harness import EmbeddedHarness
from tests.fakes.model import KEY, FakeModel, Fault, finish, write
from tests.fakes.orders import OUTPUT, make_order, make_project, make_task_id

if TYPE_CHECKING:
    from pathlib import Path

    from openhands_testgen.domain.ports import Backend
    from openhands_testgen.domain.task_id import TaskId

pytestmark = [pytest.mark.e2e, pytest.mark.anyio]
TEST = b"def test_it():\n    assert 1 + 1 == 2\n"
NAMES = ("openai/first", "openai/second")
PATIENCE_SECONDS = 120


async def wait(backend: Backend, task_id: TaskId) -> TaskState:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            state = (await backend.get_states([task_id]))[task_id.conversation_id]
            assert isinstance(state, TaskState), state
            if state.status.is_final:
                return state
            await asyncio.sleep(0.1)


async def test_the_engine_goes_on_with_the_next_model_and_keeps_no_key(
    engine_folder: Path, tmp_path: Path
) -> None:
    model = FakeModel(
        Fault(429, model="first", then=write(OUTPUT, TEST)),
        Fault(429, model="first", then=finish()),
    )
    model.start()
    backend = EmbeddedHarness(engine_folder).backend
    order = make_order(
        make_project(tmp_path / "project"),
        uuid.uuid4().int,
        model=Model(NAMES[0], KEY, model.base_url, tries=1, others=NAMES[1:]),
    )
    order.tags.update(render_tags(NAMES))
    try:
        receipt = await backend.submit(order)
        task_id = make_task_id(order, backend.name, receipt.reference)
        end = await wait(backend, task_id)
        (file,) = (await backend.get_work(task_id)).files
    finally:
        model.close()
    assert (end.status, end.model) == (Status.COMPLETED, NAMES[1])
    assert (file.path, file.content) == (OUTPUT, TEST)
    # The server keeps what the provider said in its own records; ours are the tasks.
    kept = [path for path in (engine_folder / "tasks").rglob("*") if path.is_file()]
    assert [path for path in kept if KEY.encode() in path.read_bytes()] == []
