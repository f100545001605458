"""What a use case may rely on, whoever runs the agent."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.clients.clock import SystemClock
from openhands_testgen.domain.polling import Pace
from openhands_testgen.domain.task import Conclusion, Limits, Status, TaskState
from openhands_testgen.errors import BackendError, TaskIdError
from openhands_testgen.wait import Wait, WaitPlan
from tests.contract.play import STEPS_ALLOWED, Ending, Play
from tests.fakes.orders import FILES, OUTPUT, make_order, make_project, make_task_id
from tests.fakes.surroundings import RecordingProgress

if TYPE_CHECKING:
    from pathlib import Path

    from openhands_testgen.domain.snapshot import Snapshot
    from openhands_testgen.domain.task import Order, Work
    from openhands_testgen.domain.task_id import TaskId
    from openhands_testgen.wait import Arrival
    from tests.contract.harness import Harness

pytestmark = pytest.mark.anyio
PATIENCE_SECONDS = 120
LOOK_SECONDS = 0.1
BEYOND_ANY_SIZE_BYTES = 2_000_001
TEST = b"def test_it():\n    assert True\n"


@dataclass
class Office:
    """Hands orders to the backend under test and waits for what becomes of them."""

    harness: Harness
    snapshot: Snapshot

    def order(self, play: Play, **changes: object) -> Order:
        """Make an order under an id of its own."""
        model = self.harness.hire(play)
        return make_order(self.snapshot, uuid.uuid4().int, model=model, **changes)

    async def submit(self, order: Order) -> TaskId:
        """Hand an order over."""
        receipt = await self.harness.backend.submit(order)
        return make_task_id(order, self.harness.backend.name, receipt.reference)

    async def look(self, task_id: TaskId) -> TaskState:
        """Return where a task stands."""
        states = await self.harness.backend.get_states([task_id])
        assert list(states) == [task_id.conversation_id]
        state = states[task_id.conversation_id]
        assert isinstance(state, TaskState), state
        return state

    async def wait(self, task_id: TaskId, *, until: set[Status] | None = None) -> list[TaskState]:
        """Look until the task has one of some statuses, final ones unless named; return all."""
        states = []
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                states.append(await self.look(task_id))
                status = states[-1].status
                if status in until if until else status.is_final:
                    return states
                await asyncio.sleep(LOOK_SECONDS)

    async def run(self, play: Play, **changes: object) -> TaskState:
        """Run a task to its end and return the last state."""
        return (await self.wait(await self.submit(self.order(play, **changes))))[-1]

    async def get_work(self, play: Play) -> Work:
        """Run a task to its end and return what it left."""
        task_id = await self.submit(self.order(play))
        await self.wait(task_id)
        return await self.harness.backend.get_work(task_id)


@pytest.fixture
def office(harness: Harness, tmp_path: Path) -> Office:
    return Office(harness, make_project(tmp_path / "project"))


async def test_a_task_goes_from_submit_to_its_end(office: Office) -> None:
    states = await office.wait(await office.submit(office.order(Play(files={OUTPUT: TEST}))))
    assert {state.status for state in states[:-1]} <= {Status.QUEUED, Status.RUNNING}
    end = states[-1]
    assert (end.status, end.conclusion, end.error) == (Status.COMPLETED, None, None)
    assert end.steps >= 2
    assert datetime.fromisoformat(end.started_at or "") <= datetime.fromisoformat(
        end.completed_at or ""
    )


async def test_an_unknown_price_is_no_price(office: Office) -> None:
    assert (await office.run(Play())).cost_usd is None


@pytest.mark.parametrize(
    "content",
    [
        TEST,
        TEST.rstrip(b"\n"),
        TEST + b"\n\n\n",
        TEST.replace(b"\n", b"\r\n"),
        "def test_ü():\n    assert 'é' == '\\u00e9'  # 🜂\n".encode(),
        b"\xef\xbb\xbf# latin \xe9\n\ttabs \n",
        b"\0binary\0",
        b"",
    ],
    ids=["plain", "no newline", "newlines", "crlf", "utf-8", "bom", "binary", "empty"],
)
async def test_work_comes_back_byte_for_byte(office: Office, content: bytes) -> None:
    work = await office.get_work(Play(files={OUTPUT: content}, last_words="Écrit: 100%."))
    (file,) = work.files
    assert (file.path, file.content, file.problem) == (OUTPUT, content, "")
    assert work.final_message == "Écrit: 100%."
    assert work.records["trajectory.zip"].startswith(b"PK")


async def test_an_existing_file_comes_back_changed(office: Office) -> None:
    work = await office.get_work(Play(files={"tests/test_old.py": TEST}))
    assert [(file.path, file.content) for file in work.files] == [("tests/test_old.py", TEST)]


async def test_a_file_that_the_project_ignores_comes_back(harness: Harness, tmp_path: Path) -> None:
    snapshot = make_project(tmp_path, {**FILES, ".gitignore": b"tests/\n"})
    work = await Office(harness, snapshot).get_work(Play(files={OUTPUT: TEST}))
    assert [(file.path, file.content) for file in work.files] == [(OUTPUT, TEST)]


async def test_a_file_that_became_a_link_hides_no_other_change(office: Office) -> None:
    play = Play(files={OUTPUT: TEST}, links={"tests/test_old.py": "/etc/hostname"})
    work = await office.get_work(play)
    assert {file.path: file.content for file in work.files} == {
        OUTPUT: TEST,
        "tests/test_old.py": None,
    }


async def test_an_agent_that_changes_nothing_leaves_nothing(office: Office) -> None:
    work = await office.get_work(Play(last_words="I wrote tests/test_prices.py."))
    assert work.files == ()
    assert work.final_message == "I wrote tests/test_prices.py."


async def test_all_that_was_touched_is_listed_and_only_plain_files_come_back(
    office: Office,
) -> None:
    play = Play(
        files={
            OUTPUT: TEST,
            "conftest.py": b"import os\n",
            "data/an image.bin": b"\0\xff",
            "tests/ünïcode ' \" $x.py": TEST,
        },
        links={"link.py": "/etc/hostname", "tests/loop": "loop"},
        sizes_bytes={"huge.txt": BEYOND_ANY_SIZE_BYTES},
        deleted=("tests/test_old.py",),
    )
    work = await office.get_work(play)
    contents = {file.path: file.content for file in work.files}
    assert contents == {
        **play.files,
        **dict.fromkeys([*play.links, *play.sizes_bytes, *play.deleted]),
    }
    problems = {file.path: file.problem for file in work.files}
    assert {path for path, problem in problems.items() if not problem} == set(play.files)
    assert problems["tests/test_old.py"] == "deleted"


@pytest.mark.parametrize("target", ["/etc/hostname", "src/shop/prices.py", "nowhere"])
async def test_a_link_at_the_output_is_no_file(office: Office, target: str) -> None:
    work = await office.get_work(Play(links={OUTPUT: target}))
    assert [(file.path, file.content) for file in work.files] == [(OUTPUT, None)]


@pytest.mark.parametrize(
    ("ending", "conclusion", "reason"),
    [
        (Ending.STUCK, Conclusion.STUCK, "repeated itself"),
        (Ending.REFUSED, Conclusion.AGENT_ERROR, "LLMAuthenticationError"),
        (Ending.TOO_MANY_STEPS, Conclusion.OVER_BUDGET, "MaxIterationsReached"),
    ],
)
async def test_an_agent_that_fails_says_why(
    office: Office, ending: Ending, conclusion: Conclusion, reason: str
) -> None:
    steps = STEPS_ALLOWED if ending is Ending.TOO_MANY_STEPS else 20
    state = await office.run(Play(ending), limits=Limits(steps, None))
    assert (state.status, state.conclusion) == (Status.FAILED, conclusion)
    assert reason in (state.error or "")


async def test_work_can_be_fetched_from_an_agent_that_failed(office: Office) -> None:
    work = await office.get_work(Play(Ending.STUCK, files={OUTPUT: TEST}))
    assert [file.content for file in work.files] == [TEST]


async def test_an_order_that_is_repeated_starts_nothing_twice(office: Office) -> None:
    order = office.order(Play(files={OUTPUT: TEST}))
    task_id = await office.submit(order)
    assert await office.submit(order) == task_id
    await office.wait(task_id)
    assert await office.submit(order) == task_id
    assert (await office.look(task_id)).status is Status.COMPLETED
    assert office.harness.count_started() == 1
    (file,) = (await office.harness.backend.get_work(task_id)).files
    assert file.content == TEST


async def test_orders_repeated_at_once_start_one_agent(office: Office) -> None:
    order = office.order(Play(files={OUTPUT: TEST}))
    task_id, *others = await asyncio.gather(*(office.submit(order) for _ in range(3)))
    assert others == [task_id, task_id]
    assert (await office.wait(task_id))[-1].status is Status.COMPLETED
    assert office.harness.count_started() == 1


async def test_a_lost_answer_starts_nothing_twice(office: Office) -> None:
    order = office.order(Play(files={OUTPUT: TEST}))
    office.harness.lose_answer()
    task_id = await office.submit(order)
    assert (await office.wait(task_id))[-1].status is Status.COMPLETED
    assert office.harness.count_started() == 1


async def test_another_order_under_the_same_id_is_refused(office: Office) -> None:
    order = office.order(Play(Ending.NEVER))
    task_id = await office.submit(order)
    other = office.order(Play(), conversation_id=order.conversation_id, tags={"order": "other"})
    with pytest.raises(BackendError, match=r"(?i)another task runs"):
        await office.submit(other)
    assert not (await office.look(task_id)).status.is_final
    await office.harness.backend.cancel(task_id)


async def test_many_tasks_in_one_look_one_of_which_nobody_knows(office: Office) -> None:
    orders = [office.order(Play(files={OUTPUT: TEST})) for _ in range(3)]
    known = await asyncio.gather(*map(office.submit, orders))
    unknown = known[0].model_copy(update={"conversation_id": uuid.uuid4().hex})
    states = await office.harness.backend.get_states([*known, unknown])
    assert set(states) == {one.conversation_id for one in (*known, unknown)}
    assert isinstance(states[unknown.conversation_id], TaskIdError)
    for task_id in known:
        assert (await office.wait(task_id))[-1].status is Status.COMPLETED


async def test_a_running_agent_is_stopped(office: Office) -> None:
    task_id = await office.submit(office.order(Play(Ending.NEVER, files={OUTPUT: TEST})))
    await office.wait(task_id, until={Status.RUNNING})
    await office.harness.backend.cancel(task_id)
    state = (await office.wait(task_id))[-1]
    assert (state.status, state.conclusion) == (Status.FAILED, Conclusion.CANCELLED)
    await office.harness.backend.cancel(task_id)
    assert (await office.look(task_id)).conclusion is Conclusion.CANCELLED


async def test_an_agent_is_stopped_before_it_has_begun(office: Office) -> None:
    task_id = await office.submit(office.order(Play(Ending.NEVER)))
    await office.harness.backend.cancel(task_id)
    assert (await office.wait(task_id))[-1].conclusion is Conclusion.CANCELLED


async def test_a_task_that_nobody_knows_cannot_be_stopped(office: Office) -> None:
    known = await office.submit(office.order(Play(files={OUTPUT: TEST})))
    unknown = known.model_copy(update={"conversation_id": uuid.uuid4().hex})
    # On OpenHands Cloud it may be one that has not started yet.
    with pytest.raises((TaskIdError, BackendError)):
        await office.harness.backend.cancel(unknown)
    await office.wait(known)


async def test_an_agent_is_stopped_when_the_time_is_up(office: Office) -> None:
    task_id = await office.submit(office.order(Play(Ending.NEVER)))
    await office.wait(task_id, until={Status.RUNNING})
    plan = WaitPlan(timeout_seconds=1, pace=Pace(0.1), cancel_on_timeout=True)
    arrivals = []

    async def arrive(arrival: Arrival) -> bool:
        arrivals.append(arrival.state)
        return False

    wait = Wait(office.harness.backend, RecordingProgress(), SystemClock(), plan)
    await wait.run([task_id], arrive)
    assert [(one.status, one.conclusion) for one in arrivals] == [
        (Status.FAILED, Conclusion.TIMED_OUT)
    ]
    assert (await office.wait(task_id))[-1].conclusion is Conclusion.CANCELLED


async def test_a_task_outlives_a_restart_and_is_not_begun_anew(office: Office) -> None:
    task_id = await office.submit(office.order(Play(files={OUTPUT: TEST}, seconds=5)))
    while (await office.look(task_id)).steps < 2:  # the file is there, and it rests
        await asyncio.sleep(LOOK_SECONDS)
    await office.harness.restart()
    end = (await office.wait(task_id))[-1]
    assert (end.status, end.error) == (Status.COMPLETED, None)
    (file,) = (await office.harness.backend.get_work(task_id)).files
    assert file.content == TEST
    assert office.harness.count_started() == 1


async def test_stopping_an_agent_that_has_ended_does_nothing(office: Office) -> None:
    task_id = await office.submit(office.order(Play(files={OUTPUT: TEST})))
    before = (await office.wait(task_id))[-1]
    await office.harness.backend.cancel(task_id)
    assert await office.look(task_id) == before
    assert len((await office.harness.backend.get_work(task_id)).files) == 1


async def test_an_agent_that_is_told_more_goes_on_to_another_end(office: Office) -> None:
    task_id = await office.submit(office.order(Play(files={OUTPUT: TEST})))
    await office.wait(task_id)
    await office.harness.backend.tell(task_id, "Mend the second test.")
    states = await office.wait(task_id)
    assert states[0].status is Status.RUNNING
    assert states[-1].status is Status.COMPLETED
    assert len((await office.harness.backend.get_work(task_id)).files) == 1


async def test_the_same_message_is_told_once(office: Office) -> None:
    task_id = await office.submit(office.order(Play(files={OUTPUT: TEST})))
    await office.wait(task_id)
    await office.harness.backend.tell(task_id, "Mend the second test.")
    end = (await office.wait(task_id))[-1]
    await office.harness.backend.tell(task_id, "Mend the second test.")
    assert (await office.wait(task_id))[-1].steps == end.steps
