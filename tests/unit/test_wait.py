"""The one loop over many tasks: each arrives once, with the last that is known of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from openhands_testgen.domain.polling import Pace
from openhands_testgen.domain.stay import LONGEST_STAY_SECONDS
from openhands_testgen.domain.task import Conclusion, Status, TaskState
from openhands_testgen.errors import BackendError, DeadlineError, TaskIdError
from openhands_testgen.wait import Arrival, Wait, WaitPlan, stop
from tests.fakes.backend import FakeBackend
from tests.fakes.reports import make_task_id
from tests.fakes.surroundings import FakeClock, RecordingProgress

if TYPE_CHECKING:
    from openhands_testgen.domain.task_id import TaskId

pytestmark = pytest.mark.anyio
RUNNING, DONE = TaskState(Status.RUNNING), TaskState(Status.COMPLETED)


@dataclass
class Scene:
    """A wait for the tasks of a fake backend."""

    backend: FakeBackend = field(default_factory=FakeBackend)
    clock: FakeClock = field(default_factory=FakeClock)
    progress: RecordingProgress = field(default_factory=RecordingProgress)
    arrivals: list[Arrival] = field(default_factory=list)
    comebacks: int = 0

    def make_task(self, number: int = 1) -> TaskId:
        task_id = make_task_id(number)
        self.backend.orders[task_id.conversation_id] = None  # type: ignore[assignment] # never read
        return task_id

    async def wait(self, *task_ids: TaskId, plan: WaitPlan | None = None) -> Wait:
        wait = Wait(self.backend, self.progress, self.clock, plan or WaitPlan(60, Pace(5)))
        await wait.run(task_ids, self.arrive)
        return wait

    async def arrive(self, arrival: Arrival) -> bool:
        self.arrivals.append(arrival)
        return len(self.arrivals) <= self.comebacks


async def test_each_task_arrives_once_at_its_own_end() -> None:
    scene = Scene(backend=FakeBackend(script=(RUNNING, RUNNING, DONE)))
    early, late = scene.make_task(1), scene.make_task(2)
    scene.backend.cancelled.append(early.conversation_id)
    wait = await scene.wait(early, late)
    assert [(one.task_id, one.state.status) for one in scene.arrivals] == [
        (early, Status.FAILED),
        (late, Status.COMPLETED),
    ]
    assert scene.backend.looks == [2, 1, 1]
    assert wait.unfinished == []


async def test_a_task_that_goes_on_is_waited_for_again() -> None:
    scene = Scene(comebacks=1)
    task_id = scene.make_task()
    wait = await scene.wait(task_id)
    assert [one.task_id for one in scene.arrivals] == [task_id, task_id]
    assert wait.unfinished == []


async def test_a_task_that_goes_on_past_the_deadline_arrives_as_it_is() -> None:
    scene = Scene(comebacks=1)
    task_id = scene.make_task()
    scene.backend.script = (DONE, RUNNING)
    await scene.wait(task_id)
    assert [one.state.status for one in scene.arrivals] == [Status.COMPLETED, Status.RUNNING]


async def test_no_tasks_are_no_question() -> None:
    scene = Scene()
    await scene.wait()
    assert (scene.arrivals, scene.backend.looks, scene.clock.sleeps) == ([], [], [])


async def test_the_pauses_grow_up_to_the_poll_interval() -> None:
    scene = Scene(backend=FakeBackend(script=(*[RUNNING] * 8, DONE)))
    await scene.wait(scene.make_task())
    assert scene.clock.sleeps[0] <= 1
    assert scene.clock.sleeps[0] < scene.clock.sleeps[1] < scene.clock.sleeps[2]
    assert 4.5 <= max(scene.clock.sleeps) <= 5


async def test_an_unknown_task_is_futile_and_hides_no_other() -> None:
    scene = Scene()
    known, unknown = scene.make_task(1), make_task_id(2)
    await scene.wait(known, unknown)
    assert isinstance(scene.arrivals[0].error, TaskIdError)
    assert [one.task_id for one in scene.arrivals] == [unknown, known]


async def test_a_broken_contract_is_futile_for_all() -> None:
    scene = Scene(backend=FakeBackend(faults=[BackendError("nonsense")]))
    await scene.wait(scene.make_task(1), scene.make_task(2))
    assert [str(one.error) for one in scene.arrivals] == ["nonsense", "nonsense"]
    assert scene.clock.sleeps == []


async def test_the_deadline_brings_what_is_known() -> None:
    scene = Scene(backend=FakeBackend(script=(RUNNING,)))
    await scene.wait(scene.make_task(), plan=WaitPlan(12, Pace(5)))
    (arrival,) = scene.arrivals
    assert (arrival.state, arrival.error) == (RUNNING, None)
    assert sum(scene.clock.sleeps) == pytest.approx(12)


@pytest.mark.parametrize("stays", [TaskState(Status.QUEUED), RUNNING], ids=lambda one: one.status)
async def test_a_task_that_does_not_move_is_given_up_before_the_deadline(stays: TaskState) -> None:
    scene = Scene(backend=FakeBackend(script=(stays,)))
    wait = await scene.wait(scene.make_task(), plan=WaitPlan(86_400, Pace(60)))
    (arrival,) = scene.arrivals
    assert isinstance(arrival.error, DeadlineError)
    assert "collect again with the same id" in str(arrival.error)
    longest = LONGEST_STAY_SECONDS[stays.status]
    assert longest <= sum(scene.clock.sleeps) <= longest + 60
    assert (wait.unfinished, scene.backend.cancelled) == ([], [])


async def test_it_is_stopped_where_that_is_asked_for() -> None:
    scene = Scene(backend=FakeBackend(script=(RUNNING,)))
    plan = WaitPlan(86_400, Pace(60), cancel_on_timeout=True)
    task_id = scene.make_task()
    await scene.wait(task_id, plan=plan)
    (arrival,) = scene.arrivals
    assert arrival.state.conclusion is Conclusion.TIMED_OUT
    assert "no step has been made for 60 minutes" in str(arrival.state.error)
    assert scene.backend.cancelled == [task_id.conversation_id]


async def test_the_cost_and_the_standing_are_told() -> None:
    working = TaskState(Status.RUNNING, steps=2, step="Run the tests", cost_usd=0.126)
    scene = Scene(backend=FakeBackend(script=(working, DONE)))
    await scene.wait(scene.make_task())
    assert "[00000000] src/a.py: step 2: Run the tests (0.13 USD so far)" in scene.progress.lines
    assert scene.progress.standings == [[working], [DONE]]


async def test_a_place_in_line_is_said_once_and_shown_always() -> None:
    places = [TaskState(Status.QUEUED, step=f"{place} before it") for place in (12, 9, 1)]
    scene = Scene(backend=FakeBackend(script=(*places, DONE)))
    await scene.wait(scene.make_task())
    assert [line for line in scene.progress.lines if "before it" in line] == [
        "[00000000] src/a.py: 12 before it"
    ]
    assert scene.progress.standings[:3] == [[place] for place in places]


async def test_stopping_says_what_goes_wrong() -> None:
    scene = Scene(backend=FakeBackend(cancel_faults=[BackendError("will not")]))
    task_id = scene.make_task()
    assert not await stop(scene.backend, task_id, scene.progress)
    assert scene.progress.lines == ["[00000000] src/a.py: could not stop the agent: will not"]
    assert await stop(scene.backend, task_id, scene.progress)


async def test_a_late_task_can_be_stopped() -> None:
    scene = Scene(backend=FakeBackend(script=(RUNNING,)))
    await scene.wait(scene.make_task(), plan=WaitPlan(5, Pace(5), cancel_on_timeout=True))
    (arrival,) = scene.arrivals
    assert arrival.state.conclusion is Conclusion.TIMED_OUT
    assert "as `on-timeout` asks" in str(arrival.state.error)
