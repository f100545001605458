"""The cloud backend and a real agent in a real clone: a fake service, a real agent server."""

from __future__ import annotations

import asyncio
import subprocess
import uuid
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.backends.cloud import CloudBackend
from openhands_testgen.backends.cloud_sandboxes import Sandboxes
from openhands_testgen.clients.clock import SystemClock
from openhands_testgen.clients.cloud import CloudClient
from openhands_testgen.clients.git import read_head
from openhands_testgen.domain.revision import Checkout, choose_revision
from openhands_testgen.domain.task import Model, Status, TaskState
from openhands_testgen.errors import TaskFailedError
from tests.fakes.cloud import KEY, FakeCloud
from tests.fakes.model import FakeModel, finish, write
from tests.fakes.orders import MODULE, OUTPUT, make_order, make_project, make_task_id
from tests.fakes.surroundings import RecordingProgress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from openhands_testgen.domain.revision import Revision
    from openhands_testgen.domain.task import Work
    from tests.servers import RealServer

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]
REPOSITORY = "owner/shop"
PREFIX = "services/shop é"
TEST = "def test_ü():\r\n    assert True".encode()
PATIENCE_SECONDS = 120
IDENTITY = ("-c", "user.name=n", "-c", "user.email=e@localhost", "-c", "commit.gpgsign=false")


def git(folder: Path, *command: str) -> str:
    done = subprocess.run(
        ["git", *IDENTITY, *command], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a folder of its repository, pushed."""
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(origin))
    git(tmp_path, "clone", "-q", str(origin), str(clone))
    make_project(clone / PREFIX)
    git(clone, "checkout", "-q", "-B", "main")
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "one")
    git(clone, "push", "-q", "origin", "main")
    return clone / PREFIX


@pytest.fixture
def cloud(agent_server: RealServer, tmp_path: Path) -> Iterator[FakeCloud]:
    with FakeCloud(
        sandbox=agent_server, projects=str(tmp_path / "sandbox"), is_judged=False
    ) as running:
        running.clones[REPOSITORY] = tmp_path / "origin"
        yield running
    assert running.violations == []


@pytest.fixture
def model(cloud: FakeCloud) -> Iterator[FakeModel]:
    """An agent that writes a test, and one file where it has no business."""
    running = FakeModel(
        write(f"{PREFIX}/{OUTPUT}", TEST), write("conftest.py", b"import os\n"), finish("Done.")
    )
    running.start()
    cloud.models["openai/of-the-test"] = (running.base_url, running.key)
    yield running
    running.close()


def find_revision(folder: Path) -> Revision | None:
    head = read_head(folder)
    assert head is not None
    return choose_revision(head, Checkout(REPOSITORY, head.commit, "main"))


async def run(cloud: FakeCloud, project: Path) -> Work:
    """Run a task to its end and return what it left."""
    client = CloudClient(cloud.url, KEY, "bearer")
    sandboxes = Sandboxes(lambda _: None, needs_tls=False)
    backend = CloudBackend(client, sandboxes, find_revision, SystemClock(), RecordingProgress())
    model = Model("openai/of-the-test")
    order = make_order(make_project(project), uuid.uuid4().int, model=model)
    try:
        task_id = make_task_id(order, "cloud", (await backend.submit(order)).reference)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                state = (await backend.get_states([task_id]))[task_id.conversation_id]
                assert isinstance(state, TaskState), state
                if state.status.is_final:
                    break
                await asyncio.sleep(0.2)
        assert state.status is Status.COMPLETED, state
        return await backend.get_work(task_id)
    finally:
        await backend.aclose()


EXPECTED = {OUTPUT: TEST, "../../conftest.py": None}


@pytest.mark.parametrize("is_hidden", [False, True])
@pytest.mark.usefixtures("model")
async def test_the_agent_works_in_a_clone(cloud: FakeCloud, project: Path, is_hidden: bool) -> None:
    cloud.is_hidden = is_hidden
    work = await run(cloud, project)
    assert {file.path: file.content for file in work.files} == EXPECTED
    assert work.final_message == "Done."
    assert work.records["trajectory.zip"].startswith(b"PK")


@pytest.mark.parametrize("is_hidden", [False, True])
@pytest.mark.usefixtures("model")
async def test_a_branch_that_moved_on_shows_only_what_the_agent_did(
    cloud: FakeCloud, project: Path, tmp_path: Path, is_hidden: bool
) -> None:
    cloud.is_hidden = is_hidden
    git(tmp_path, "clone", "-q", str(tmp_path / "origin"), "other")
    (tmp_path / "other" / PREFIX / MODULE).write_text("x = 2\n")
    git(tmp_path / "other", "commit", "-q", "-a", "-m", "two")
    git(tmp_path / "other", "push", "-q", "origin", "main")
    work = await run(cloud, project)
    assert {file.path: file.content for file in work.files} == EXPECTED


@pytest.mark.parametrize("is_hidden", [False, True])
@pytest.mark.usefixtures("model")
async def test_a_clone_that_failed_is_found_out(
    cloud: FakeCloud, project: Path, is_hidden: bool
) -> None:
    cloud.is_hidden = is_hidden
    cloud.clones.clear()
    with pytest.raises(TaskFailedError, match="could not clone owner/shop"):
        await run(cloud, project)
