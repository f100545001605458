"""Waiting for many tasks in one loop: progress, the deadline, a backend that comes and goes."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from openhands_testgen.domain.report import label, render_step
from openhands_testgen.domain.stay import Stays
from openhands_testgen.domain.task import Conclusion, Status, TaskState
from openhands_testgen.errors import BackendUnreachableError, DeadlineError, GenerationError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from openhands_testgen.domain.polling import Pace
    from openhands_testgen.domain.ports import Backend, Clock, Progress
    from openhands_testgen.domain.task_id import TaskId

type Arrive = Callable[[Arrival], Coroutine[None, None, bool]]

UNKNOWN = TaskState(Status.QUEUED)
DEADLINE = "The deadline passed."
STOP_SECONDS = 30.0
# A server that restarts is back before; one that is not will hardly come within a step's time.
SILENT_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class WaitPlan:
    """How long to wait and what then: ``cancel_on_timeout`` stops the agent at the deadline."""

    timeout_seconds: float
    pace: Pace
    cancel_on_timeout: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """A task that needs no more waiting: it ended, the time is up, or ``error`` makes it futile."""

    task_id: TaskId
    state: TaskState
    error: GenerationError | None = None
    remaining_seconds: float = 0.0


class Wait:
    """One loop over many tasks; what has arrived is settled beside it, and may come back."""

    def __init__(self, backend: Backend, progress: Progress, clock: Clock, plan: WaitPlan) -> None:
        """Take what the loop needs."""
        self._backend = backend
        self._progress = progress
        self._clock = clock
        self._plan = plan
        self._deadline = 0.0
        self._states: dict[str, TaskState] = {}
        self._stays = Stays()
        self._trouble: BackendUnreachableError | None = None
        self._silent_since: float | None = None
        self._settling: dict[asyncio.Task[bool], TaskId] = {}
        self.unfinished: list[TaskId] = []

    async def run(self, task_ids: Sequence[TaskId], arrive: Arrive) -> None:
        """Look at the tasks until all have ended or the time is up, and all are settled.

        ``arrive`` settles a task; it returns whether the task goes on and is to be waited for
        again.
        """
        self.unfinished = list(task_ids)
        self._deadline = self._clock.monotonic() + self._plan.timeout_seconds
        polls = 0
        while self.unfinished or self._settling:
            retry_after_seconds = await self._look(arrive) if self.unfinished else None
            if self._get_remaining_seconds() <= 0:
                break
            await self._pause(polls, retry_after_seconds)
            polls += 1
        while self.unfinished or self._settling:
            await self._give_up(arrive, [(one, "") for one in self.unfinished])
            await asyncio.gather(*self._settling)
            self._take_settled()

    async def abandon(self) -> None:
        """Stop settling what has arrived."""
        for settling in self._settling:
            settling.cancel()
        await asyncio.gather(*self._settling, return_exceptions=True)

    async def _pause(self, polls: int, retry_after_seconds: float | None) -> None:
        """Sleep until the next look; where nothing is to be looked at, until something settled."""
        if self.unfinished:
            chance = random.random()  # noqa: S311 - spreads clients, hides nothing
            delay_seconds = self._plan.pace.get_delay_seconds(
                polls,
                self._get_remaining_seconds(),
                retry_after_seconds=retry_after_seconds,
                chance=chance,
            )
            await self._clock.sleep(delay_seconds)
        elif self._settling:
            await asyncio.wait(self._settling, return_when=asyncio.FIRST_COMPLETED)
        self._take_settled()

    def _take_settled(self) -> None:
        for settled in [one for one in self._settling if one.done()]:
            task_id = self._settling.pop(settled)
            if settled.result():
                self.unfinished.append(task_id)

    def _arrive(self, arrive: Arrive, arrival: Arrival) -> None:
        settling = asyncio.ensure_future(arrive(arrival))
        self._settling[settling] = arrival.task_id

    def _get_remaining_seconds(self) -> float:
        return self._deadline - self._clock.monotonic()

    async def _look(self, arrive: Arrive) -> float | None:
        """Ask for all states at once; return the wait that the backend asked for."""
        try:
            states = await self._get_states()
        except BackendUnreachableError as error:
            self._note_trouble(error)
            if not self._is_gone():
                return error.retry_after_seconds
            states = dict.fromkeys(self._list_keys(), _make_gone_error(error))
        except GenerationError as error:
            states = dict.fromkeys(self._list_keys(), error)
        self._trouble, self._silent_since = None, None
        for task_id in list(self.unfinished):
            arrival = self._note(task_id, states[task_id.conversation_id])
            if arrival.error or arrival.state.status.is_final:
                self.unfinished.remove(task_id)
                self._arrive(arrive, arrival)
        self._progress.show(self._states)
        await self._give_up(arrive, self._list_overstayed())
        return None

    def _list_overstayed(self) -> list[tuple[TaskId, str]]:
        """List the tasks that are not worth waiting for any more, with the reason."""
        now = self._clock.monotonic()
        reasons = [(one, self._stays.explain(one.conversation_id, now)) for one in self.unfinished]
        return [(task_id, reason) for task_id, reason in reasons if reason]

    def _note_trouble(self, error: BackendUnreachableError) -> None:
        self._trouble = error
        if error.retry_after_seconds is not None:
            self._silent_since = None  # it has answered: later
        elif self._silent_since is None:
            self._silent_since = self._clock.monotonic()
        self._progress.say(f"waiting: {error}")

    def _is_gone(self) -> bool:
        """Whether the backend has been silent for too long to wait the deadline out for it."""
        since = self._silent_since
        return since is not None and self._clock.monotonic() - since >= SILENT_SECONDS

    def _list_keys(self) -> list[str]:
        return [task_id.conversation_id for task_id in self.unfinished]

    def _note(self, task_id: TaskId, answer: TaskState | GenerationError) -> Arrival:
        before = self._states.get(task_id.conversation_id, UNKNOWN)
        if isinstance(answer, GenerationError):
            return Arrival(task_id, before, answer)
        self._say_change(task_id, answer)
        self._states[task_id.conversation_id] = answer
        self._stays.note(task_id.conversation_id, answer, self._clock.monotonic())
        return Arrival(task_id, answer, remaining_seconds=self._get_remaining_seconds())

    async def _get_states(self) -> Mapping[str, TaskState | GenerationError]:
        """Ask, but never beyond the deadline: a server that hangs must not hang us."""
        remaining = max(self._get_remaining_seconds(), 1.0)
        try:
            async with asyncio.timeout(remaining):
                return await self._backend.get_states(self.unfinished)
        except TimeoutError as exc:
            message = "The backend did not answer before the deadline; check that it runs."
            raise self._trouble or BackendUnreachableError(message) from exc

    async def _give_up(self, arrive: Arrive, late: Sequence[tuple[TaskId, str]]) -> None:
        """Wait for some tasks no longer; the reason is empty where it is the deadline."""
        stopped = await asyncio.gather(*(self._stop_late(task_id) for task_id, _ in late))
        for (task_id, reason), is_stopped in zip(late, stopped, strict=True):
            self.unfinished.remove(task_id)
            self._arrive(arrive, self._end_late(task_id, reason, is_stopped=is_stopped))

    async def _stop_late(self, task_id: TaskId) -> bool:
        """Stop an agent at the deadline, if that is asked for; return whether it was stopped."""
        if not self._plan.cancel_on_timeout:
            return False
        try:
            async with asyncio.timeout(STOP_SECONDS):
                return await stop(self._backend, task_id, self._progress)
        except TimeoutError:
            self._progress.say(f"{label(task_id)}: the backend did not confirm the stop in time")
            return False

    def _end_late(self, task_id: TaskId, reason: str, *, is_stopped: bool) -> Arrival:
        known = self._states.get(task_id.conversation_id)
        if known is None and self._trouble:
            return Arrival(task_id, UNKNOWN, self._trouble)  # never reached: not merely late
        state = known or UNKNOWN
        if is_stopped:
            state = replace(
                state,
                status=Status.FAILED,
                conclusion=Conclusion.TIMED_OUT,
                error=f"{reason or DEADLINE} The agent was stopped, as `on-timeout` asks.",
            )
        elif reason:
            advice = "It may go on: collect again with the same id, or cancel it."
            return Arrival(task_id, state, DeadlineError(f"{reason} {advice}"))
        return Arrival(task_id, state)

    def _say_change(self, task_id: TaskId, state: TaskState) -> None:
        before = self._states.get(task_id.conversation_id)
        if before is None or before.status is not state.status:
            self._progress.say(f"{label(task_id)}: {state.status}")
        if state.step and (before is None or _name_step(before) != _name_step(state)):
            self._progress.say(f"{label(task_id)}: {render_step(state)}")


def _name_step(state: TaskState) -> str:
    """Return what is worth a line of its own: a place in line is not, each time it changes."""
    return state.step.lstrip("0123456789") if state.status is Status.QUEUED else state.step


async def stop(backend: Backend, task_id: TaskId, progress: Progress) -> bool:
    """Cancel a task and return whether it was; what goes wrong is said, and stops nothing else."""
    try:
        await backend.cancel(task_id)
    except GenerationError as error:
        progress.say(f"{label(task_id)}: could not stop the agent: {error}")
        return False
    return True


def _make_gone_error(last: BackendUnreachableError) -> BackendUnreachableError:
    message = (
        f"The backend has not answered for {SILENT_SECONDS:g} s, so the wait ends here: {last} "
        "The agents may go on: collect again with the same ids when it is back."
    )
    error = BackendUnreachableError(message)
    error.__cause__ = last
    return error
