"""Backend ``embedded``: an OpenHands agent server that the engine runs on this machine.

Everything here reads and writes files of the state folder, so that a submit costs no server and a
status no HTTP; the engine, a process of its own, does the rest.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from openhands_testgen.clients.task_folder import LAST_WORDS, QUEUED, TRAJECTORY
from openhands_testgen.domain.task import Receipt, TaskState, Work
from openhands_testgen.errors import BackendError, ConfigurationError, TaskIdError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openhands_testgen.clients.state_folder import StateFolder
    from openhands_testgen.clients.task_folder import TaskFolder
    from openhands_testgen.domain.ports import Clock
    from openhands_testgen.domain.task import Order
    from openhands_testgen.domain.task_id import TaskId
    from openhands_testgen.errors import GenerationError

REFERENCE = "e"
CANCEL_SECONDS = 5.0
CANCEL_LOOK_SECONDS = 0.1


class StartEngine(Protocol):
    """Starts an engine process for a state folder, detached, and returns at once."""

    def __call__(self) -> None:
        """Start it."""


class EmbeddedBackend:
    """Runs tasks on this machine."""

    name = "embedded"

    def __init__(self, folder: StateFolder, start_engine: StartEngine, clock: Clock) -> None:
        """Take the state folder and what starts an engine."""
        self._folder = folder
        self._start_engine = start_engine
        self._clock = clock

    async def submit(self, order: Order) -> Receipt:
        """Write the order down, and start an engine if none lives."""
        self._folder.prepare()
        engine_id = self._folder.read_engine_id()
        try:
            await asyncio.to_thread(self._folder.add, order)
        except OSError as exc:
            message = (
                f"the project could not be copied for the agent ({exc}); is there room in "
                f"{self._folder.root}, and do no files come and go meanwhile?"
            )
            raise ConfigurationError(message, field="working-directory") from exc
        self._ensure_engine()
        return Receipt(reference={REFERENCE: engine_id})

    async def get_states(
        self, task_ids: Sequence[TaskId]
    ) -> Mapping[str, TaskState | GenerationError]:
        """Read what the engine wrote; start another engine where one died over its work."""
        states = {one.conversation_id: self._read(one) for one in task_ids}
        if QUEUED in states.values():
            states = self._place_in_line(states)
        if any(isinstance(one, TaskState) and not one.status.is_final for one in states.values()):
            self._ensure_engine()
        return states

    async def get_work(self, task_id: TaskId) -> Work:
        """Read the changed files of a task that ended."""
        task = self._find(task_id)
        return Work(
            files=await asyncio.to_thread(task.list_changes, task_id.output_path),
            records={TRAJECTORY: content} if (content := task.read_record(TRAJECTORY)) else {},
            final_message=task.read_record(LAST_WORDS).decode("utf-8", "replace"),
        )

    async def tell(self, task_id: TaskId, message: str) -> None:
        """Leave a message for the engine to deliver."""
        if self._find(task_id).leave_message(message):
            self._ensure_engine()

    async def cancel(self, task_id: TaskId) -> None:
        """Ask the engine to stop the agent, and wait for its word.

        Raises:
            BackendError: the engine did not confirm it in time.

        """
        task = self._find(task_id)
        with self._folder.door():
            if self._read(task_id) == QUEUED and not self._folder.is_engine_alive():
                task.drop()
            task.mark_cancelled()
        deadline = self._clock.monotonic() + CANCEL_SECONDS
        while self._clock.monotonic() < deadline:
            state = self._read(task_id)
            if not isinstance(state, TaskState) or state.status.is_final:
                return
            await self._clock.sleep(CANCEL_LOOK_SECONDS)
        message = f"The engine did not confirm within {CANCEL_SECONDS:g} s that the agent stopped."
        raise BackendError(message)

    async def aclose(self) -> None:
        """Hold nothing."""

    def _ensure_engine(self) -> None:
        with self._folder.door():
            if not self._folder.is_engine_alive():
                self._start_engine()

    def _read(self, task_id: TaskId) -> TaskState | GenerationError:
        try:
            stored = self._find(task_id).read_state()
        except (TaskIdError, BackendError) as error:
            return error
        if stored is None:
            return QUEUED
        if stored.failure:
            return BackendError(stored.failure)
        return replace(stored.state)

    def _place_in_line(
        self, states: Mapping[str, TaskState | GenerationError]
    ) -> dict[str, TaskState | GenerationError]:
        """Say of the tasks that wait how many older ones have not ended: the line moves by that."""
        line = [task.conversation_id for task in self._folder.list_tasks() if not task.is_over]
        placed = dict(states)
        for place, key in enumerate(line):
            if place and states.get(key) == QUEUED:
                placed[key] = replace(QUEUED, step=f"{place} unfinished before it in line")
        return placed

    def _find(self, task_id: TaskId) -> TaskFolder:
        folder = self._folder
        is_here = (folder.root / "id").exists()
        if not is_here or folder.read_engine_id() != task_id.reference.get(REFERENCE):
            message = (
                "This task ran in the embedded engine of another machine or job, which is gone or "
                f"not here (looked in {folder.root}). Jobs on hosted runners are different "
                "machines: collect in the job that submitted, or use an agent server "
                "(`server-url`); on one machine give both the same `state-dir`."
            )
            raise TaskIdError(message)
        task = folder.find(task_id.conversation_id)
        if task is None:
            message = f"The embedded engine has no such task (any more) in {folder.root}."
            raise TaskIdError(message)
        return task
