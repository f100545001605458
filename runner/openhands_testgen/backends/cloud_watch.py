"""Watching tasks on OpenHands Cloud: where they stand, whether they keep to their limits."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from openhands_testgen.backends.budget import find_overrun, find_overspending
from openhands_testgen.backends.cloud_lookup import UNKNOWN, find_tasks
from openhands_testgen.backends.cloud_records import (
    is_stopped_by_us,
    read_conversation,
    read_start,
    to_utc,
)
from openhands_testgen.backends.conversation import ACTION_EVENT, ERROR_EVENT
from openhands_testgen.backends.watch import LOOKS_AFTER_TELLING
from openhands_testgen.domain.task import Conclusion, Status, TaskState
from openhands_testgen.errors import GenerationError, TaskIdError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openhands_testgen.backends.cloud_control import CloudControl
    from openhands_testgen.backends.cloud_lookup import Watched
    from openhands_testgen.backends.cloud_sandboxes import Sandboxes
    from openhands_testgen.clients.agent_server import Event
    from openhands_testgen.clients.cloud import CloudClient
    from openhands_testgen.clients.cloud_answers import Conversation
    from openhands_testgen.domain.ports import Clock
    from openhands_testgen.domain.task_id import TaskId

# An agent whose record does not move may work all the same: its steps are counted this often.
GLIMPSE_SECONDS = 30.0
MOVED_SECONDS = 2.0
SECONDS_A_GLIMPSE = 1.0
WAKING_SECONDS = 90.0
MAX_QUESTIONS_AT_ONCE = 4
FINISH = "FinishAction"
_STOPPED = TaskState(
    Status.FAILED, Conclusion.CANCELLED, error="The agent was stopped before it had finished."
)


@dataclass(frozen=True, slots=True)
class _Glimpse:
    """The newest step of a conversation, and the moment to which it belongs."""

    moment: tuple[str | None, str | None]
    seconds: float
    events: tuple[Event, ...] = ()
    steps: int = 0
    step: str = ""


class CloudWatch:
    """Tells where tasks stand; wakes sandboxes that the service put to sleep, once each."""

    def __init__(
        self, client: CloudClient, sandboxes: Sandboxes, control: CloudControl, clock: Clock
    ) -> None:
        """Take the connections."""
        self._client = client
        self._sandboxes = sandboxes
        self._control = control
        self._clock = clock
        self._glimpses: dict[str, _Glimpse] = {}
        self._watched = 1
        self._woken: dict[str, float] = {}
        self._went_on: set[str] = set()
        self._told: Counter[str] = Counter()
        self._steps_before: Counter[str] = Counter()
        self._room = asyncio.Semaphore(MAX_QUESTIONS_AT_ONCE)

    async def get_states(
        self, task_ids: Sequence[TaskId]
    ) -> Mapping[str, TaskState | GenerationError]:
        """Return one state for every task: one request for all, one more for those that start.

        What else is asked concerns tasks that moved, and does not fail the look.
        """
        self._watched = len(task_ids)
        found = await find_tasks(self._client, task_ids)
        answers = await asyncio.gather(*(self._read(found[i.conversation_id]) for i in task_ids))
        return {one.conversation_id: answer for one, answer in zip(task_ids, answers, strict=True)}

    async def tell(self, conversation: Conversation, message: str) -> None:
        """Give an agent another message, once, through its sandbox or through the service.

        Its steps are counted anew from here.
        """
        self._steps_before[conversation.id] = (await self._glimpse(conversation)).steps
        await self._control.tell(conversation, message)
        self._told[conversation.id] = LOOKS_AFTER_TELLING

    async def _read(self, watched: Watched | None) -> TaskState | GenerationError:
        if watched is None:
            return TaskIdError(UNKNOWN)
        if watched.conversation is None:
            return read_start(watched.start) if watched.start else TaskIdError(UNKNOWN)
        async with self._room:
            if watched.conversation.sandbox_status == "PAUSED":
                state = await self._read_paused(watched.conversation)
            else:
                state = await self._read_awake(watched.conversation)
            return await self._keep_to_limits(watched, state)

    async def _read_awake(self, conversation: Conversation) -> TaskState:
        key = conversation.id
        state = await self._describe(conversation)
        if key in self._woken and conversation.execution_status:
            self._went_on.add(key)
        if not state.status.is_final:
            self._told.pop(key, None)
            return state
        if state.conclusion is Conclusion.LOST:
            return state
        told = await self._sandboxes.look(conversation)
        if told is not None:
            state = replace(told, cost_usd=told.cost_usd or state.cost_usd)
        elif self._told[key] > 0:
            self._told[key] -= 1  # one that was told to go on may show its former end for a while
            return state.go_on()
        elif conversation.execution_status == "error":
            state = await self._explain(conversation, state)
        if state.conclusion is Conclusion.CANCELLED and self._must_go_on(conversation):
            return await self._run(conversation, state)
        return state

    async def _read_paused(self, conversation: Conversation) -> TaskState:
        """Read what is known of an agent in a sleeping sandbox; wake it if it had not finished."""
        state = await self._describe(conversation)
        for event in self._glimpses[conversation.id].events:
            if event.action is not None and event.action.kind == FINISH:
                ended = to_utc(event.timestamp or conversation.updated_at)
                return replace(state, status=Status.COMPLETED, completed_at=ended)
        if is_stopped_by_us(conversation):
            return replace(_STOPPED, cost_usd=state.cost_usd, steps=state.steps)
        return await self._wake(conversation, state)

    async def _wake(self, conversation: Conversation, state: TaskState) -> TaskState:
        key, now = conversation.id, self._clock.monotonic()
        if key not in self._woken:
            self._woken[key] = now
            try:
                await self._client.resume_sandbox(conversation.sandbox_id)
            except TaskIdError:
                return _lose(state, "OpenHands put the sandbox to sleep, and it is gone.")
        elif key in self._went_on or now - self._woken[key] > WAKING_SECONDS:
            return _lose(
                state,
                "OpenHands put the sandbox to sleep again after it was woken once: it runs only so "
                "many at a time. Submit again, fewer modules at once.",
            )
        return replace(state, step="OpenHands put the sandbox to sleep; it is woken")

    def _must_go_on(self, conversation: Conversation) -> bool:
        """Whether an agent stands still only because its sandbox slept."""
        return conversation.id in self._woken and not is_stopped_by_us(conversation)

    async def _run(self, conversation: Conversation, state: TaskState) -> TaskState:
        client = self._sandboxes.reach(conversation)
        if client is None:
            return state
        try:
            await client.run(str(uuid.UUID(conversation.id)))
        except GenerationError as error:
            self._sandboxes.note(conversation, error)
            return state
        return state.go_on("goes on after its sandbox slept")

    async def _describe(self, conversation: Conversation) -> TaskState:
        glimpse = await self._glimpse(conversation)
        state = read_conversation(conversation, glimpse.events, glimpse.steps)
        return replace(state, step=state.step or glimpse.step)

    async def _explain(self, conversation: Conversation, state: TaskState) -> TaskState:
        """Find the reason of an error among what the service has heard."""
        try:
            events = await self._client.get_newest_events(conversation.id, ERROR_EVENT)
        except GenerationError:
            return state
        told = read_conversation(conversation, events, state.steps)
        return replace(told, step=state.step)

    async def _glimpse(self, conversation: Conversation) -> _Glimpse:
        """Look at the newest step, but only where the conversation has moved, or after a while."""
        key, now = conversation.id, self._clock.monotonic()
        moment = (conversation.updated_at, conversation.execution_status)
        before = self._glimpses.get(key, _Glimpse((None, None), float("-inf")))
        if before.moment[1] == moment[1] and now - before.seconds < choose_glimpse_seconds(
            self._watched, has_moved=before.moment != moment
        ):
            return before
        try:
            events = await self._client.get_newest_events(key, ACTION_EVENT)
            steps = await self._client.get_event_count(key, ACTION_EVENT) if events else 0
        except GenerationError:
            glimpse = replace(before, seconds=now)
        else:
            glimpse = _Glimpse(moment, now, tuple(events), steps)
            # A service that hears nothing of its sandboxes would let an agent go on for ever.
            told = None if events else await self._sandboxes.look(conversation)
            glimpse = replace(glimpse, steps=told.steps, step=told.step) if told else glimpse
        self._glimpses[key] = glimpse
        return glimpse

    async def _keep_to_limits(self, watched: Watched, state: TaskState) -> TaskState:
        """Stop an agent that has spent more than it may: nobody else does."""
        limits = watched.reference.limits
        before = self._steps_before[watched.task_id.conversation_id]
        problem = find_overspending(limits, state) or find_overrun(
            limits, replace(state, steps=state.steps - before)
        )
        if not problem or state.conclusion is Conclusion.LOST:
            return state
        if not state.status.is_final:
            await self._control.stop(watched)
        return replace(
            state, status=Status.FAILED, conclusion=Conclusion.OVER_BUDGET, error=problem
        )


def choose_glimpse_seconds(watched: int, *, has_moved: bool) -> float:
    """Choose how old a look at a task's steps may be: the more tasks, the older.

    So all looks together cost the service some two requests a second, however many tasks there
    are. Working agents move all the time.
    """
    often = max(MOVED_SECONDS, watched * SECONDS_A_GLIMPSE)
    return often if has_moved else max(often, GLIMPSE_SECONDS)


def _lose(state: TaskState, reason: str) -> TaskState:
    return replace(state, status=Status.FAILED, conclusion=Conclusion.LOST, error=reason)
