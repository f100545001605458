"""The engine's dealings with one running server: hand tasks over, watch them, keep their work."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from openhands_testgen.backends.budget import find_overspending
from openhands_testgen.backends.conversation import render_request
from openhands_testgen.backends.watch import ConversationWatch
from openhands_testgen.clients.git import commit_base
from openhands_testgen.clients.task_folder import LAST_WORDS, TRAJECTORY
from openhands_testgen.domain.task import Conclusion, Status, TaskState
from openhands_testgen.errors import (
    BackendError,
    BackendUnreachableError,
    GenerationError,
    TaskIdError,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from openhands_testgen.clients.agent_server import AgentServerClient
    from openhands_testgen.clients.task_folder import TaskFolder
    from openhands_testgen.domain.ports import Progress
    from openhands_testgen.domain.task import Model

LOST = TaskState(Status.FAILED, Conclusion.LOST, error="The agent server no longer knows the task.")
MAX_MISSED = 2


class ModelSource(Protocol):
    """Turns a model that users name into one that the agent can reach."""

    def resolve(self, model: Model) -> Model:
        """Return the model itself, or an address on this machine that stands for it."""

    def close(self) -> None:
        """Stop what was started for it."""


class Dispatch:
    """Serves tasks through one server."""

    def __init__(self, client: AgentServerClient, models: ModelSource, progress: Progress) -> None:
        """Take the connection."""
        self._client = client
        self._models = models
        self._progress = progress
        self._tasks: dict[str, TaskFolder] = {}
        self._watch = ConversationWatch(client, self._find_model)
        self._stopped: set[str] = set()
        self._overspent: set[str] = set()
        self._missed: Counter[tuple[str, str]] = Counter()

    async def post(self, tasks: Sequence[TaskFolder]) -> None:
        """Hand tasks to the server; one that it has no room for keeps waiting."""
        for task in tasks:
            try:
                await self._post(task)
            except BackendUnreachableError as error:
                self._say(task, f"waits: {error}")
                return
            except GenerationError as error:
                self._say(task, f"cannot be started: {error}")
                task.fail(f"The task could not be handed to the agent server: {error}")

    async def watch(self, tasks: Sequence[TaskFolder], stop: Collection[str]) -> int:
        """Write down where tasks stand, and return how many have ended."""
        if not tasks:
            return 0
        self._tasks = {str(UUID(task.conversation_id)): task for task in tasks}
        for task in tasks:
            if task.conversation_id in stop:
                await self._interrupt(task)
            await self._tell(task)
        states = await self._watch.get_states([task.conversation_id for task in tasks])
        ended = [await self._note(task, states[task.conversation_id]) for task in tasks]
        return sum(ended)

    async def _post(self, task: TaskFolder) -> None:
        order = task.read_order()
        await asyncio.to_thread(commit_base, task.repository)
        model = self._models.resolve(task.read_model())
        info = await self._client.create_conversation(
            render_request(order, str(task.repository), model)
        )
        if info.tags != order.tags:
            message = f"another task runs there under the id {task.conversation_id}"
            raise BackendError(message)
        task.mark_posted()
        self._say(task, "started")

    def _find_model(self, key: str) -> Model | None:
        task = self._tasks[key]
        return None if task.is_cancelled else task.read_model()

    async def _tell(self, task: TaskFolder) -> None:
        for name, text in task.read_messages().items():
            await self._watch.tell(task.conversation_id, text)
            task.mark_sent(name)
            self._say(task, "was given another message")

    async def _interrupt(self, task: TaskFolder) -> None:
        if task.conversation_id not in self._stopped:
            await self._client.interrupt(str(UUID(task.conversation_id)))
            self._stopped.add(task.conversation_id)
            self._say(task, "interrupted")

    async def _note(self, task: TaskFolder, answer: TaskState | GenerationError) -> bool:
        """Write a state down if it is new, its work first; return whether it is the last one."""
        if isinstance(answer, TaskIdError):
            answer = LOST
        if isinstance(answer, GenerationError):
            raise answer
        if answer.conclusion is Conclusion.CANCELLED and not self._is_to_be_stopped(task):
            answer = await self._resume(task, answer)
        state = await self._check_budget(task, answer)
        before = task.read_state()
        if before is not None and before.state == state:
            return False
        if state.status.is_final:
            await self._keep_work(task)
            task.forget_key()
        if before is None or before.state.status is not state.status:
            self._say(task, state.status.value)
        task.write_state(state)
        return state.status.is_final

    def _is_to_be_stopped(self, task: TaskFolder) -> bool:
        return task.is_cancelled or str(UUID(task.conversation_id)) in self._overspent

    async def _resume(self, task: TaskFolder, state: TaskState) -> TaskState:
        """Let an agent go on that nobody wanted stopped: its server was asked to end."""
        await self._client.run(str(UUID(task.conversation_id)))
        return state.go_on()

    async def _check_budget(self, task: TaskFolder, state: TaskState) -> TaskState:
        """Stop an agent that has spent more than it may."""
        problem = find_overspending(task.read_order().limits, state)
        if not problem:
            return state
        if not state.status.is_final:
            self._overspent.add(str(UUID(task.conversation_id)))
            await self._client.interrupt(str(UUID(task.conversation_id)))
        return replace(
            state, status=Status.FAILED, conclusion=Conclusion.OVER_BUDGET, error=problem
        )

    async def _keep_work(self, task: TaskFolder) -> None:
        """Fetch the records; a task without them is still a result.

        Raises:
            BackendUnreachableError: the server may have them yet; look again.

        """
        key = str(UUID(task.conversation_id))
        records = {LAST_WORDS: self._get_last_words, TRAJECTORY: self._client.download_trajectory}
        for name, fetch in records.items():
            try:
                task.write_record(name, await fetch(key))
            except GenerationError as error:
                self._missed[key, name] += 1
                is_passing = isinstance(error, BackendUnreachableError)
                if is_passing and self._missed[key, name] < MAX_MISSED:
                    raise
                self._say(task, f"{name} could not be fetched: {error}")

    async def _get_last_words(self, key: str) -> bytes:
        return (await self._client.get_final_response(key)).encode()

    def _say(self, task: TaskFolder, text: str) -> None:
        self._progress.say(f"[{task.conversation_id[:8]}] {text}")
